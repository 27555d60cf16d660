package dev.keybroker.access;

/// Why nobody could say who calls. Never carries a token or a part of one.
public abstract sealed class AuthenticationFailure extends RuntimeException {
  private AuthenticationFailure(String message) {
    super(message, null, false, false);
  }

  /// The caller showed neither a client certificate nor a token.
  public static final class CredentialsMissing extends AuthenticationFailure {
    public CredentialsMissing() {
      super("neither a client certificate nor a token");
    }
  }

  /// The client certificate names nobody.
  public static final class CertificateUnusable extends AuthenticationFailure {
    /// @param reason see [CertificateIdentity.Unusable]
    public CertificateUnusable(String reason) {
      super("client certificate: " + reason);
    }
  }

  /// The token is none of ours: malformed, of another issuer, for another audience, badly signed.
  public static final class TokenInvalid extends AuthenticationFailure {
    public TokenInvalid() {
      super("token invalid");
    }
  }

  /// The token was good and is over.
  public static final class TokenExpired extends AuthenticationFailure {
    public TokenExpired() {
      super("token expired");
    }
  }

  /// Too many tokens wait to be verified. Another try may succeed.
  public static final class TooManyTokens extends AuthenticationFailure {
    public TooManyTokens() {
      super("too many tokens wait to be verified");
    }
  }

  /// The issuer's keys cannot be had, so no token can be verified. Another try may succeed.
  public static final class KeysUnavailable extends AuthenticationFailure {
    public KeysUnavailable() {
      super("the issuer's keys are not known");
    }
  }
}
