package dev.keybroker.kubernetes;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/// The PromQL of `k8s/monitoring`: alerts, dashboard, adapter.
final class Queries {
  static final Path FOLDER = Path.of("k8s/monitoring");

  /// Metrics of Prometheus itself and of kube-state-metrics.
  private static final Pattern FOREIGN = Pattern.compile("up|kube_.*");

  private static final Pattern METRIC =
      Pattern.compile("(?<![\\w:\"])([a-z][a-z0-9]*_[a-z0-9_]+|up)(?=\\{|\\[|\\)|,| |$)(?! *\\()");
  private static final Pattern STRING = Pattern.compile("\"[^\"]*\"");
  private static final Pattern LISTS =
      Pattern.compile("\\b(?:(?:by|on|ignoring|without)\\s*\\([^)]*\\)|group_(?:left|right))");

  private Queries() {}

  /// @param title the alert or the panel
  /// @param query as Prometheus takes it
  record Query(String title, String query) {
    /// The broker's own metrics in it.
    Set<String> metrics() {
      String text = LISTS.matcher(STRING.matcher(query).replaceAll("\"\"")).replaceAll(" ");
      Set<String> metrics = new TreeSet<>();
      METRIC
          .matcher(text.replaceAll("\\{[^}]*}", "{}"))
          .results()
          .map(match -> match.group(1))
          .filter(name -> !FOREIGN.matcher(name).matches())
          .forEach(metrics::add);
      return metrics;
    }
  }

  static List<Query> all() throws IOException {
    List<Query> queries = new ArrayList<>(alerts());
    queries.addAll(dashboard());
    queries.addAll(adapter());
    return queries;
  }

  static JsonNode rules() throws IOException {
    return new YAMLMapper().readTree(FOLDER.resolve("prometheusrule.yaml").toFile()).get("spec");
  }

  static List<Query> alerts() throws IOException {
    List<Query> queries = new ArrayList<>();
    for (JsonNode rule : rules().at("/groups/0/rules")) {
      queries.add(new Query(rule.get("alert").textValue(), rule.get("expr").textValue()));
    }
    return queries;
  }

  /// With Grafana's variables filled in.
  static List<Query> dashboard() throws IOException {
    List<Query> queries = new ArrayList<>();
    JsonNode dashboard = new JsonMapper().readTree(FOLDER.resolve("dashboard.json").toFile());
    for (JsonNode panel : dashboard.get("panels")) {
      for (JsonNode target : panel.get("targets")) {
        queries.add(
            new Query(
                panel.get("title").textValue(),
                target
                    .get("expr")
                    .textValue()
                    .replace("$namespace", "keybroker")
                    .replace("$__rate_interval", "1m")));
      }
    }
    return queries;
  }

  private static List<Query> adapter() throws IOException {
    List<Query> queries = new ArrayList<>();
    for (JsonNode rule :
        new YAMLMapper()
            .readTree(FOLDER.resolve("prometheus-adapter.yaml").toFile())
            .get("rules")) {
      queries.add(
          new Query(
              rule.at("/name/as").textValue(),
              rule.get("metricsQuery")
                  .textValue()
                  .replace("<<.GroupBy>>", "pod")
                  .replace("<<.LabelMatchers>>", "namespace=\"keybroker\"")));
    }
    return queries;
  }
}
