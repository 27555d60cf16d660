package dev.keybroker.console;

import dev.keybroker.kek.KekName;
import dev.keybroker.v1.KekUsage;
import org.jspecify.annotations.Nullable;

/// How a KEK is used, as a question shows it.
///
/// @param use `used`, `idle` or `unknown`: whether it opened something during the last 90 days
/// @param wraps in 30 days; `-` if they are not known
/// @param lastUnwrap null unless `used`
record KekUseView(
    String kek,
    String state,
    String use,
    String wraps,
    String unwraps,
    @Nullable Moment lastUnwrap) {
  /// @param recorded whether the last use would be known
  static KekUseView of(KekUsage usage, boolean recorded) {
    boolean used = usage.hasLastDecryptTime();
    return new KekUseView(
        KekName.parse(usage.getKek()).id().toString(),
        usage.getState().name().replace("KEK_STATE_", ""),
        used ? "used" : recorded ? "idle" : "unknown",
        UsageView.count(usage.getWraps30D()),
        UsageView.count(usage.getUnwraps30D()),
        used ? Moment.of(usage.getLastDecryptTime()) : null);
  }
}
