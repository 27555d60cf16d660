package dev.keybroker.boot;

import dev.keybroker.access.AccessPolicy;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.context.ApplicationScoped;

/// Checks the access file for changes. A ConfigMap changes by a link to another target. Reading the
/// file is simpler than watching it, and cannot miss such a change.
@ApplicationScoped
class AccessFileTimer {
  private final AccessPolicy policy;

  AccessFileTimer(AccessPolicy policy) {
    this.policy = policy;
  }

  @Scheduled(
      identity = "access-file",
      every = "${keybroker.access.reload-every:5s}",
      delayed = "${keybroker.access.reload-every:5s}",
      concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  void run() {
    policy.reload();
  }
}
