package dev.keybroker.console;

import com.google.protobuf.util.Durations;
import dev.keybroker.v1.TestKeystoreResponse;
import dev.keybroker.v1.TestStep;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The result of a test of a root key.
record TestView(boolean passed, List<Step> steps, List<String> warnings) {
  static TestView of(TestKeystoreResponse response) {
    return new TestView(
        response.getPassed(),
        response.getStepsList().stream().map(Step::of).toList(),
        List.copyOf(response.getWarningsList()));
  }

  /// One step.
  ///
  /// @param error null if it passed
  /// @param warning what it could not determine; null if there is nothing
  record Step(
      String name,
      boolean passed,
      long millis,
      @Nullable Problem error,
      @Nullable Problem warning) {
    static Step of(TestStep step) {
      return new Step(
          step.getName(),
          step.getPassed(),
          Durations.toMillis(step.getTook()),
          step.hasError() ? Problem.of(step.getError()) : null,
          step.hasWarning() ? Problem.of(step.getWarning()) : null);
    }
  }
}
