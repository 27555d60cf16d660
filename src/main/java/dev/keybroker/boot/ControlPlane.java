package dev.keybroker.boot;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.keystore.Diagnosis;
import dev.keybroker.keystore.ReEncryptionSweep;
import dev.keybroker.keystore.RotationSweep;
import dev.keybroker.kms.Kms;
import dev.keybroker.kms.KmsQuotaConfig;
import dev.keybroker.kms.MemoryQuotaLines;
import dev.keybroker.kms.QuotaGate;
import dev.keybroker.kms.QuotaLines;
import dev.keybroker.kms.aws.AwsConfig;
import dev.keybroker.postgres.SchemaMigration;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.scheduler.Scheduled;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.util.function.Supplier;

/// Assembles the control plane, and runs its sweeps for due rotations, erasures and re-encryptions.
@Singleton
class ControlPlane {
  private final RotationSweep sweep;
  private final ReEncryptionSweep reEncryptions;
  private final SchemaMigration schema;
  private final Drain drain;

  ControlPlane(
      RotationSweep sweep, ReEncryptionSweep reEncryptions, SchemaMigration schema, Drain drain) {
    this.sweep = sweep;
    this.reEncryptions = reEncryptions;
    this.schema = schema;
    this.drain = drain;
  }

  @Produces
  @Singleton
  static QuotaGate quotaGate(
      QuotaLines shared, KmsQuotaConfig config, Ticker ticker, MeterRegistry registry) {
    return new QuotaGate(
        shared,
        new MemoryQuotaLines(ticker),
        config,
        Infrastructure.getDefaultWorkerPool(),
        ticker,
        registry);
  }

  @Produces
  @Singleton
  static Diagnosis diagnosis(Kms kms, AwsConfig config, Clock clock) {
    return new Diagnosis(kms, config.principalArn(), clock);
  }

  /// Each broker sweeps, and never twice at the same time.
  @Scheduled(
      identity = "rotation",
      every = "${keybroker.rotation.every}",
      delayed = "${keybroker.rotation.every}",
      concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  Uni<Void> sweep() {
    return unlessStopping(sweep::run);
  }

  /// By itself, so that rotations do not wait for re-encryptions.
  @Scheduled(
      identity = "re-encryption",
      every = "${keybroker.rotation.every}",
      delayed = "${keybroker.rotation.every}",
      concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  Uni<Void> reEncrypt() {
    return unlessStopping(reEncryptions::run);
  }

  private Uni<Void> unlessStopping(Supplier<Uni<Void>> work) {
    return schema.isDone() && !drain.isDraining() ? work.get() : Uni.createFrom().voidItem();
  }
}
