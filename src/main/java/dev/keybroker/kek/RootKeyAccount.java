package dev.keybroker.kek;

import dev.keybroker.kms.KmsFailure;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// What this broker knows of one root key, as one keystore uses it, in one class of operations:
/// KMS's last answer. Thread-safe.
///
/// The last answer is the one whose call began last: a call that hung while a later one was
/// answered says nothing new.
final class RootKeyAccount {
  private final AtomicReference<@Nullable Answer> last = new AtomicReference<>();

  /// An answer of KMS.
  ///
  /// @param begun ticker time of the call
  /// @param ended ticker time of the answer
  /// @param failure null where it succeeded
  record Answer(long begun, long ended, @Nullable KmsFailure failure) {}

  @Nullable Answer last() {
    return last.get();
  }

  /// Notes an answer, and tells whether it is the last one now.
  ///
  /// @param freshness nanoseconds for which an answer stands
  boolean note(Answer answer, long freshness) {
    while (true) {
      Answer known = last.get();
      if (known != null && !supersedes(answer, known, freshness)) {
        return false;
      }
      if (last.compareAndSet(known, answer)) {
        return true;
      }
    }
  }

  /// A throttled call leaves a good answer standing while that is fresh.
  private static boolean supersedes(Answer answer, Answer known, long freshness) {
    if (known.begun - answer.begun > 0) {
      return false;
    }
    boolean throttled =
        answer.failure != null && answer.failure.kind() == KmsFailure.Kind.THROTTLED;
    return !throttled || known.failure != null || answer.ended - known.ended >= freshness;
  }
}
