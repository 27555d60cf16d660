package dev.keybroker.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler;
import io.fabric8.kubernetes.api.model.autoscaling.v2.MetricSpec;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/// KEDA scales the broker as the HorizontalPodAutoscaler with `components/custom-metrics` does.
class KedaTest {
  private static final Path COMPONENTS = Kustomize.ROOT.resolve("components");

  private static Overlay with(String component) throws IOException {
    return Overlay.of(component, Kustomize.renderWith(COMPONENTS.resolve(component)));
  }

  private static HorizontalPodAutoscaler autoscaler() throws IOException {
    return with("custom-metrics").one(HorizontalPodAutoscaler.class, "keybroker");
  }

  private static ScaledObject.Spec scaledObject() throws IOException {
    return with("keda").all(ScaledObject.class).getFirst().spec();
  }

  @Test
  void autoscaler_besideKeda_isRemoved() throws IOException {
    assertEquals(List.of(), with("keda").all(HorizontalPodAutoscaler.class));
  }

  @Test
  void replicasAndBehaviour_areTheAutoscalers() throws IOException {
    var spec = autoscaler().getSpec();
    ScaledObject.Spec keda = scaledObject();

    assertEquals(spec.getScaleTargetRef().getName(), keda.scaleTargetRef().name());
    assertEquals(spec.getMinReplicas(), keda.minReplicaCount());
    assertEquals(spec.getMaxReplicas(), keda.maxReplicaCount());
    assertEquals(spec.getBehavior(), keda.advanced().horizontalPodAutoscalerConfig().behavior());
  }

  @Test
  void triggers_haveTheAutoscalersTargets() throws IOException {
    Map<String, BigDecimal> targets = new TreeMap<>();
    for (MetricSpec metric : autoscaler().getSpec().getMetrics()) {
      if (metric.getContainerResource() != null) {
        var cpu = metric.getContainerResource();
        targets.put(
            cpu.getName() + " of " + cpu.getContainer(),
            BigDecimal.valueOf(cpu.getTarget().getAverageUtilization()));
      } else {
        Quantity each = metric.getPods().getTarget().getAverageValue();
        targets.put(
            metric.getPods().getMetric().getName(),
            Quantity.getAmountInBytes(each).stripTrailingZeros());
      }
    }
    Map<String, BigDecimal> triggers = new TreeMap<>();
    for (ScaledObject.Trigger trigger : scaledObject().triggers()) {
      if (trigger.type().equals("cpu")) {
        assertEquals("Utilization", trigger.metricType());
        triggers.put(
            "cpu of " + trigger.metadata().get("containerName"),
            new BigDecimal(trigger.metadata().get("value")));
      } else {
        assertEquals("AverageValue", trigger.metricType());
        triggers.put(
            trigger.name(),
            new BigDecimal(trigger.metadata().get("threshold")).stripTrailingZeros());
      }
    }
    assertEquals(targets, triggers);
  }

  /// KEDA divides by the pods itself, so it takes the sum of what the adapter gives for each pod.
  @Test
  void queries_areTheAdaptersSummedOverThePods() throws IOException {
    Map<String, String> adapter = new TreeMap<>();
    JsonNode rules =
        new YAMLMapper()
            .readTree(Kustomize.ROOT.resolve("monitoring/prometheus-adapter.yaml").toFile());
    for (JsonNode rule : rules.get("rules")) {
      String query =
          rule.get("metricsQuery")
              .textValue()
              .replace("<<.GroupBy>>", "pod")
              .replace("<<.LabelMatchers>>", "namespace=\"keybroker\"");
      adapter.put(rule.at("/name/as").textValue(), "sum(" + query + ")");
    }
    Map<String, String> keda = new TreeMap<>();
    for (ScaledObject.Trigger trigger : scaledObject().triggers()) {
      if (trigger.type().equals("prometheus")) {
        keda.put(trigger.name(), trigger.metadata().get("query"));
      }
    }
    assertEquals(adapter, keda);
  }
}
