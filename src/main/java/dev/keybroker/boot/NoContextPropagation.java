package dev.keybroker.boot;

import io.quarkus.runtime.StartupEvent;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

/// Turns SmallRye's context propagation off. It captures and restores CDI contexts at each step of
/// each Uni, which is a tenth of a warm call's work, and nothing here uses these contexts. The
/// trace of a call reaches other threads through [dev.keybroker.telemetry.Trace].
@Singleton
final class NoContextPropagation {
  void begin(@Observes StartupEvent start) {
    Infrastructure.clearInterceptors();
  }
}
