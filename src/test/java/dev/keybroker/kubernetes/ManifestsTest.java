package dev.keybroker.kubernetes;

import static java.util.stream.Collectors.toSet;
import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.SecurityContext;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.ServicePort;
import io.fabric8.kubernetes.api.model.Volume;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPort;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.eclipse.microprofile.config.Config;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What Kustomize makes of each overlay, and of the base with each component, is an object that
/// Kubernetes knows and a pod that its restricted standard admits; what belongs together, agrees.
class ManifestsTest {
  /// Beside the probes' rest: the audit's last records, wiping, a slow node.
  private static final Duration MARGIN = Duration.ofSeconds(10);

  private static final Set<String> RECOMMENDED_LABELS =
      Set.of("app.kubernetes.io/part-of", "app.kubernetes.io/name", "app.kubernetes.io/component");

  /// What an operator makes in the cluster (k8s/README.md).
  private static final Set<String> GIVEN = Set.of("rds-ca");

  static Stream<Overlay> all() throws IOException {
    List<Overlay> overlays = new ArrayList<>();
    for (Path folder : Kustomize.overlays().toList()) {
      overlays.add(Overlay.of(folder.toString(), Kustomize.render(folder)));
    }
    for (Path component : Kustomize.components().toList()) {
      overlays.add(Overlay.of("base with " + component, Kustomize.renderWith(component)));
    }
    return overlays.stream();
  }

  /// Those that run brokers.
  static Stream<Overlay> deployments() throws IOException {
    return all().filter(it -> !it.all(Deployment.class).isEmpty());
  }

  /// Those that are applied to a cluster as they are.
  static Stream<Overlay> applied() throws IOException {
    return deployments().filter(it -> it.name().startsWith("k8s/overlays"));
  }

  @Test
  void overlays_ofTheRepository_areThoseOfTheReadme() throws IOException {
    assertEquals(
        Set.of("k8s/overlays/dev", "k8s/overlays/eks/irsa", "k8s/overlays/eks/pod-identity"),
        applied().map(Overlay::name).collect(toSet()));
  }

  @ParameterizedTest
  @MethodSource("deployments")
  void pods_meetTheRestrictedStandard(Overlay overlay) {
    assertFalse(overlay.podTemplates().isEmpty());
    for (PodTemplateSpec template : overlay.podTemplates()) {
      PodSpec pod = template.getSpec();
      assertEquals(false, pod.getAutomountServiceAccountToken());
      assertNull(pod.getHostNetwork());
      assertNull(pod.getHostPID());
      assertNull(pod.getHostIPC());
      assertEquals(true, pod.getSecurityContext().getRunAsNonRoot());
      assertTrue(pod.getSecurityContext().getRunAsUser() > 0);
      assertEquals("RuntimeDefault", pod.getSecurityContext().getSeccompProfile().getType());
      for (Volume volume : pod.getVolumes()) {
        assertTrue(
            volume.getConfigMap() != null
                || volume.getSecret() != null
                || (volume.getEmptyDir() != null && volume.getEmptyDir().getSizeLimit() != null),
            volume::toString);
      }
      for (Container container : containers(pod)) {
        SecurityContext context = container.getSecurityContext();
        assertEquals(false, context.getAllowPrivilegeEscalation());
        assertEquals(true, context.getReadOnlyRootFilesystem());
        assertNull(context.getPrivileged());
        assertNull(context.getRunAsUser());
        assertNull(context.getSeccompProfile());
        assertEquals(List.of("ALL"), context.getCapabilities().getDrop());
        assertTrue(context.getCapabilities().getAdd().isEmpty());
        container.getPorts().forEach(port -> assertNull(port.getHostPort()));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("deployments")
  void containers_haveRequestsWithinLimits(Overlay overlay) {
    for (PodTemplateSpec template : overlay.podTemplates()) {
      for (Container container : containers(template.getSpec())) {
        for (String resource : List.of("cpu", "memory")) {
          Quantity request = container.getResources().getRequests().get(resource);
          Quantity limit = container.getResources().getLimits().get(resource);
          assertNotNull(request, container.getName() + " " + resource);
          assertNotNull(limit, container.getName() + " " + resource);
          assertTrue(request.getNumericalAmount().compareTo(limit.getNumericalAmount()) <= 0);
        }
        assertEquals(
            container.getResources().getRequests().get("memory"),
            container.getResources().getLimits().get("memory"),
            "memory that is not reserved is taken away under pressure");
      }
    }
  }

  @ParameterizedTest
  @MethodSource("deployments")
  void containers_ofEveryPod_areProbed(Overlay overlay) {
    for (PodTemplateSpec template : overlay.podTemplates()) {
      for (Container container : template.getSpec().getContainers()) {
        assertNotNull(container.getReadinessProbe(), container.getName());
        assertNotNull(container.getLivenessProbe(), container.getName());
      }
    }
    Container broker = brokerContainer(overlay);
    assertProbe("/q/health/started", broker.getStartupProbe());
    assertProbe("/q/health/ready", broker.getReadinessProbe());
    assertProbe("/q/health/live", broker.getLivenessProbe());
    assertTrue(
        broker.getLivenessProbe().getPeriodSeconds()
                * broker.getLivenessProbe().getFailureThreshold()
            >= 30,
        "a slow broker is not dead");
  }

  private static void assertProbe(String path, Probe probe) {
    assertEquals(path, probe.getHttpGet().getPath());
    assertEquals("management", probe.getHttpGet().getPort().getStrVal());
  }

  @ParameterizedTest
  @MethodSource("deployments")
  void gracePeriod_hasRoomForPreStopAndDrain(Overlay overlay) {
    PodSpec pod = overlay.broker().getSpec().getTemplate().getSpec();
    Duration preStop =
        Duration.ofSeconds(
            brokerContainer(overlay).getLifecycle().getPreStop().getSleep().getSeconds());
    Config config = Settings.of(overlay);
    Duration drain =
        config
            .getValue("keybroker.shutdown.delay", Duration.class)
            .plus(config.getValue("keybroker.shutdown.grace", Duration.class));

    assertTrue(preStop.compareTo(Duration.ofSeconds(5)) >= 0);
    assertTrue(drain.compareTo(Duration.ofSeconds(10)) >= 0);
    assertTrue(
        pod.getTerminationGracePeriodSeconds() >= preStop.plus(drain).plus(MARGIN).toSeconds());
  }

  @ParameterizedTest
  @MethodSource("deployments")
  void disruptionBudget_leavesReplicasAndLetsNodesDrain(Overlay overlay) {
    HorizontalPodAutoscaler hpa = overlay.one(HorizontalPodAutoscaler.class, "keybroker");
    PodDisruptionBudget budget = overlay.one(PodDisruptionBudget.class, "keybroker");
    IntOrString unavailable = budget.getSpec().getMaxUnavailable();

    assertNull(budget.getSpec().getMinAvailable());
    assertTrue(unavailable.getIntVal() >= 1, "a budget of 0 blocks every drain");
    assertTrue(unavailable.getIntVal() < hpa.getSpec().getMinReplicas());
  }

  @ParameterizedTest
  @MethodSource("deployments")
  void autoscaler_isUpFastAndDownSlowly(Overlay overlay) {
    var hpa = overlay.one(HorizontalPodAutoscaler.class, "keybroker").getSpec();

    assertTrue(hpa.getMinReplicas() >= 2);
    assertTrue(hpa.getMaxReplicas() > hpa.getMinReplicas());
    assertEquals("Deployment", hpa.getScaleTargetRef().getKind());
    assertEquals("apps/v1", hpa.getScaleTargetRef().getApiVersion());
    assertEquals(overlay.broker().getMetadata().getName(), hpa.getScaleTargetRef().getName());
    assertNull(overlay.broker().getSpec().getReplicas(), "an apply would set the replicas back");
    var cpu = hpa.getMetrics().getFirst().getContainerResource();
    assertEquals("cpu", cpu.getName(), "CPU first");
    assertEquals(brokerContainer(overlay).getName(), cpu.getContainer());
    assertEquals(0, hpa.getBehavior().getScaleUp().getStabilizationWindowSeconds());
    assertEquals("Max", hpa.getBehavior().getScaleUp().getSelectPolicy());
    assertTrue(hpa.getBehavior().getScaleDown().getStabilizationWindowSeconds() >= 300);
    assertEquals("Min", hpa.getBehavior().getScaleDown().getSelectPolicy());
  }

  @ParameterizedTest
  @MethodSource("deployments")
  void rollout_takesNoCapacityAway_andWaitsUntilClientsHaveFoundTheNewPod(Overlay overlay) {
    var strategy = overlay.broker().getSpec().getStrategy();

    assertEquals("RollingUpdate", strategy.getType());
    assertEquals(0, strategy.getRollingUpdate().getMaxUnavailable().getIntVal());
    assertTrue(overlay.broker().getSpec().getMinReadySeconds() >= 60);
  }

  @ParameterizedTest
  @MethodSource("deployments")
  void selectors_matchExactlyTheirPods(Overlay overlay) {
    Map<String, String> broker = overlay.broker().getSpec().getTemplate().getMetadata().getLabels();
    assertSelects(overlay.broker().getSpec().getSelector().getMatchLabels(), broker);
    assertSelects(
        overlay
            .one(PodDisruptionBudget.class, "keybroker")
            .getSpec()
            .getSelector()
            .getMatchLabels(),
        broker);
    assertSelects(
        overlay.one(NetworkPolicy.class, "keybroker").getSpec().getPodSelector().getMatchLabels(),
        broker);
    overlay
        .broker()
        .getSpec()
        .getTemplate()
        .getSpec()
        .getTopologySpreadConstraints()
        .forEach(it -> assertSelects(it.getLabelSelector().getMatchLabels(), broker));
    for (Service service : overlay.all(Service.class)) {
      assertEquals(1, selected(overlay, service.getSpec().getSelector()).size(), service::toString);
    }
    for (NetworkPolicy policy : overlay.all(NetworkPolicy.class)) {
      Map<String, String> labels = policy.getSpec().getPodSelector().getMatchLabels();
      if (labels != null && !labels.isEmpty()) {
        assertEquals(1, selected(overlay, labels).size(), policy::toString);
      }
    }
  }

  private static void assertSelects(Map<String, String> selector, Map<String, String> labels) {
    assertFalse(selector.isEmpty(), "selects every pod of the namespace");
    assertTrue(labels.entrySet().containsAll(selector.entrySet()), selector + " of " + labels);
  }

  private static List<PodTemplateSpec> selected(Overlay overlay, Map<String, String> selector) {
    return overlay.podTemplates().stream()
        .filter(it -> it.getMetadata().getLabels().entrySet().containsAll(selector.entrySet()))
        .toList();
  }

  @ParameterizedTest
  @MethodSource("deployments")
  void ports_areThoseOfTheApplication(Overlay overlay) {
    Config config = Settings.of(overlay);
    Map<String, Integer> ports = ports(brokerContainer(overlay));

    assertEquals(
        Map.of(
            "grpc",
            config.getValue("quarkus.grpc.server.port", Integer.class),
            "management",
            config.getValue("quarkus.management.port", Integer.class)),
        ports);
    assertEquals("0.0.0.0", config.getValue("quarkus.grpc.server.host", String.class));
    assertEquals("0.0.0.0", config.getValue("quarkus.management.host", String.class));
    for (Service service : overlay.all(Service.class)) {
      PodTemplateSpec pod = selected(overlay, service.getSpec().getSelector()).getFirst();
      for (ServicePort port : service.getSpec().getPorts()) {
        assertEquals(
            port.getPort(),
            ports(pod.getSpec().getContainers().getFirst()).get(port.getTargetPort().getStrVal()),
            service::toString);
      }
    }
    Service headless = overlay.one(Service.class, "keybroker-headless");
    assertEquals("None", headless.getSpec().getClusterIP());
    assertNull(overlay.one(Service.class, "keybroker").getSpec().getClusterIP());
  }

  @ParameterizedTest
  @MethodSource("deployments")
  void networkPolicy_opensThePortsOfTheBrokerAndNoOther(Overlay overlay) {
    NetworkPolicy policy = overlay.one(NetworkPolicy.class, "keybroker");
    Set<String> open = new HashSet<>();
    policy
        .getSpec()
        .getIngress()
        .forEach(
            rule -> {
              assertFalse(rule.getFrom().isEmpty(), "open to everybody");
              rule.getPorts().forEach(port -> open.add(port.getPort().getStrVal()));
            });

    assertEquals(ports(brokerContainer(overlay)).keySet(), open);
    assertEquals(Set.of("Ingress", "Egress"), Set.copyOf(policy.getSpec().getPolicyTypes()));
    policy
        .getSpec()
        .getEgress()
        .forEach(
            rule -> rule.getPorts().forEach(port -> assertEquals(53, port.getPort().getIntVal())));
  }

  @ParameterizedTest
  @MethodSource("applied")
  void networkPolicies_openTheWayToEveryServiceOfTheSettings(Overlay overlay) {
    Set<Integer> open = new HashSet<>();
    for (NetworkPolicy policy : overlay.all(NetworkPolicy.class)) {
      Map<String, String> labels = policy.getSpec().getPodSelector().getMatchLabels();
      if (labels != null && "broker".equals(labels.get("app.kubernetes.io/component"))) {
        policy.getSpec().getEgress().stream()
            .flatMap(rule -> rule.getPorts().stream())
            .map(NetworkPolicyPort::getPort)
            .forEach(port -> open.add(port.getIntVal()));
      }
    }
    Set<Integer> needed = Settings.portsOfServices(overlay);

    assertTrue(open.containsAll(needed), () -> needed + " of " + open);
  }

  @ParameterizedTest
  @MethodSource("applied")
  void references_leadToObjects(Overlay overlay) {
    Set<String> secrets = new HashSet<>();
    overlay.all(Secret.class).forEach(it -> secrets.add(it.getMetadata().getName()));
    overlay.all(ExternalSecret.class).forEach(it -> secrets.add(it.spec().target().name()));
    overlay.all(Certificate.class).forEach(it -> secrets.add(it.spec().secretName()));
    Set<String> configMaps = new HashSet<>(GIVEN);
    overlay.all(ConfigMap.class).forEach(it -> configMaps.add(it.getMetadata().getName()));

    for (PodTemplateSpec template : overlay.podTemplates()) {
      for (Volume volume : template.getSpec().getVolumes()) {
        if (volume.getSecret() != null) {
          assertTrue(secrets.contains(volume.getSecret().getSecretName()), volume::toString);
        }
        if (volume.getConfigMap() != null) {
          assertTrue(configMaps.contains(volume.getConfigMap().getName()), volume::toString);
        }
      }
    }
    overlay.one(
        ServiceAccount.class,
        overlay.broker().getSpec().getTemplate().getSpec().getServiceAccountName());
  }

  @ParameterizedTest
  @MethodSource("applied")
  void namespace_enforcesTheRestrictedStandard(Overlay overlay) {
    List<Namespace> namespaces = overlay.all(Namespace.class);
    assertEquals(1, namespaces.size());
    assertEquals(
        "restricted",
        namespaces.getFirst().getMetadata().getLabels().get("pod-security.kubernetes.io/enforce"));
  }

  @ParameterizedTest
  @MethodSource("deployments")
  void objects_haveTheRecommendedLabels(Overlay overlay) {
    for (PodTemplateSpec template : overlay.podTemplates()) {
      assertTrue(template.getMetadata().getLabels().keySet().containsAll(RECOMMENDED_LABELS));
    }
    for (Object object : overlay.objects()) {
      if (object instanceof HasMetadata named
          && !(object instanceof Namespace)
          && !(object instanceof Secret)) {
        assertEquals(
            "keybroker",
            named.getMetadata().getLabels().get("app.kubernetes.io/part-of"),
            () -> named.getKind() + " " + named.getMetadata().getName());
      }
    }
  }

  @ParameterizedTest
  @MethodSource("applied")
  void secrets_areInTheRepositoryForDevAlone(Overlay overlay) {
    assertEquals(overlay.name().equals("k8s/overlays/dev"), !overlay.all(Secret.class).isEmpty());
  }

  @Test
  void identities_ofTheEksVariants_areApart() {
    assertAll(
        () -> {
          Overlay irsa = eks("irsa");
          assertTrue(
              irsa.one(ServiceAccount.class, "keybroker")
                  .getMetadata()
                  .getAnnotations()
                  .get("eks.amazonaws.com/role-arn")
                  .startsWith("arn:aws:iam::"));
          assertFalse(opens(irsa, "169.254.170.23/32"));
        },
        () -> {
          Overlay podIdentity = eks("pod-identity");
          assertTrue(
              podIdentity
                  .one(ServiceAccount.class, "keybroker")
                  .getMetadata()
                  .getAnnotations()
                  .isEmpty());
          assertTrue(opens(podIdentity, "169.254.170.23/32"));
        });
  }

  @Test
  void nodesIdentity_ofEks_isOutOfReach() {
    for (String variant : List.of("irsa", "pod-identity")) {
      Overlay overlay = eks(variant);
      assertFalse(opens(overlay, "169.254.169.254/32"));
      overlay.all(NetworkPolicy.class).stream()
          .flatMap(policy -> policy.getSpec().getEgress().stream())
          .flatMap(rule -> rule.getTo().stream())
          .filter(to -> to.getIpBlock() != null && to.getIpBlock().getCidr().equals("0.0.0.0/0"))
          .forEach(to -> assertEquals(List.of("169.254.0.0/16"), to.getIpBlock().getExcept()));
    }
  }

  @Test
  void replicas_onEks_areSpreadOverZones() {
    for (String variant : List.of("irsa", "pod-identity")) {
      assertTrue(
          eks(variant)
              .broker()
              .getSpec()
              .getTemplate()
              .getSpec()
              .getTopologySpreadConstraints()
              .stream()
              .anyMatch(
                  it ->
                      it.getTopologyKey().equals("topology.kubernetes.io/zone")
                          && it.getWhenUnsatisfiable().equals("DoNotSchedule")));
    }
  }

  private static Overlay eks(String variant) {
    Path folder = Kustomize.ROOT.resolve("overlays/eks").resolve(variant);
    try {
      return Overlay.of(folder.toString(), Kustomize.render(folder));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean opens(Overlay overlay, String cidr) {
    return overlay.all(NetworkPolicy.class).stream()
        .flatMap(policy -> policy.getSpec().getEgress().stream())
        .flatMap(rule -> rule.getTo().stream())
        .anyMatch(to -> to.getIpBlock() != null && to.getIpBlock().getCidr().equals(cidr));
  }

  private static Container brokerContainer(Overlay overlay) {
    return overlay.broker().getSpec().getTemplate().getSpec().getContainers().getFirst();
  }

  private static List<Container> containers(PodSpec pod) {
    return Stream.concat(pod.getInitContainers().stream(), pod.getContainers().stream()).toList();
  }

  private static Map<String, Integer> ports(Container container) {
    return container.getPorts().stream()
        .collect(
            java.util.stream.Collectors.toMap(
                ContainerPort::getName, ContainerPort::getContainerPort));
  }
}
