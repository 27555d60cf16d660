package dev.keybroker.console;

import dev.keybroker.v1.AuditVerification;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// The last result of `audit-verify`.
///
/// @param state `passed`, `broken`, `none` if there is no result, or `unknown` if it cannot be read
/// @param time null without a result
/// @param days how many whole days ago that was
record VerificationView(
    String state,
    @Nullable Moment time,
    long days,
    long chains,
    long records,
    long broken,
    boolean partial,
    boolean authenticated,
    String chain) {
  static final VerificationView UNKNOWN =
      new VerificationView("unknown", null, 0, 0, 0, 0, false, false, "");

  static VerificationView of(AuditVerification last, Instant now) {
    boolean known = last.hasVerifyTime();
    return new VerificationView(
        known ? last.getPassed() ? "passed" : "broken" : "none",
        known ? Moment.of(last.getVerifyTime()) : null,
        Duration.between(Instant.ofEpochSecond(last.getVerifyTime().getSeconds()), now).toDays(),
        last.getChains(),
        last.getRecords(),
        last.getBrokenChains(),
        last.getPartial(),
        last.getAuthenticated(),
        last.getChain());
  }
}
