package dev.keybroker.faults.histories;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// How a call ended: with a value or a refusal.
record Answer<T>(@Nullable T value, @Nullable Refusal refusal, long started, long ended) {
  boolean isOk() {
    return refusal == null;
  }

  T get() {
    return Objects.requireNonNull(value);
  }

  boolean isRefusedWith(String reason) {
    return refusal != null && refusal.reason().equals(reason);
  }

  boolean leavesOpen() {
    return refusal != null && refusal.leavesOpen();
  }
}
