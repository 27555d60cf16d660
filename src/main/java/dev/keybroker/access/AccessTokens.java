package dev.keybroker.access;

import io.smallrye.mutiny.Uni;

/// Verifies bearer tokens and identifies their callers.
public interface AccessTokens extends AutoCloseable {
  /// Returns the caller that a token proves.
  ///
  /// The Uni completes at once, on the calling thread, for a token that was verified recently or is
  /// signed with a known key of the issuer. It fails with an [AuthenticationFailure]; a retry is
  /// safe.
  Uni<ProvenCaller> verify(String token);

  /// Stops the background work.
  @Override
  void close();

  /// The caller that a token proved.
  ///
  /// @param untilNanos ticker time until which the result is valid without another verification
  record ProvenCaller(Caller caller, long untilNanos) {}
}
