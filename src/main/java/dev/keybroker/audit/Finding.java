package dev.keybroker.audit;

import java.util.UUID;

/// A problem found in a chain.
///
/// @param sequence the affected record, or the first of several
/// @param detail a description for people
public record Finding(Kind kind, UUID chain, long sequence, String detail) {
  /// What happened to a record, as far as the chain shows.
  public enum Kind {
    /// The record is not what was recorded.
    ALTERED,
    /// The record was written and no longer exists.
    MISSING,
    /// The record exists and was not written by the broker.
    INSERTED,
    /// The record cannot be verified, because the MAC key is not available or none was used.
    UNVERIFIABLE
  }

  @Override
  public String toString() {
    return "chain %s seq %d: %s: %s".formatted(chain, sequence, kind, detail);
  }
}
