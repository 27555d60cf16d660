package dev.keybroker.kms.aws;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;
import software.amazon.awssdk.identity.spi.IdentityProvider;

/// The credentials of the broker's own principal. The SDK's provider caches and renews them. It may
/// read files or call AWS meanwhile, so it runs on a thread that may block.
final class OwnCredentials implements Credentials {
  private final IdentityProvider<? extends AwsCredentialsIdentity> provider;
  private final Executor executor;

  OwnCredentials(IdentityProvider<? extends AwsCredentialsIdentity> provider, Executor executor) {
    this.provider = provider;
    this.executor = executor;
  }

  @Override
  public CompletableFuture<AwsCredentialsIdentity> get(String action, CallDeadline deadline) {
    return CompletableFuture.completedFuture(provider)
        .thenComposeAsync(
            it -> it.resolveIdentity().<AwsCredentialsIdentity>thenApply(identity -> identity),
            executor)
        .orTimeout(deadline.left().toNanos(), TimeUnit.NANOSECONDS)
        .exceptionally(
            trouble -> {
              throw new CompletionException(AwsFailures.credentialsUnavailable(action, trouble));
            });
  }

  @Override
  public boolean drop(AwsCredentialsIdentity expired) {
    return false;
  }
}
