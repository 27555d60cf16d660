package dev.keybroker.keystore;

import dev.keybroker.kms.KmsFailure;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// How the check of a root key went: its steps in the order run; a failed one is the last.
public record CheckResult(List<Step> steps) {
  public CheckResult {
    steps = List.copyOf(steps);
  }

  /// The failed step; null where all passed.
  public @Nullable Step failed() {
    Step last = steps.getLast();
    return last.error() == null ? null : last;
  }

  /// What a step does.
  public enum Kind {
    ASSUME_ROLE,
    DESCRIBE_KEY,
    GENERATE_KEY_PAIR,
    WRAP,
    DECRYPT_PRIVATE_KEY,
    UNWRAP,
    COMPARE;

    /// The step's name, e.g. `assume_role`.
    public String id() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// One step.
  ///
  /// @param error what to mend; null where it passed
  /// @param failure the failed call, where it was a call that failed
  public record Step(
      Kind kind, Duration took, @Nullable RootKeyError error, @Nullable KmsFailure failure) {}
}
