package dev.keybroker.console;

import dev.keybroker.v1.KeystoreUsage;
import org.jspecify.annotations.Nullable;

/// What a failing root key has refused.
///
/// @param refused how many unwraps; negative if that is not known
/// @param first when the first was refused; null if there is none
/// @param last when the last was refused; null if there is none
record WithdrawalView(long refused, @Nullable Moment first, @Nullable Moment last) {
  static WithdrawalView of(KeystoreUsage usage) {
    return new WithdrawalView(
        usage.getRefusedUnwraps(),
        usage.hasFirstRefusedTime() ? Moment.of(usage.getFirstRefusedTime()) : null,
        usage.hasLastRefusedTime() ? Moment.of(usage.getLastRefusedTime()) : null);
  }
}
