package dev.keybroker.grpc;

import dev.keybroker.dek.DekFailure;
import dev.keybroker.dek.Releasable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// The response of a call, between its audit record and the network. It ends exactly once: it is
/// either released, or withheld and wiped.
final class Answer<T> {
  private static final Logger LOG = Logger.getLogger(Answer.class);

  private final T value;
  private final Fate fate;
  private final AtomicBoolean ended = new AtomicBoolean();

  /// Receives how an answer ended.
  interface Fate {
    /// The answer is about to be sent.
    default void released() {}

    /// The answer is not released.
    void withheld(String reason);
  }

  Answer(T value, Fate fate) {
    this.value = value;
    this.fate = fate;
  }

  /// The value, to be handed to the network at once. Fails with [DekFailure.Expired] if the bound
  /// of the private KEK that it rests on is reached; it is wiped and on record as withheld then.
  T release() {
    if (value instanceof Releasable bounded && bounded.isOver()) {
      withhold(Reason.PRIVATE_KEK_EXPIRED.name());
      throw new DekFailure.Expired();
    }
    if (ended.compareAndSet(false, true)) {
      fate.released();
    }
    return value;
  }

  /// Wipes the value and records the reason, unless the answer has already ended.
  void withhold(String reason) {
    if (ended.compareAndSet(false, true)) {
      wipe(value);
      fate.withheld(reason);
    }
  }

  /// Wipes a value if it can be wiped.
  static void wipe(@Nullable Object value) {
    if (value instanceof AutoCloseable secret) {
      try {
        secret.close();
      } catch (Exception e) {
        LOG.warn("an answer could not be wiped", e);
      }
    }
  }
}
