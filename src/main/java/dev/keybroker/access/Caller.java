package dev.keybroker.access;

/// Who calls: how the identity was proven, and the identity itself. Two calls are of one caller
/// where both are equal.
///
/// @param subject as the proof says it, e.g. `spiffe://example.org/media` or the `sub` of a token;
///     not secret
public record Caller(Kind kind, String subject) {
  /// How an identity was proven.
  public enum Kind {
    /// Not at all: only where the broker runs with `keybroker.insecure`, or in dev and test mode.
    ANONYMOUS,
    /// A client certificate with a SPIFFE id (URI SAN).
    SPIFFE,
    /// A client certificate with a DNS SAN.
    DNS,
    /// A bearer token (JWT); the subject is its `sub`.
    JWT
  }

  /// The caller of a broker that asks nobody who he is.
  public static final Caller ANONYMOUS = new Caller(Kind.ANONYMOUS, "anonymous");
}
