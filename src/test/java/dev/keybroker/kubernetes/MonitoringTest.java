package dev.keybroker.kubernetes;

import static java.util.stream.Collectors.toSet;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.openshift.api.model.monitoring.v1.PodMonitor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// Alerts, their entries in the runbook, and what else is in `k8s/monitoring`.
class MonitoringTest {
  private static final Path RUNBOOK = Path.of("src/docs/runbook.md");
  private static final Path TESTS = Path.of("src/test/promtool/alerts.yaml");

  @Test
  void rules_arePassedByPromtool_andFireOnTheirSeries() throws Exception {
    String promtool = Promtool.command("promtool");
    Path folder = Files.createDirectories(Path.of("target/promtool"));
    Path rules = folder.resolve("rules.yaml");
    Files.writeString(rules, new YAMLMapper().writeValueAsString(Queries.rules()));
    Path tests = Files.writeString(folder.resolve("alerts.yaml"), Files.readString(TESTS));

    assertPasses(promtool, "check", "rules", rules.toString());
    assertPasses(promtool, "test", "rules", tests.toString());
  }

  private static void assertPasses(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertEquals(0, process.waitFor(), printed);
    assertTrue(printed.contains("SUCCESS"), printed);
  }

  @Test
  void everyAlert_hasATestThatFiresAndOneThatStaysQuiet() throws IOException {
    String tests = Files.readString(TESTS);
    for (Queries.Query alert : Queries.alerts()) {
      assertTrue(tests.contains("name: " + alert.title() + " fires\n"), alert.title());
      assertTrue(tests.contains("name: " + alert.title() + " stays quiet\n"), alert.title());
    }
  }

  @Test
  void everyAlert_hasItsEntryInTheRunbook_andNoEntryIsWithout() throws IOException {
    Set<String> entries =
        Pattern.compile("(?m)^## (Keybroker\\w+)$")
            .matcher(Files.readString(RUNBOOK))
            .results()
            .map(entry -> entry.group(1))
            .collect(toSet());

    assertEquals(Queries.alerts().stream().map(Queries.Query::title).collect(toSet()), entries);
    for (var rule : Queries.rules().at("/groups/0/rules")) {
      String name = rule.get("alert").textValue();
      assertEquals(
          "src/docs/runbook.md#" + name.toLowerCase(java.util.Locale.ROOT),
          rule.at("/annotations/runbook").textValue());
      assertTrue(
          Set.of("warning", "critical").contains(rule.at("/labels/severity").textValue()), name);
    }
  }

  @Test
  void podMonitor_readsTheManagementPortOfTheBrokers() throws IOException {
    Overlay monitoring =
        Overlay.of("monitoring", Kustomize.render(Kustomize.ROOT.resolve("monitoring")));
    Overlay base = Overlay.of("base", Kustomize.render(Kustomize.ROOT.resolve("base")));
    PodMonitor monitor = monitoring.one(PodMonitor.class, "keybroker");

    assertTrue(
        base.podTemplates()
            .getFirst()
            .getMetadata()
            .getLabels()
            .entrySet()
            .containsAll(monitor.getSpec().getSelector().getMatchLabels().entrySet()));
    assertEquals("management", monitor.getSpec().getPodMetricsEndpoints().getFirst().getPort());
    assertEquals("/q/metrics", monitor.getSpec().getPodMetricsEndpoints().getFirst().getPath());
  }

  @Test
  void customMetrics_ofTheAutoscaler_areThoseOfTheAdapter() throws IOException {
    Set<String> wanted = new TreeSet<>();
    for (var object : Kustomize.renderWith(Kustomize.ROOT.resolve("components/custom-metrics"))) {
      object
          .at("/spec/metrics")
          .findValues("metric")
          .forEach(it -> wanted.add(it.get("name").textValue()));
    }
    Set<String> given = new TreeSet<>();
    new YAMLMapper()
        .readTree(Queries.FOLDER.resolve("prometheus-adapter.yaml").toFile())
        .get("rules")
        .forEach(rule -> given.add(rule.at("/name/as").textValue()));

    assertEquals(given, wanted);
    assertEquals(2, wanted.size());
  }

  @Test
  void metrics_ofAQuery_areFoundInItsText() {
    assertEquals(
        Set.of("a_b_total", "c_d"),
        new Queries.Query(
                "", "sum by (x_y) (rate(a_b_total{p_q=\"r_s\"}[5m])) / on (n_m) c_d > 0.5")
            .metrics());
    assertFalse(new Queries.Query("", "absent(up{job=\"x_y\"} == 1)").metrics().contains("up"));
    assertEquals(
        List.of("k_l"),
        List.copyOf(new Queries.Query("", "clamp_min(k_l, 1) >= on (a_b) kube_c_d").metrics()));
  }
}
