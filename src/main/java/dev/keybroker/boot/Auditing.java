package dev.keybroker.boot;

import dev.keybroker.audit.AuditConfig;
import dev.keybroker.audit.AuditMode;
import dev.keybroker.audit.AuditStore;
import dev.keybroker.audit.AuditTrail;
import dev.keybroker.audit.DropSeal;
import dev.keybroker.audit.JsonLines;
import dev.keybroker.audit.RecordHash;
import dev.keybroker.audit.VerificationRecords;
import dev.keybroker.audit.Verifications;
import dev.keybroker.audit.postgres.AuditPartitions;
import dev.keybroker.crypto.MacKey;
import dev.keybroker.grpc.transport.CallThread;
import dev.keybroker.postgres.SchemaMigration;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.scheduler.Scheduled;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import jakarta.interceptor.Interceptor;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Wires the audit trail.
@Singleton
class Auditing {
  private static final Logger LOG = Logger.getLogger(Auditing.class);

  /// A hanging PostgreSQL must not end the schedule: while a run lasts, no other starts.
  private static final Duration LONGEST_MAINTENANCE = Duration.ofMinutes(5);

  private final AuditPartitions partitions;
  private final SchemaMigration schema;

  Auditing(AuditPartitions partitions, SchemaMigration schema) {
    this.partitions = partitions;
    this.schema = schema;
  }

  @Produces
  @Singleton
  static AuditTrail auditTrail(
      AuditConfig config, AuditStore log, Clock clock, MeterRegistry registry) {
    return new AuditTrail(
        config,
        log,
        JsonLines.of(config.stream(), registry),
        RecordHash.of(macKey(config.macKey())),
        UUID::randomUUID,
        Infrastructure.getDefaultExecutor(),
        () -> CallThread.loop(Infrastructure.getDefaultExecutor()),
        clock,
        registry);
  }

  @Produces
  @Singleton
  static DropSeal dropSeal(AuditConfig config) {
    return DropSeal.of(macKey(config.macKey()));
  }

  @Produces
  @Singleton
  static Verifications verifications(AuditConfig config, VerificationRecords records, Clock clock) {
    return new Verifications(records, macKey(config.macKey()), clock);
  }

  static byte @Nullable [] macKey(Optional<String> text) {
    return text.isEmpty() ? null : MacKey.parse("keybroker.audit.mac-key", text.get());
  }

  void start(
      @Observes StartupEvent event,
      AuditConfig config,
      AuditTrail trail,
      @ConfigProperty(name = "keybroker.insecure", defaultValue = "false") boolean insecure) {
    if (!insecure) {
      refuseOff("unwraps", config.unwraps());
      refuseOff("rewraps", config.rewraps());
      refuseOff("control-plane", config.controlPlane());
    }
    trail.start();
  }

  private static void refuseOff(String setting, AuditMode mode) {
    if (mode == AuditMode.OFF) {
      throw new IllegalStateException(
          "keybroker.audit."
              + setting
              + "=off leaves no record of which caller unwrapped what. Set it to durable or async;"
              + " only with keybroker.insecure=true it may be off");
    }
  }

  /// Maintains the daily partitions. Each broker does so, and never twice at the same time.
  @Scheduled(
      identity = "audit",
      every = "10m",
      delayed = "1s",
      concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  Uni<Void> maintain() {
    if (!schema.isDone()) {
      return Uni.createFrom().voidItem();
    }
    return partitions
        .run()
        .ifNoItem()
        .after(LONGEST_MAINTENANCE)
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

  /// Runs late, so that the work of other observers is still recorded.
  void stop(
      @Observes @Priority(Interceptor.Priority.PLATFORM_AFTER) ShutdownEvent event,
      AuditTrail trail) {
    trail.close();
  }
}
