package dev.keybroker.boot;

import dev.keybroker.access.AccessPolicy;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.context.ApplicationScoped;

/// Reads the access file for changes. A ConfigMap changes by a link that points elsewhere: to read
/// the file is simpler than to watch it, and cannot miss that.
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
