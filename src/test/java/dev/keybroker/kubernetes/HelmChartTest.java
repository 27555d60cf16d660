package dev.keybroker.kubernetes;

import static java.util.stream.Collectors.toSet;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.fabric8.kubernetes.api.model.ServiceAccount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The chart gives what Kustomize gives, and what its values ask for.
class HelmChartTest {
  private static final YAMLMapper YAML = new YAMLMapper();
  private static final Path OVERLAYS = Kustomize.ROOT.resolve("overlays");
  private static final Path COMPONENTS = Kustomize.ROOT.resolve("components");

  /// The base without an overlay, with the images' names of the manifests.
  private static final Map<String, Object> BASE =
      Map.of("platform", "none", "image", Map.of("repository", ""));

  @TempDir Path folder = Path.of("");

  static Stream<Path> overlays() throws IOException {
    return Kustomize.overlays().filter(it -> it.startsWith(OVERLAYS));
  }

  static Stream<Path> components() throws IOException {
    return Kustomize.components().filter(it -> it.startsWith(COMPONENTS));
  }

  /// The values that mean this overlay: its platform and variant, the components that it takes, and
  /// its issuer of tokens.
  private static Map<String, Object> values(Path overlay) throws IOException {
    Map<String, Object> values = new HashMap<>();
    Path variant = OVERLAYS.relativize(overlay);
    values.put("platform", variant.getName(0).toString());
    if (variant.getNameCount() > 1) {
      values.put("eks", Map.of("access", variant.getName(1).toString()));
    } else {
      values.put("image", Map.of("repository", ""));
    }
    Map<String, Boolean> components = new HashMap<>();
    JsonNode kustomization = YAML.readTree(overlay.resolve("kustomization.yaml").toFile());
    for (JsonNode component : kustomization.path("components")) {
      Path taken = overlay.resolve(component.textValue()).normalize();
      if (taken.startsWith(COMPONENTS)) {
        components.put(COMPONENTS.relativize(taken).toString(), true);
      }
    }
    values.put("components", components);
    Map<String, String> settings =
        Settings.given(Overlay.of(overlay.toString(), Kustomize.render(overlay)));
    values.put("jwt", Map.of("issuer", settings.getOrDefault("keybroker.jwt.issuer", "")));
    return values;
  }

  private static Overlay chart(Map<String, ?> values) throws IOException {
    return Overlay.of(values.toString(), HelmChart.render(values));
  }

  private static void assertSame(List<JsonNode> kustomize, List<JsonNode> helm) throws IOException {
    Map<String, String> expected = NormalForm.of(kustomize);
    Map<String, String> actual = NormalForm.of(helm);
    assertEquals(expected.keySet(), actual.keySet());
    expected.forEach((object, text) -> assertEquals(text, actual.get(object), object));
  }

  @Test
  void lint_ofTheChart_findsNothing() {
    var result = HelmChart.lint();

    assertFalse(result.isFailed(), () -> result.getMessages().toString());
  }

  @ParameterizedTest
  @MethodSource("overlays")
  void overlay_byTheChart_isTheOneOfKustomize(Path overlay) throws IOException {
    assertSame(Kustomize.render(overlay), HelmChart.render(values(overlay)));
  }

  @ParameterizedTest
  @MethodSource("components")
  void component_byTheChart_isTheOneOfKustomize(Path component) throws IOException {
    Map<String, Object> values = new HashMap<>(BASE);
    values.put("components", Map.of(COMPONENTS.relativize(component).toString(), true));

    assertSame(Kustomize.renderWith(component), HelmChart.render(values));
  }

  @Test
  void monitoring_byTheChart_isTheOneOfKustomize() throws IOException {
    Map<String, Object> values = new HashMap<>(BASE);
    values.put("monitoring", Map.of("enabled", true));
    List<JsonNode> objects = HelmChart.render(values);
    Set<String> base = NormalForm.of(HelmChart.render(BASE)).keySet();
    objects.removeIf(
        it ->
            base.contains(it.get("kind").textValue() + "/" + it.at("/metadata/name").textValue()));

    assertSame(Kustomize.render(Kustomize.ROOT.resolve("monitoring")), objects);
  }

  @ParameterizedTest
  @MethodSource("components")
  void component_hasAValue(Path component) throws IOException {
    Set<String> values = new HashSet<>();
    YAML.readTree(HelmChart.FOLDER.resolve("values.yaml").toFile())
        .get("components")
        .fieldNames()
        .forEachRemaining(values::add);

    assertTrue(values.contains(COMPONENTS.relativize(component).toString()), values::toString);
  }

  @Test
  void package_ofTheChart_carriesTheManifests() throws IOException {
    assertEquals(
        NormalForm.of(HelmChart.render(Map.of())),
        NormalForm.of(HelmChart.renderPackage(folder, Map.of())));
  }

  @Test
  void values_ofADeployment_areInItsObjects() throws IOException {
    Overlay chart =
        chart(
            Map.of(
                "image",
                Map.of("repository", "example.org/broker", "digest", "sha256:" + "ab".repeat(32)),
                "eks",
                Map.of("region", "eu-west-1", "roleArn", "arn:aws:iam::444455556666:role/x/broker"),
                "stores",
                Map.of("postgres", "db.example.org:5433/keys", "redis", "cache.example.org:6380"),
                "settings",
                Map.of("keybroker.shutdown.delay", "7s", "keybroker.redis.timeout", 2_000_000),
                "access",
                Map.of("version", 1, "grants", List.of()),
                "autoscaling",
                Map.of("minReplicas", 5, "maxReplicas", 50),
                "patches",
                List.of(
                    Map.of(
                        "kind",
                        "Deployment",
                        "metadata",
                        Map.of("name", "keybroker"),
                        "spec",
                        Map.of(
                            "template",
                            Map.of("spec", Map.of("nodeSelector", Map.of("pool", "brokers"))))))));

    PodSpec pod = chart.broker().getSpec().getTemplate().getSpec();
    assertEquals(
        "example.org/broker@sha256:" + "ab".repeat(32), pod.getContainers().getFirst().getImage());
    assertEquals(Map.of("pool", "brokers"), pod.getNodeSelector());
    assertEquals(
        "arn:aws:iam::444455556666:role/x/broker",
        chart
            .one(ServiceAccount.class, "keybroker")
            .getMetadata()
            .getAnnotations()
            .get("eks.amazonaws.com/role-arn"));
    // Refuses two lines for one setting.
    Map<String, String> settings = Settings.given(chart);
    assertEquals("7s", settings.get("keybroker.shutdown.delay"));
    assertEquals("2000000", settings.get("keybroker.redis.timeout"));
    assertEquals("eu-west-1", settings.get("quarkus.kms.aws.region"));
    assertEquals(
        "postgresql://db.example.org:5433/keys", settings.get("quarkus.datasource.reactive.url"));
    assertTrue(
        settings
            .get("quarkus.datasource.jdbc.url")
            .startsWith("jdbc:postgresql://db.example.org:5433/keys"));
    assertTrue(settings.get("quarkus.redis.hosts").startsWith("rediss://cache.example.org:6380"));
    assertEquals(
        YAML.readTree("{grants: [], version: 1}"),
        YAML.readTree(chart.one(ConfigMap.class, "keybroker-access").getData().get("access.yaml")));
    var autoscaler = chart.one(HorizontalPodAutoscaler.class, "keybroker").getSpec();
    assertEquals(5, autoscaler.getMinReplicas());
    assertEquals(50, autoscaler.getMaxReplicas());
  }

  @Test
  void replicas_withoutAutoscaling_areTheDeployments() throws IOException {
    for (boolean keda : List.of(true, false)) {
      Overlay chart =
          chart(
              Map.of(
                  "autoscaling",
                  Map.of("enabled", false),
                  "replicas",
                  4,
                  "components",
                  Map.of("keda", keda)));

      assertEquals(4, chart.broker().getSpec().getReplicas());
      assertEquals(List.of(), chart.all(HorizontalPodAutoscaler.class));
      assertEquals(List.of(), chart.all(ScaledObject.class));
    }
  }

  @Test
  void limits_ofKeda_areTheValues() throws IOException {
    Overlay chart =
        chart(
            Map.of(
                "components",
                Map.of("keda", true),
                "autoscaling",
                Map.of("minReplicas", 5, "maxReplicas", 50)));

    ScaledObject.Spec keda = chart.all(ScaledObject.class).getFirst().spec();
    assertEquals(5, keda.minReplicaCount());
    assertEquals(50, keda.maxReplicaCount());
    assertEquals(List.of(), chart.all(HorizontalPodAutoscaler.class));
  }

  @Test
  void setting_thatChanges_rollsThePods() throws IOException {
    Map<String, String> checksums = new TreeMap<>();
    for (String delay : List.of("3s", "4s")) {
      Deployment broker =
          chart(Map.of("settings", Map.of("keybroker.shutdown.delay", delay))).broker();
      ObjectMeta metadata = broker.getSpec().getTemplate().getMetadata();
      checksums.put(delay, metadata.getAnnotations().get("checksum/config"));
    }
    assertNotEquals(checksums.get("3s"), checksums.get("4s"));
  }

  @Test
  void namespace_ofTheRelease_isEveryObjects() throws IOException {
    List<JsonNode> objects =
        HelmChart.render(
            Map.of("components", Map.of("keda", true), "monitoring", Map.of("enabled", true)),
            "keys");

    assertEquals(
        Set.of("keys"),
        objects.stream().map(it -> it.at("/metadata/namespace").textValue()).collect(toSet()));
    JsonNode certificate =
        objects.stream()
            .filter(it -> it.get("kind").textValue().equals("Certificate"))
            .findFirst()
            .orElseThrow();
    assertEquals(
        YAML.readTree("[keybroker.keys.svc, keybroker-headless.keys.svc]"),
        certificate.at("/spec/dnsNames"));
    assertFalse(objects.toString().contains("namespace=\\\"keybroker\\\""));
  }

  @Test
  void value_thatIsUnknownOrOutOfBounds_isRefused() {
    for (Map<String, Object> values :
        List.<Map<String, Object>>of(
            Map.of("replicaCount", 3),
            Map.of("platform", "gke"),
            Map.of("replicas", 0),
            Map.of("image", Map.of("digest", "latest")),
            Map.of("components", Map.of("mtls", "yes")),
            Map.of("stores", Map.of("redis", "redis://cache:6379")))) {
      assertThrows(IllegalStateException.class, () -> HelmChart.render(values), values::toString);
    }
  }

  @Test
  void component_thatDoesNotExist_isNamed() {
    IllegalStateException refusal =
        assertThrows(
            IllegalStateException.class,
            () -> HelmChart.render(Map.of("components", Map.of("no-such", true))));

    assertTrue(refusal.getMessage().contains("components/no-such"), refusal::getMessage);
  }
}
