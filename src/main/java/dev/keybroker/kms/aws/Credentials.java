package dev.keybroker.kms.aws;

import java.util.concurrent.CompletableFuture;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;

/// Whose name a call goes out in.
interface Credentials {
  /// The credentials at hand, or new ones. Never blocks; fails with
  /// [dev.keybroker.kms.KmsFailure].
  ///
  /// @param action the call that they are for
  /// @param deadline how long they may take
  CompletableFuture<AwsCredentialsIdentity> get(String action, CallDeadline deadline);

  /// Gives up credentials that AWS called expired.
  ///
  /// @return whether another try has a chance, with other credentials
  boolean drop(AwsCredentialsIdentity expired);
}
