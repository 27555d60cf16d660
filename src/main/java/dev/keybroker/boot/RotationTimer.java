package dev.keybroker.boot;

import dev.keybroker.keystore.RotationSweep;
import dev.keybroker.postgres.SchemaMigration;
import io.quarkus.scheduler.Scheduled;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;

/// Runs the sweep for due rotations and erasures. Each broker runs it, and never twice at the same
/// time.
@ApplicationScoped
class RotationTimer {
  private final RotationSweep sweep;
  private final SchemaMigration schema;
  private final Drain drain;

  RotationTimer(RotationSweep sweep, SchemaMigration schema, Drain drain) {
    this.sweep = sweep;
    this.schema = schema;
    this.drain = drain;
  }

  @Scheduled(
      identity = "rotation",
      every = "${keybroker.rotation.every:1s}",
      delayed = "${keybroker.rotation.every:1s}",
      concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  Uni<Void> run() {
    return schema.isDone() && !drain.isDraining() ? sweep.run() : Uni.createFrom().voidItem();
  }
}
