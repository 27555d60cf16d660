package dev.keybroker.access;

import io.smallrye.mutiny.Uni;

/// Finds out who a bearer token names.
public interface AccessTokens {
  /// The caller whom a token proves.
  ///
  /// A token that was verified lately, and a token whose issuer's key is known, are answered at
  /// once, on the calling thread. Fails with an [AuthenticationFailure]; to ask again is safe.
  Uni<ProvenCaller> verify(String token);

  /// Whom a token proved.
  ///
  /// @param untilNanos the reading of the ticker until which this may be believed without asking
  ///     again
  record ProvenCaller(Caller caller, long untilNanos) {}
}
