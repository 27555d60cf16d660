package dev.keybroker.console;

import dev.keybroker.v1.KeyUsage;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What uses a KMS key.
///
/// @param wraps in 30 days; `-` if they are not known
/// @param lastDecrypt null if the audit trail has none
record UsageView(
    String key,
    boolean safe,
    int active,
    int retired,
    int disabled,
    int toBeDestroyed,
    List<String> keystores,
    List<String> neededBy,
    String wraps,
    String unwraps,
    @Nullable Moment lastDecrypt,
    CostView cost) {
  static UsageView of(KeyUsage key, Instant now) {
    return new UsageView(
        key.getKeyArn(),
        key.getSafeToDisable(),
        key.getActiveKeks(),
        key.getRetiredKeks(),
        key.getDisabledKeks(),
        key.getDestroyScheduledKeks(),
        List.copyOf(key.getKeystoresList()),
        List.copyOf(key.getNeededByList()),
        count(key.getWraps30D()),
        count(key.getUnwraps30D()),
        key.hasLastDecryptTime() ? Moment.of(key.getLastDecryptTime()) : null,
        CostView.of(key.getKmsRequests(), now));
  }

  static String count(long calls) {
    return calls < 0 ? "-" : String.valueOf(calls);
  }
}
