package dev.keybroker.audit;

import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.DistributionSummary;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.ToDoubleFunction;

/// The meters of the audit trail.
final class AuditMetrics {
  private final Map<Outcome, Counter> awaited;
  private final Map<Outcome, Counter> others;
  private final Timer flushes;
  private final Timer failedFlushes;
  private final DistributionSummary batch;
  private final Counter lost;
  private final Counter withheld;
  private final Counter broken;

  AuditMetrics(MeterRegistry registry) {
    this.awaited = byOutcome(registry, AuditMode.DURABLE);
    this.others = byOutcome(registry, AuditMode.ASYNC);
    this.flushes = registry.timer(Metrics.AUDIT_FLUSH, Metrics.OUTCOME, "ok");
    this.failedFlushes = registry.timer(Metrics.AUDIT_FLUSH, Metrics.OUTCOME, "failed");
    this.batch = registry.summary(Metrics.AUDIT_BATCH);
    this.lost = registry.counter(Metrics.AUDIT_LOST);
    this.withheld = registry.counter(Metrics.AUDIT_WITHHELD);
    this.broken = registry.counter(Metrics.AUDIT_CHAIN_BROKEN);
  }

  private static Map<Outcome, Counter> byOutcome(MeterRegistry registry, AuditMode mode) {
    Map<Outcome, Counter> counters = new EnumMap<>(Outcome.class);
    for (Outcome outcome : Outcome.values()) {
      counters.put(
          outcome,
          registry.counter(
              Metrics.AUDIT_RECORDS, Metrics.MODE, tag(mode), Metrics.OUTCOME, tag(outcome)));
    }
    return counters;
  }

  private static String tag(Enum<?> value) {
    return value.name().toLowerCase(Locale.ROOT);
  }

  void gauges(
      MeterRegistry registry,
      AuditTrail trail,
      ToDoubleFunction<AuditTrail> queue,
      ToDoubleFunction<AuditTrail> lag,
      ToDoubleFunction<AuditTrail> stopped) {
    registry.gauge(Metrics.AUDIT_QUEUE, trail, queue);
    registry.gauge(Metrics.AUDIT_LAG, trail, lag);
    registry.gauge(Metrics.AUDIT_STOPPED, trail, stopped);
  }

  void committed(List<PendingRecord> pending, List<ChainedRecord> records) {
    batch.record(records.size());
    Map<Outcome, Integer> durable = new EnumMap<>(Outcome.class);
    Map<Outcome, Integer> async = new EnumMap<>(Outcome.class);
    for (int i = 0; i < records.size(); i++) {
      (pending.get(i).isAwaited() ? durable : async)
          .merge(records.get(i).event().outcome(), 1, Integer::sum);
    }
    add(awaited, durable);
    add(others, async);
  }

  private static void add(Map<Outcome, Counter> counters, Map<Outcome, Integer> numbers) {
    numbers.forEach(
        (outcome, number) -> Objects.requireNonNull(counters.get(outcome)).increment(number));
  }

  void flushed(long nanos) {
    flushes.record(nanos, TimeUnit.NANOSECONDS);
  }

  void flushFailed(long nanos) {
    failedFlushes.record(nanos, TimeUnit.NANOSECONDS);
  }

  void lost() {
    lost.increment();
  }

  void withheld() {
    withheld.increment();
  }

  void broken() {
    broken.increment();
  }
}
