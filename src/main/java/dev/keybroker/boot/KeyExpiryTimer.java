package dev.keybroker.boot;

import dev.keybroker.dek.OpenedSecrets;
import dev.keybroker.dek.WrapSessions;
import dev.keybroker.kek.MemoryPrivateKeks;
import io.quarkus.scheduler.Scheduled;
import jakarta.enterprise.context.ApplicationScoped;

/// Wipes secrets that expired while the machine was suspended. Nothing else checks secrets that are
/// not in use.
@ApplicationScoped
class KeyExpiryTimer {
  private static final String EVERY = "1s";

  private final MemoryPrivateKeks privateKeks;
  private final OpenedSecrets openedSecrets;
  private final WrapSessions sessions;

  KeyExpiryTimer(
      MemoryPrivateKeks privateKeks, OpenedSecrets openedSecrets, WrapSessions sessions) {
    this.privateKeks = privateKeks;
    this.openedSecrets = openedSecrets;
    this.sessions = sessions;
  }

  @Scheduled(
      identity = "key-expiry",
      every = EVERY,
      delayed = EVERY,
      concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  void run() {
    privateKeks.cleanUp();
    openedSecrets.cleanUp();
    sessions.cleanUp();
  }
}
