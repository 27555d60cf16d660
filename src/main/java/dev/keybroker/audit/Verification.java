package dev.keybroker.audit;

import java.time.Instant;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A result of the verification of the chains, which is kept as a record of the audit trail.
///
/// @param time when the verification ended
/// @param broken how many chains are broken; 0 if everything verified
/// @param partial whether chains were left out
public record Verification(Instant time, long chains, long records, long broken, boolean partial) {
  /// The action of its record.
  public static final String ACTION = "VerifyChains";

  private static final String BROKEN = "CHAINS_BROKEN";
  private static final Pattern COUNTS =
      Pattern.compile("chains/([0-9]{1,18})/records/([0-9]{1,18})/broken/([0-9]{1,18})(/partial)?");

  public boolean passed() {
    return broken == 0;
  }

  /// The events of a whole chain: the result, and the end of the chain.
  public List<AuditEvent> events() {
    return List.of(
        AuditEvent.ofVerification(
            time,
            "chains/%d/records/%d/broken/%d%s"
                .formatted(chains, records, broken, partial ? "/partial" : ""),
            passed() ? null : BROKEN),
        AuditEvent.ofBroker(time, AuditEvent.CLOSE_CHAIN, null));
  }

  /// Returns the result of a record; null if it is none.
  static @Nullable Verification of(AuditEvent event) {
    String counts = event.detail().destination();
    Matcher matcher = COUNTS.matcher(counts == null ? "" : counts);
    if (!event.action().equals(ACTION) || event.actor() != null || !matcher.matches()) {
      return null;
    }
    return new Verification(
        event.time(),
        Long.parseLong(matcher.group(1)),
        Long.parseLong(matcher.group(2)),
        Long.parseLong(matcher.group(3)),
        matcher.group(4) != null);
  }
}
