package dev.keybroker.boot;

import dev.keybroker.access.UnwrapSurges;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.context.ApplicationScoped;

/// Updates the averages of unwraps periodically.
@ApplicationScoped
class UnwrapSurgesTimer {
  private static final String EVERY = "10s";

  private final UnwrapSurges surges;

  UnwrapSurgesTimer(UnwrapSurges surges) {
    this.surges = surges;
  }

  @Scheduled(
      identity = "unwrap-surges",
      every = EVERY,
      delayed = EVERY,
      concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  void run() {
    surges.turn();
  }
}
