package dev.keybroker.boot;

import dev.keybroker.audit.postgres.AuditPartitions;
import dev.keybroker.postgres.SchemaMigration;
import io.quarkus.scheduler.Scheduled;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import org.jboss.logging.Logger;

/// Maintains the daily partitions of the audit trail. Each broker runs it, and never twice at the
/// same time.
@ApplicationScoped
class AuditTimer {
  private static final Logger LOG = Logger.getLogger(AuditTimer.class);

  /// A hanging PostgreSQL must not end the timer: while a run lasts, no other starts.
  private static final Duration LONGEST = Duration.ofMinutes(5);

  private final AuditPartitions partitions;
  private final SchemaMigration schema;

  AuditTimer(AuditPartitions partitions, SchemaMigration schema) {
    this.partitions = partitions;
    this.schema = schema;
  }

  @Scheduled(
      identity = "audit",
      every = "10m",
      delayed = "1s",
      concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  Uni<Void> run() {
    if (!schema.isDone()) {
      return Uni.createFrom().voidItem();
    }
    return partitions
        .run()
        .ifNoItem()
        .after(LONGEST)
        .fail()
        .onFailure()
        .invoke(
            failure ->
                LOG.warnf(
                    "audit partitions could not be maintained; the next run retries: %s",
                    failure.getMessage()))
        .onFailure()
        .recoverWithNull();
  }
}
