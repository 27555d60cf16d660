package dev.keybroker.access;

/// The identity of a caller, and how it was proven. Two calls have the same caller if both are
/// equal.
///
/// @param subject the identity as the certificate or token has it, e.g.
///     `spiffe://example.org/media` or the `sub` of a token; not secret
public record Caller(Kind kind, String subject) {
  /// How an identity was proven.
  public enum Kind {
    /// Not proven: only if the broker runs with `keybroker.insecure`, or in dev and test mode.
    ANONYMOUS,
    /// A client certificate with a SPIFFE id (URI SAN).
    SPIFFE,
    /// A client certificate with a DNS SAN.
    DNS,
    /// A bearer token (JWT); the subject is its `sub`.
    JWT
  }

  /// The caller of a broker that does not authenticate callers.
  public static final Caller ANONYMOUS = new Caller(Kind.ANONYMOUS, "anonymous");
}
