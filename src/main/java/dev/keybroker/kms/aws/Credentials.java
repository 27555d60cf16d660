package dev.keybroker.kms.aws;

import java.util.concurrent.CompletableFuture;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;

/// The credentials of the principal in whose name a call is made.
interface Credentials {
  /// Returns the present credentials or new ones. Never blocks; fails with
  /// [dev.keybroker.kms.KmsFailure].
  ///
  /// @param action the call that they are for
  /// @param deadline how long they may take
  CompletableFuture<AwsCredentialsIdentity> get(String action, CallDeadline deadline);

  /// Discards credentials that AWS has rejected as expired.
  ///
  /// @return whether another try with other credentials can succeed
  boolean drop(AwsCredentialsIdentity expired);
}
