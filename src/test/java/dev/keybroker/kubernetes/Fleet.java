package dev.keybroker.kubernetes;

import dev.keybroker.kubernetes.HorizontalAutoscaler.Pods;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Pods through a day, second by second. Calls are spread evenly over ready pods; wraps go first;
/// unwraps that find the queue of the lane full are shed and not tried again.
final class Fleet {
  /// From the wish to the start of the process: scheduling, and an image that the node has.
  static final double SCHEDULING_SECONDS = 2;

  /// Until the startup and readiness probes have seen it: 1 s, and the endpoints another.
  static final double PROBING_SECONDS = 2;

  /// metrics-server reads the pods every 15 s and gives the mean since.
  static final int METRIC_SECONDS = 15;

  /// `keybroker.unwrap-lane.queue`
  static final int LANE_QUEUE = 256;

  /// Less than a call is what binary fractions leave.
  private static final double SMALLEST = 1e-6;

  /// One second of the day.
  record Moment(int second, double calls, double shed, int ready, int wished, double utilization) {}

  private static final class Pod {
    final double readyAt;
    double used;
    final Deque<Double> windows = new ArrayDeque<>();

    Pod(double readyAt) {
      this.readyAt = readyAt;
    }
  }

  /// What the autoscaler looks at.
  enum Signal {
    /// What the pods burn, over 15 s. Never above 1.
    CPU(1),
    /// What they would burn if nothing were shed, over 1 min: as `k8s/components/custom-metrics`
    /// has it from the unwrap lane.
    DEMAND(4);

    private final int windows;

    Signal(int windows) {
      this.windows = windows;
    }
  }

  private final Build build;
  private final Signal signal;
  private final List<Pod> pods = new ArrayList<>();
  private double queued;

  private Fleet(Build build, Signal signal) {
    this.build = build;
    this.signal = signal;
  }

  /// @param autoscaler null for a number of pods that stays
  static List<Moment> run(
      Build build, Signal signal, @Nullable HorizontalAutoscaler autoscaler, int replicas) {
    return new Fleet(build, signal).day(autoscaler, replicas);
  }

  private List<Moment> day(@Nullable HorizontalAutoscaler autoscaler, int atMidnight) {
    int wished = atMidnight;
    for (int i = 0; i < atMidnight; i++) {
      pods.add(new Pod(-METRIC_SECONDS));
    }
    List<Moment> moments = new ArrayList<>(Day.SECONDS);
    for (int second = 0; second < Day.SECONDS; second++) {
      moments.add(serve(second, wished));
      if ((second + 1) % METRIC_SECONDS == 0) {
        report(second + 1);
      }
      if (autoscaler != null && (second + 8) % HorizontalAutoscaler.SYNC_SECONDS == 0) {
        wished = autoscaler.replicas(second, wished, seen());
        scale(second, wished);
      }
    }
    return moments;
  }

  private Moment serve(int second, int wished) {
    List<Pod> ready = pods.stream().filter(pod -> pod.readyAt <= second).toList();
    double wraps = Day.wraps(second);
    double unwraps = Day.unwraps(second);
    double capacity = ready.size() * build.cores();
    double forWraps = Math.min(capacity, wraps * build.wrapMillis() / 1_000);
    double wrapsDone = forWraps * 1_000 / build.wrapMillis();
    double waiting = queued + unwraps;
    double unwrapsDone = Math.min(waiting, (capacity - forWraps) * 1_000 / build.unwrapMillis());
    queued = Math.min(waiting - unwrapsDone, (double) LANE_QUEUE * ready.size());
    double shed = wraps - wrapsDone + (waiting - unwrapsDone - queued);
    double used = forWraps + unwrapsDone * build.unwrapMillis() / 1_000;
    double utilization = capacity == 0 ? 0 : used / capacity;
    double asked = (wraps * build.wrapMillis() + unwraps * build.unwrapMillis()) / 1_000;
    double signalled =
        switch (signal) {
          case CPU -> utilization;
          case DEMAND -> capacity == 0 ? 0 : asked / capacity;
        };
    ready.forEach(pod -> pod.used += signalled);
    return new Moment(
        second, wraps + unwraps, shed < SMALLEST ? 0 : shed, ready.size(), wished, utilization);
  }

  /// A pod's metric counts when it was ready for all of the window.
  private void report(int second) {
    for (Pod pod : pods) {
      if (pod.readyAt <= second - METRIC_SECONDS) {
        pod.windows.add(pod.used / METRIC_SECONDS);
        if (pod.windows.size() > signal.windows) {
          pod.windows.remove();
        }
      }
      pod.used = 0;
    }
  }

  private Pods seen() {
    List<Pod> reporting = pods.stream().filter(pod -> !pod.windows.isEmpty()).toList();
    return new Pods(
        reporting.stream()
            .flatMap(pod -> pod.windows.stream())
            .mapToDouble(Double::doubleValue)
            .average()
            .orElse(0),
        reporting.size(),
        pods.size() - reporting.size());
  }

  /// The youngest go first.
  private void scale(int second, int wished) {
    while (pods.size() > wished) {
      pods.removeLast();
    }
    while (pods.size() < wished) {
      pods.add(new Pod(second + SCHEDULING_SECONDS + build.startSeconds() + PROBING_SECONDS));
    }
  }
}
