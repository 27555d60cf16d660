package dev.keybroker.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.keybroker.kubernetes.HorizontalAutoscaler.Pods;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerSpec;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerSpecBuilder;
import org.junit.jupiter.api.Test;

/// The examples of Kubernetes' documentation ("Horizontal Pod Autoscaling"), and its rules worked
/// by hand.
class HorizontalAutoscalerTest {
  @Test
  void wish_atTwiceTheTarget_doubles() {
    // "if the current metric value is 200m, and the desired value is 100m, the number of replicas
    // will be doubled, since 200.0 / 100.0 == 2.0"
    assertEquals(8, HorizontalAutoscaler.wish(4, new Pods(0.2, 4, 0), 0.1));
  }

  @Test
  void wish_atHalfTheTarget_halves() {
    // "if the current value is instead 50m, you'll halve the number of replicas, since 50.0 / 100.0
    // == 0.5"
    assertEquals(2, HorizontalAutoscaler.wish(4, new Pods(0.05, 4, 0), 0.1));
  }

  @Test
  void wish_isRoundedUp() {
    // 3 × 0.8 / 0.6 = 4.0; 3 × 0.81 / 0.6 = 4.05
    assertEquals(4, HorizontalAutoscaler.wish(3, new Pods(0.8, 3, 0), 0.6));
    assertEquals(5, HorizontalAutoscaler.wish(3, new Pods(0.81, 3, 0), 0.6));
  }

  @Test
  void wish_withinTheTolerance_isWhatIsThere() {
    // "skips any scaling action if the ratio is sufficiently close to 1.0 (within a globally
    // configurable tolerance, 0.1 by default)"
    assertEquals(10, HorizontalAutoscaler.wish(10, new Pods(0.66, 10, 0), 0.6));
    assertEquals(12, HorizontalAutoscaler.wish(10, new Pods(0.67, 10, 0), 0.6));
    assertEquals(10, HorizontalAutoscaler.wish(10, new Pods(0.54, 10, 0), 0.6));
    assertEquals(9, HorizontalAutoscaler.wish(10, new Pods(0.53, 10, 0), 0.6));
  }

  @Test
  void wish_withStartingPods_countsThemAsIdle() {
    // "not-yet-ready pods are assumed to be consuming 0 % of the desired metric": 3 × 1.0 over 6
    // pods is 0.5, below 0.6: no more; over 4 pods it is 0.75, so 4 × 1.25 = 5.
    assertEquals(6, HorizontalAutoscaler.wish(6, new Pods(1.0, 3, 3), 0.6));
    assertEquals(5, HorizontalAutoscaler.wish(4, new Pods(1.0, 3, 1), 0.6));
  }

  @Test
  void down_byPercentAndPods_followsTheDocumentedSteps() {
    // "80 replicas, to be scaled down to 10 … in the first step 8 replicas will be reduced. In the
    // next iteration, when the number of replicas is 72, 10 % of the pods is 7.2 but the number is
    // rounded up to 8 … When the number of replicas falls below 40 the first policy will be applied
    // and 4 replicas will be reduced at a time."
    HorizontalAutoscaler autoscaler =
        new HorizontalAutoscaler(
            spec(1, 100)
                .editBehavior()
                .withNewScaleDown()
                .withStabilizationWindowSeconds(0)
                .addNewPolicy(60, "Pods", 4)
                .addNewPolicy(60, "Percent", 10)
                .withSelectPolicy("Max")
                .endScaleDown()
                .endBehavior()
                .build());
    // Fields of a policy come in the order of the alphabet: periodSeconds, type, value.
    Pods idle = new Pods(0.01, 80, 0);

    assertEquals(72, autoscaler.replicas(0, 80, idle));
    assertEquals(72, autoscaler.replicas(15, 72, idle), "8 within this minute are gone already");
    assertEquals(64, autoscaler.replicas(60, 72, idle));
    assertEquals(57, autoscaler.replicas(120, 64, idle));
    assertEquals(34, autoscaler.replicas(180, 38, idle));
    assertEquals(30, autoscaler.replicas(240, 34, idle));
  }

  @Test
  void up_byTheLargerOfPercentAndPods_isLimitedInEachPeriod() {
    // 100 % or 4 pods in 15 s, whichever is more: 1 → 5 → 10 → 20
    HorizontalAutoscaler autoscaler = new HorizontalAutoscaler(spec(1, 100).build());
    Pods busy = new Pods(100, 1, 0);

    assertEquals(5, autoscaler.replicas(0, 1, busy));
    assertEquals(5, autoscaler.replicas(5, 5, busy), "4 within this period are added already");
    assertEquals(10, autoscaler.replicas(15, 5, busy));
    assertEquals(20, autoscaler.replicas(30, 10, busy));
    assertEquals(40, autoscaler.replicas(45, 20, busy));
    assertEquals(80, autoscaler.replicas(60, 40, busy));
    assertEquals(100, autoscaler.replicas(75, 80, busy), "no more than maxReplicas");
  }

  @Test
  void down_withinTheStabilizationWindow_waitsForTheLargestWish() {
    // "the algorithm looks into previously computed desired states and uses the highest value from
    // the specified interval"
    HorizontalAutoscaler autoscaler = new HorizontalAutoscaler(spec(1, 100).build());

    assertEquals(10, autoscaler.replicas(0, 10, new Pods(0.6, 10, 0)));
    assertEquals(10, autoscaler.replicas(15, 10, new Pods(0.06, 10, 0)));
    assertEquals(10, autoscaler.replicas(300, 10, new Pods(0.06, 10, 0)));
    assertEquals(1, autoscaler.replicas(301, 10, new Pods(0.06, 10, 0)));
  }

  @Test
  void replicas_neverLeaveTheBounds() {
    HorizontalAutoscaler autoscaler =
        new HorizontalAutoscaler(
            spec(3, 4)
                .editBehavior()
                .editScaleDown()
                .withStabilizationWindowSeconds(0)
                .endScaleDown()
                .endBehavior()
                .build());

    assertEquals(4, autoscaler.replicas(0, 3, new Pods(5, 3, 0)));
    assertEquals(3, autoscaler.replicas(60, 4, new Pods(0.001, 4, 0)));
  }

  /// Kubernetes' defaults.
  static HorizontalPodAutoscalerSpecBuilder spec(int min, int max) {
    HorizontalPodAutoscalerSpec spec =
        new HorizontalPodAutoscalerSpecBuilder()
            .withMinReplicas(min)
            .withMaxReplicas(max)
            .addNewMetric()
            .withNewContainerResource()
            .withNewTarget()
            .withAverageUtilization(60)
            .endTarget()
            .endContainerResource()
            .endMetric()
            .withNewBehavior()
            .withNewScaleUp()
            .withStabilizationWindowSeconds(0)
            .addNewPolicy(15, "Percent", 100)
            .addNewPolicy(15, "Pods", 4)
            .withSelectPolicy("Max")
            .endScaleUp()
            .withNewScaleDown()
            .withStabilizationWindowSeconds(300)
            .addNewPolicy(15, "Percent", 100)
            .withSelectPolicy("Max")
            .endScaleDown()
            .endBehavior()
            .build();
    return new HorizontalPodAutoscalerSpecBuilder(spec);
  }
}
