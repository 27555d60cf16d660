package dev.keybroker.boot;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.audit.AuditDelivery;
import dev.keybroker.audit.DeliveryConfig;
import dev.keybroker.audit.DeliveryStore;
import dev.keybroker.audit.RecordStream;
import dev.keybroker.audit.aws.KinesisStream;
import dev.keybroker.kms.aws.AwsKms;
import dev.keybroker.postgres.SchemaMigration;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
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
import java.util.UUID;
import org.jboss.logging.Logger;

/// Assembles the delivery of the audit trail to a data stream, and runs it.
@Singleton
class AuditDeliveries {
  private static final Logger LOG = Logger.getLogger(AuditDeliveries.class);
  private static final Duration LONGEST_STOP = Duration.ofSeconds(1);

  private final AuditDelivery delivery;
  private final RecordStream stream;
  private final SchemaMigration schema;

  AuditDeliveries(AuditDelivery delivery, RecordStream stream, SchemaMigration schema) {
    this.delivery = delivery;
    this.stream = stream;
    this.schema = schema;
  }

  @Produces
  @Singleton
  static RecordStream recordStream(DeliveryConfig config, AwsKms aws) {
    return config
        .streamArn()
        .<RecordStream>map(arn -> new KinesisStream(arn, config, aws))
        .orElse(RecordStream.NONE);
  }

  @Produces
  @Singleton
  static AuditDelivery auditDelivery(
      DeliveryStore store,
      RecordStream stream,
      Clock clock,
      Ticker ticker,
      MeterRegistry registry) {
    return new AuditDelivery(
        store,
        stream,
        UUID.randomUUID(),
        Infrastructure.getDefaultWorkerPool(),
        clock,
        ticker,
        registry);
  }

  @Scheduled(
      identity = "audit-delivery",
      every = "1s",
      concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  Uni<Void> deliver() {
    return schema.isDone() ? delivery.run() : Uni.createFrom().voidItem();
  }

  /// Runs before the connections to AWS close.
  void stop(@Observes @Priority(Interceptor.Priority.LIBRARY_BEFORE) ShutdownEvent event) {
    try {
      delivery.stop().await().atMost(LONGEST_STOP);
    } catch (RuntimeException e) {
      LOG.debugf("the claimed audit chains are free when their leases end: %s", e);
    }
    stream.close();
  }
}
