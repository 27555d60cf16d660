package dev.keybroker.kek;

import dev.keybroker.kms.KmsFailure;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// KMS's last answer for one root key, as one keystore uses it, in one class of operations.
/// Thread-safe.
///
/// The last answer is the one whose call started last: if a call hung while a later one was
/// answered, its result is old news.
final class RootKeyAccount {
  private final AtomicReference<@Nullable KmsAnswer> last = new AtomicReference<>();

  /// An answer from KMS.
  ///
  /// @param started ticker time of the call's start
  /// @param ended ticker time of the answer
  /// @param failure null if the call succeeded
  record KmsAnswer(long started, long ended, @Nullable KmsFailure failure) {}

  @Nullable KmsAnswer last() {
    return last.get();
  }

  /// Records an answer, and returns whether it is now the last one.
  ///
  /// @param freshness nanoseconds for which an answer is valid
  boolean note(KmsAnswer answer, long freshness) {
    while (true) {
      KmsAnswer known = last.get();
      if (known != null && !supersedes(answer, known, freshness)) {
        return false;
      }
      if (last.compareAndSet(known, answer)) {
        return true;
      }
    }
  }

  /// A throttled call does not replace a good answer that is still fresh.
  private static boolean supersedes(KmsAnswer answer, KmsAnswer known, long freshness) {
    if (known.started - answer.started > 0) {
      return false;
    }
    boolean throttled =
        answer.failure != null && answer.failure.kind() == KmsFailure.Kind.THROTTLED;
    return !throttled || known.failure != null || answer.ended - known.ended >= freshness;
  }
}
