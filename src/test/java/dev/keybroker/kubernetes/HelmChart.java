package dev.keybroker.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import com.marcnuri.helm.TemplateCommand;
import com.marcnuri.helm.jni.NativeLibrary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Assumptions;

/// The chart of `k8s/helm`, by Helm in this JVM. Where there is no Helm for the platform, tests
/// that use it are skipped.
final class HelmChart {
  static final Path FOLDER = Kustomize.ROOT.resolve("helm/keybroker");

  /// `kubeVersion` of the chart.
  private static final String KUBERNETES = "1.30.0";

  private static final YAMLMapper YAML = new YAMLMapper();

  private HelmChart() {}

  static LintResult lint() {
    return helm().lint().strict().call();
  }

  /// The objects of a release `keybroker` in the namespace `keybroker`.
  static List<JsonNode> render(Map<String, ?> values) throws IOException {
    return render(values, "keybroker");
  }

  static List<JsonNode> render(Map<String, ?> values, String namespace) throws IOException {
    return render(helm().template(), values, namespace);
  }

  /// The objects of the chart as a package.
  static List<JsonNode> renderPackage(Path folder, Map<String, ?> values) throws IOException {
    helm().packageIt().withDestination(folder).call();
    try (var files = Files.list(folder)) {
      Path chart = files.filter(file -> file.toString().endsWith(".tgz")).findFirst().orElseThrow();
      return render(Helm.template(chart.toString()), values, "keybroker");
    }
  }

  private static List<JsonNode> render(
      TemplateCommand template, Map<String, ?> values, String namespace) throws IOException {
    Path folder = Files.createDirectories(Path.of("target", "helm"));
    Path file = Files.createTempFile(folder, "values-", ".yaml");
    YAML.writeValue(file.toFile(), values);
    String objects =
        template
            .withName("keybroker")
            .withNamespace(namespace)
            .withKubeVersion(KUBERNETES)
            .withValuesFile(file)
            .call();
    try (MappingIterator<JsonNode> all = YAML.readerFor(JsonNode.class).readValues(objects)) {
      return all.readAll();
    }
  }

  private static Helm helm() {
    Assumptions.assumeTrue(
        ServiceLoader.load(NativeLibrary.class).findFirst().isPresent(),
        "helm-java has no library for this platform");
    return new Helm(FOLDER);
  }
}
