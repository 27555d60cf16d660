package dev.keybroker.boot;

import dev.keybroker.audit.AuditTrail;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Liveness;

/// Liveness check: fails if the thread that commits audit records has ended, because only a restart
/// brings it back.
@Liveness
@Singleton
class AuditHealth implements HealthCheck {
  private final AuditTrail trail;

  AuditHealth(AuditTrail trail) {
    this.trail = trail;
  }

  @Override
  public HealthCheckResponse call() {
    return HealthCheckResponse.named("audit").status(!trail.isStopped()).build();
  }
}
