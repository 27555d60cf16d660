package dev.keybroker.kubernetes;

import static java.util.stream.Collectors.toSet;
import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyEgressRule;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPort;
import io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
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

  /// Kubernetes puts it into every namespace.
  private static final String OF_KUBERNETES = "kube-root-ca.crt";

  /// What an operator supplies in the cluster (k8s/README.md), with its keys.
  private static final Map<String, Map<String, String>> GIVEN_CONFIG_MAPS =
      Map.of(
          "rds-ca",
          Map.of("bundle.pem", ""),
          "redis-ca",
          Map.of("bundle.pem", ""),
          "keybroker-callers",
          Map.of("ca.crt", ""),
          OF_KUBERNETES,
          Map.of("ca.crt", ""));

  private static final String SYNC_WAVE = "argocd.argoproj.io/sync-wave";

  private static final Pattern MOUNTED_PATH =
      Pattern.compile("/(?:etc/keybroker|var/run/secrets)/[\\w./-]+");

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

  /// Those that scale by Kubernetes' own autoscaler.
  static Stream<Overlay> autoscaled() throws IOException {
    return deployments().filter(it -> !it.all(HorizontalPodAutoscaler.class).isEmpty());
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
                || volume.getProjected() != null
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
    for (PodTemplateSpec template : overlay.serving()) {
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
  @MethodSource("autoscaled")
  void disruptionBudget_leavesReplicasAndLetsNodesDrain(Overlay overlay) {
    HorizontalPodAutoscaler hpa = overlay.one(HorizontalPodAutoscaler.class, "keybroker");
    PodDisruptionBudget budget = overlay.one(PodDisruptionBudget.class, "keybroker");
    IntOrString unavailable = budget.getSpec().getMaxUnavailable();

    assertNull(budget.getSpec().getMinAvailable());
    assertTrue(unavailable.getIntVal() >= 1, "a budget of 0 blocks every drain");
    assertTrue(unavailable.getIntVal() < hpa.getSpec().getMinReplicas());
  }

  @ParameterizedTest
  @MethodSource("autoscaled")
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
        assertFalse(selected(overlay, labels).isEmpty(), policy::toString);
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
    assertTrue(policy.getSpec().getEgress().isEmpty(), "other policies open ways out");
  }

  /// Brokers and the migration Job find DNS as CoreDNS' pods and as NodeLocal DNSCache; on EKS also
  /// where Auto Mode has it on the node, behind the cluster's DNS address.
  @ParameterizedTest
  @MethodSource("applied")
  void dns_isReachedWhereverTheClusterHasIt(Overlay overlay) {
    Set<String> ways = new HashSet<>();
    for (NetworkPolicy policy : overlay.all(NetworkPolicy.class)) {
      if (!Map.of("app.kubernetes.io/name", "keybroker")
          .equals(policy.getSpec().getPodSelector().getMatchLabels())) {
        continue;
      }
      for (NetworkPolicyEgressRule rule : policy.getSpec().getEgress()) {
        rule.getPorts().forEach(port -> assertEquals(53, port.getPort().getIntVal()));
        rule.getTo()
            .forEach(
                to ->
                    ways.add(
                        to.getIpBlock() != null
                            ? to.getIpBlock().getCidr()
                            : to.getPodSelector().getMatchLabels().get("k8s-app")));
      }
    }

    assertTrue(ways.containsAll(Set.of("kube-dns", "169.254.20.10/32")), ways::toString);
    if (overlay.name().contains("/eks/")) {
      assertTrue(ways.containsAll(Set.of("10.100.0.10/32", "172.20.0.10/32")), ways::toString);
    }
  }

  /// Images are for every platform of their list: what pins one keeps pods off the other nodes.
  @ParameterizedTest
  @MethodSource("deployments")
  void pods_runOnNodesOfAnyArchitecture(Overlay overlay) {
    for (PodTemplateSpec template : overlay.podTemplates()) {
      assertTrue(template.getSpec().getNodeSelector().isEmpty());
      assertNull(template.getSpec().getAffinity());
    }
  }

  /// Brokers follow the migration; Argo CD waits for each wave.
  @Test
  void eks_migratesBeforeBrokersStart_andBrokersChangeNoSchema() {
    for (String variant : List.of("irsa", "pod-identity")) {
      Overlay overlay = eks(variant);
      Job job = overlay.all(Job.class).getFirst();
      assertEquals("Sync", job.metadata().getAnnotations().get("argocd.argoproj.io/hook"));
      assertNull(job.metadata().getAnnotations().get(SYNC_WAVE), "with its settings, wave 0");
      assertEquals("1", overlay.broker().getMetadata().getAnnotations().get(SYNC_WAVE));
      assertEquals(
          "1",
          overlay
              .one(HorizontalPodAutoscaler.class, "keybroker")
              .getMetadata()
              .getAnnotations()
              .get(SYNC_WAVE));
      assertEquals("false", Settings.given(overlay).get("keybroker.postgres.migrate"));
      assertNotEquals(
          overlay.broker().getSpec().getTemplate().getSpec().getServiceAccountName(),
          job.spec().template().getSpec().getServiceAccountName(),
          "the owner of the schema has no keys");
    }
  }

  /// Whatever keeps its name and is read at the start only, rolls the pods by Reloader.
  @Test
  void changedSecrets_ofEks_rollThePods() {
    for (String variant : List.of("irsa", "pod-identity")) {
      Overlay overlay = eks(variant);
      Set<String> readAgain = Set.of("keybroker-tls", "keybroker-callers", "keybroker-access");
      Set<String> rolled = new HashSet<>();
      overlay
          .broker()
          .getMetadata()
          .getAnnotations()
          .forEach(
              (name, value) -> {
                if (name.endsWith("reloader.stakater.com/reload")) {
                  rolled.addAll(List.of(value.split(",", -1)));
                }
              });
      for (Volume volume : overlay.broker().getSpec().getTemplate().getSpec().getVolumes()) {
        String name =
            volume.getSecret() != null
                ? volume.getSecret().getSecretName()
                : volume.getConfigMap() != null ? volume.getConfigMap().getName() : null;
        if (name != null && !readAgain.contains(name) && !name.matches("keybroker-[a-z0-9]{10}")) {
          assertTrue(rolled.remove(name), name);
        }
      }
      assertEquals(Set.of(), rolled);
    }
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

  /// Whatever a pod mounts is in the overlay, or written by a controller for an object in it, or
  /// named in the README with each key that is read.
  @ParameterizedTest
  @MethodSource("applied")
  void references_leadToObjects(Overlay overlay) throws IOException {
    String readme = Files.readString(Kustomize.ROOT.resolve("README.md"));
    GIVEN_CONFIG_MAPS.forEach(
        (name, keys) -> {
          if (!name.equals(OF_KUBERNETES)) {
            assertTrue(readme.contains("`" + name + "`"), name);
            keys.keySet().forEach(key -> assertTrue(readme.contains("`" + key + "`"), key));
          }
        });
    assertTrue(readme.contains("on " + SecuredStores.REDIS_RULES), "the rights of the Redis user");
    PodFiles.Given given = given(overlay);
    given.remote().keySet().forEach(name -> assertTrue(isInReadme(readme, name), name));

    List<PodTemplateSpec> templates = new ArrayList<>();
    overlay.all(Deployment.class).forEach(it -> templates.add(it.getSpec().getTemplate()));
    overlay.all(Job.class).forEach(it -> templates.add(it.spec().template()));
    for (PodTemplateSpec template : templates) {
      for (Container container : containers(template.getSpec())) {
        PodFiles.of(overlay, template.getSpec(), container, given);
      }
      if (template.getSpec().getServiceAccountName() != null) {
        overlay.one(ServiceAccount.class, template.getSpec().getServiceAccountName());
      }
    }
  }

  /// A key of the secret store, and the property of it that is read.
  private static boolean isInReadme(String readme, String name) {
    String[] parts = name.split("/");
    String key = parts[0] + "/" + parts[1];
    return readme.contains("`" + key + "`")
        && (parts.length == 2 || readme.contains("`" + parts[2] + "`"));
  }

  /// A setting that names a file names one that is mounted.
  @ParameterizedTest
  @MethodSource("applied")
  void files_thatSettingsName_areMounted(Overlay overlay) {
    PodSpec pod = overlay.broker().getSpec().getTemplate().getSpec();
    Set<String> mounted =
        PodFiles.of(overlay, pod, brokerContainer(overlay), given(overlay)).keySet();
    Settings.given(overlay)
        .forEach(
            (setting, value) ->
                MOUNTED_PATH
                    .matcher(value)
                    .results()
                    .forEach(
                        path ->
                            assertTrue(
                                mounted.contains(path.group()),
                                () -> setting + "=" + value + " of " + mounted)));
  }

  /// Objects of controllers with nothing in their files: what counts is that they exist.
  private static PodFiles.Given given(Overlay overlay) {
    Map<String, Map<String, String>> secrets = new HashMap<>();
    overlay
        .all(Certificate.class)
        .forEach(
            it ->
                secrets.put(
                    it.spec().secretName(), Map.of("tls.crt", "", "tls.key", "", "ca.crt", "")));
    Map<String, String> remote = new HashMap<>();
    for (ExternalSecret secret : overlay.all(ExternalSecret.class)) {
      for (ExternalSecret.Data data : secret.spec().data()) {
        String property = data.remoteRef().property();
        remote.put(data.remoteRef().key() + (property == null ? "" : "/" + property), "");
      }
    }
    return new PodFiles.Given(GIVEN_CONFIG_MAPS, secrets, remote, "");
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

  /// One way for callers to prove who they are, and a certificate: else the broker does not start.
  @Test
  void callers_ofTheEksVariants_canProveWhoTheyAre() {
    assertAll(
        () -> assertTrue(proofs(eks("irsa")).equals(Set.of("mtls"))),
        () -> assertTrue(proofs(eks("pod-identity")).equals(Set.of("jwt"))));
  }

  private static Set<String> proofs(Overlay overlay) {
    Set<String> settings = Settings.given(overlay).keySet();
    assertTrue(settings.contains("quarkus.tls.keybroker.key-store.pem.0.key"));
    Set<String> proofs = new HashSet<>();
    if (settings.contains("keybroker.mtls.dns-authorities")) {
      proofs.add("mtls");
    }
    if (settings.containsAll(
        Set.of("keybroker.jwt.issuer", "keybroker.jwt.audience", "keybroker.jwt.jwks-url"))) {
      proofs.add("jwt");
    }
    return proofs;
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
