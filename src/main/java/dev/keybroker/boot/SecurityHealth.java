package dev.keybroker.boot;

import dev.keybroker.access.Authentication;
import dev.keybroker.grpc.transport.ServerTls;
import jakarta.inject.Singleton;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/// Reports how the broker is secured. Never reports DOWN, because an insecure broker was configured
/// on purpose.
@Readiness
@Singleton
class SecurityHealth implements HealthCheck {
  private final ServerTls tls;
  private final Authentication authentication;

  SecurityHealth(ServerTls tls, Authentication authentication) {
    this.tls = tls;
    this.authentication = authentication;
  }

  @Override
  public HealthCheckResponse call() {
    return HealthCheckResponse.named("security")
        .up()
        .withData("insecure", !tls.isOn() || !authentication.isRequired())
        .withData("tls", tls.isOn())
        .withData("client-certificates", authentication.certificates())
        .withData("client-certificates-required", tls.requiresCertificates())
        .withData("tokens", authentication.tokens() != null)
        .build();
  }
}
