package dev.keybroker.keystore;

import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsFailure;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// The result of the check of a root key: its steps in the order in which they ran. A failed step
/// is the last one.
///
/// @param key the tenant's key that KMS named, never an alias; null if it named none
public record CheckResult(List<Step> steps, @Nullable KmsArn key) {
  public CheckResult {
    steps = List.copyOf(steps);
  }

  /// Returns the failed step; null if all passed.
  public @Nullable Step failed() {
    Step last = steps.getLast();
    return last.error() == null ? null : last;
  }

  /// What a step does.
  public enum Kind {
    CREATE_GRANT,
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
  /// @param error what to change; null if the step passed
  /// @param warning what could not be found out; null unless the step passed with a warning
  /// @param failure the failed call, if the step failed because of one
  public record Step(
      Kind kind,
      Duration took,
      @Nullable RootKeyError error,
      @Nullable RootKeyError warning,
      @Nullable KmsFailure failure) {
    static Step passed(Kind kind, Duration took) {
      return new Step(kind, took, null, null, null);
    }

    static Step warned(Kind kind, Duration took, RootKeyError warning) {
      return new Step(kind, took, null, warning, null);
    }

    public static Step failed(
        Kind kind, Duration took, RootKeyError error, @Nullable KmsFailure failure) {
      return new Step(kind, took, error, null, failure);
    }
  }
}
