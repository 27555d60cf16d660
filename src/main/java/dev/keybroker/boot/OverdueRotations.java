package dev.keybroker.boot;

import dev.keybroker.keystore.DueRotations;
import dev.keybroker.postgres.SchemaMigration;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.scheduler.Scheduled;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/// Counts late rotations, once a minute in each broker. While PostgreSQL does not answer, the last
/// count stays.
@Singleton
class OverdueRotations {
  private static final Duration LATE = Duration.ofHours(1);

  private final DueRotations due;
  private final SchemaMigration schema;
  private final AtomicLong overdue;

  OverdueRotations(DueRotations due, SchemaMigration schema, MeterRegistry registry) {
    this.due = due;
    this.schema = schema;
    this.overdue = registry.gauge(Metrics.ROTATIONS_OVERDUE, new AtomicLong());
  }

  @Scheduled(
      identity = "overdue-rotations",
      every = "60s",
      delayed = "10s",
      concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  Uni<Void> count() {
    if (!schema.isDone()) {
      return Uni.createFrom().voidItem();
    }
    return due.overdue(LATE).invoke(overdue::set).onFailure().recoverWithNull().replaceWithVoid();
  }
}
