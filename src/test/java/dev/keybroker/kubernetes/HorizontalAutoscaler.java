package dev.keybroker.kubernetes;

import io.fabric8.kubernetes.api.model.autoscaling.v2.HPAScalingPolicy;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HPAScalingRules;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerSpec;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.stream.IntStream;

/// The algorithm of Kubernetes' HorizontalPodAutoscaler v2 for a CPU target, as its documentation
/// states it: the ratio with its tolerance, pods without a metric, stabilization windows, policies.
/// Time is in whole seconds. Not thread-safe.
final class HorizontalAutoscaler {
  /// `--horizontal-pod-autoscaler-sync-period`
  static final int SYNC_SECONDS = 15;

  /// `--horizontal-pod-autoscaler-tolerance`
  private static final double TOLERANCE = 0.1;

  private static final double PERCENT = 100.0;

  /// What the pods report.
  ///
  /// @param utilization the mean of the ready pods with a metric, in parts of the request
  /// @param ready the ready pods with a metric
  /// @param starting the pods that are not ready, or not long enough for a metric
  record Pods(double utilization, int ready, int starting) {}

  private record Recommendation(long second, int replicas) {}

  private record Change(long second, int replicas) {}

  private final int minReplicas;
  private final int maxReplicas;
  private final double target;
  private final HPAScalingRules up;
  private final HPAScalingRules down;
  private final Deque<Recommendation> recommendations = new ArrayDeque<>();
  private final Deque<Change> changes = new ArrayDeque<>();

  HorizontalAutoscaler(HorizontalPodAutoscalerSpec spec) {
    this.minReplicas = spec.getMinReplicas();
    this.maxReplicas = spec.getMaxReplicas();
    this.target =
        spec.getMetrics().getFirst().getContainerResource().getTarget().getAverageUtilization()
            / PERCENT;
    this.up = spec.getBehavior().getScaleUp();
    this.down = spec.getBehavior().getScaleDown();
  }

  /// The replicas to have from now on.
  ///
  /// @param current those asked for so far
  int replicas(long second, int current, Pods pods) {
    int wished = Math.clamp(wish(current, pods, target), minReplicas, maxReplicas);
    int stable = stabilize(second, current, wished);
    int allowed = limit(second, current, stable);
    if (allowed != current) {
      changes.add(new Change(second, allowed - current));
    }
    return allowed;
  }

  /// The wish of the metric alone: `ceil(ready × utilization / target)`, unless the ratio is within
  /// the tolerance. Pods without a metric count as idle when the others want more.
  static int wish(int current, Pods pods, double target) {
    if (pods.ready == 0) {
      return current;
    }
    double ratio = pods.utilization / target;
    if (isTolerated(ratio)) {
      return current;
    }
    if (pods.starting == 0 || ratio < 1) {
      return ceil(ratio * pods.ready);
    }
    int all = pods.ready + pods.starting;
    double damped = pods.utilization * pods.ready / all / target;
    if (isTolerated(damped) || damped < 1) {
      return current;
    }
    return Math.max(current, ceil(damped * all));
  }

  private static boolean isTolerated(double ratio) {
    return Math.abs(1 - ratio) <= TOLERANCE + 1e-9;
  }

  /// Without what binary fractions add: 1.2 × 5 is 6.
  private static int ceil(double replicas) {
    return (int) Math.ceil(replicas - 1e-9);
  }

  /// The least of the recent wishes for more, the largest of those for fewer.
  private int stabilize(long second, int current, int wished) {
    recommendations.add(new Recommendation(second, wished));
    int upWindow = up.getStabilizationWindowSeconds();
    int downWindow = down.getStabilizationWindowSeconds();
    long oldest = second - Math.max(upWindow, downWindow);
    recommendations.removeIf(it -> it.second < oldest);
    int most = wishes(second - upWindow).min().orElse(wished);
    int least = wishes(second - downWindow).max().orElse(wished);
    if (current < most) {
      return most;
    }
    return Math.min(current, Math.max(least, wished));
  }

  private IntStream wishes(long since) {
    return recommendations.stream().filter(it -> it.second >= since).mapToInt(it -> it.replicas);
  }

  private int limit(long second, int current, int wished) {
    if (wished > current) {
      IntStream limits =
          up.getPolicies().stream().mapToInt(policy -> most(policy, second, current));
      int limit = chosen(up, limits, true);
      return Math.min(wished, Math.max(limit, current));
    }
    if (wished < current) {
      IntStream limits =
          down.getPolicies().stream().mapToInt(policy -> least(policy, second, current));
      int limit = chosen(down, limits, false);
      return Math.max(wished, Math.min(limit, current));
    }
    return current;
  }

  /// `Max` is the policy that changes most, `Min` the one that changes least.
  private static int chosen(HPAScalingRules rules, IntStream limits, boolean isUp) {
    boolean changesMost = !"Min".equals(rules.getSelectPolicy());
    return (changesMost == isUp ? limits.max() : limits.min()).orElseThrow();
  }

  private int most(HPAScalingPolicy policy, long second, int current) {
    int start = atStart(policy, second, current);
    return policy.getType().equals("Pods")
        ? start + policy.getValue()
        : ceil(start * (1 + policy.getValue() / PERCENT));
  }

  private int least(HPAScalingPolicy policy, long second, int current) {
    int start = atStart(policy, second, current);
    return policy.getType().equals("Pods")
        ? start - policy.getValue()
        : (int) (start * (1 - policy.getValue() / PERCENT) + 1e-9);
  }

  /// The replicas at the start of the policy's period.
  private int atStart(HPAScalingPolicy policy, long second, int current) {
    long since = second - policy.getPeriodSeconds();
    return current
        - changes.stream().filter(it -> it.second > since).mapToInt(it -> it.replicas).sum();
  }
}
