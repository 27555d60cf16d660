package dev.keybroker.boot;

import dev.keybroker.audit.AuditDelivery;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.HealthCheckResponseBuilder;
import org.eclipse.microprofile.health.Readiness;

/// Reports whether the audit trail is delivered to the data stream, and if not, what to change.
/// Never reports DOWN, because records wait in PostgreSQL and no call waits for their delivery.
@Readiness
@Singleton
class AuditDeliveryHealth implements HealthCheck {
  private final AuditDelivery delivery;

  AuditDeliveryHealth(AuditDelivery delivery) {
    this.delivery = delivery;
  }

  @Override
  public HealthCheckResponse call() {
    HealthCheckResponseBuilder response = HealthCheckResponse.named("audit-delivery").up();
    if (!delivery.isOn()) {
      return response.withData("state", "off").build();
    }
    response
        .withData("state", delivery.failure().map(it -> it.reason().tag()).orElse("ok"))
        .withData("backlog", delivery.backlog());
    delivery
        .failure()
        .ifPresent(it -> response.withData("answer", it.getMessage()).withData("hint", it.hint()));
    return response.build();
  }
}
