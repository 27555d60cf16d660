package dev.keybroker.boot;

import io.quarkus.runtime.StartupEvent;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;

/// Leaves SmallRye's context propagation out: each step of each Uni would capture and restore
/// contexts of CDI that nothing here uses, a tenth of a warm call's work. What a call takes along
/// to other threads, it takes along by itself ([dev.keybroker.telemetry.Trace]).
@Singleton
final class PlainMutiny {
  void begin(@Observes StartupEvent start) {
    Infrastructure.clearInterceptors();
  }
}
