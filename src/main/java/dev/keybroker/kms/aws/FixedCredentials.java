package dev.keybroker.kms.aws;

import java.util.concurrent.CompletableFuture;
import software.amazon.awssdk.awscore.AwsRequestOverrideConfiguration;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;
import software.amazon.awssdk.identity.spi.IdentityProvider;
import software.amazon.awssdk.identity.spi.ResolveIdentityRequest;

/// The credentials of one request, known beforehand.
record FixedCredentials(AwsCredentialsIdentity credentials)
    implements IdentityProvider<AwsCredentialsIdentity> {
  /// Returns what a request carries with it: its credentials and its time limit.
  static AwsRequestOverrideConfiguration override(
      AwsCredentialsIdentity credentials, CallDeadline deadline) {
    return AwsRequestOverrideConfiguration.builder()
        .credentialsProvider(new FixedCredentials(credentials))
        .apiCallTimeout(deadline.left())
        .build();
  }

  @Override
  public Class<AwsCredentialsIdentity> identityType() {
    return AwsCredentialsIdentity.class;
  }

  @Override
  public CompletableFuture<AwsCredentialsIdentity> resolveIdentity(ResolveIdentityRequest request) {
    return CompletableFuture.completedFuture(credentials);
  }
}
