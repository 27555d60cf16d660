package dev.keybroker.access;

/// The reason why a caller could not be authenticated. Never contains a token or a part of one.
public abstract sealed class AuthenticationFailure extends RuntimeException {
  private AuthenticationFailure(String message) {
    super(message, null, false, false);
  }

  /// The caller sent neither a client certificate nor a token.
  public static final class CredentialsMissing extends AuthenticationFailure {
    public CredentialsMissing() {
      super("neither a client certificate nor a token");
    }
  }

  /// The client certificate does not name a caller.
  public static final class CertificateUnusable extends AuthenticationFailure {
    /// @param reason see [CertificateIdentity.Unusable]
    public CertificateUnusable(String reason) {
      super("client certificate: " + reason);
    }
  }

  /// The token is not valid here: malformed, from another issuer, for another audience, or with a
  /// wrong signature.
  public static final class TokenInvalid extends AuthenticationFailure {
    public TokenInvalid() {
      super("token invalid");
    }
  }

  /// The token has expired.
  public static final class TokenExpired extends AuthenticationFailure {
    public TokenExpired() {
      super("token expired");
    }
  }

  /// Too many tokens wait to be verified. A retry may succeed.
  public static final class TooManyTokens extends AuthenticationFailure {
    public TooManyTokens() {
      super("too many tokens wait to be verified");
    }
  }

  /// The issuer's keys are not available, so no token can be verified. A retry may succeed.
  public static final class KeysUnavailable extends AuthenticationFailure {
    public KeysUnavailable() {
      super("the issuer's keys are not known");
    }
  }
}
