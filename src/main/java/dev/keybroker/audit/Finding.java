package dev.keybroker.audit;

import java.util.UUID;

/// What is wrong with a chain.
///
/// @param sequence the record concerned, the first of them where it is several
/// @param detail for people
public record Finding(Kind kind, UUID chain, long sequence, String detail) {
  /// What happened to a record, as far as the chain tells.
  public enum Kind {
    /// It is not what was recorded.
    ALTERED,
    /// It was recorded and is not there.
    MISSING,
    /// It is there and was not recorded.
    INSERTED,
    /// It cannot be told, since the MAC key is not at hand, or none was used.
    UNVERIFIABLE
  }

  @Override
  public String toString() {
    return "chain %s seq %d: %s: %s".formatted(chain, sequence, kind, detail);
  }
}
