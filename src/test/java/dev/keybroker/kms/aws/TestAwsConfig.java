package dev.keybroker.kms.aws;

import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/// Settings for tests: the defaults, but for what a test changes.
public record TestAwsConfig(
    Optional<URI> stsEndpointOverride,
    Duration apiCallAttemptTimeout,
    Duration apiCallTimeout,
    Duration connectionTimeout,
    int maxAttempts,
    int maxConcurrency,
    int maxPendingCalls,
    Duration roleSessionDuration,
    String roleSessionName,
    Duration assumeRoleRetryDelay,
    int clientCacheSize)
    implements AwsConfig {

  /// Time enough for a busy machine.
  public static TestAwsConfig patient() {
    return new TestAwsConfig(
        Optional.empty(),
        Duration.ofSeconds(20),
        Duration.ofSeconds(30),
        Duration.ofSeconds(10),
        2,
        100,
        10_000,
        Duration.ofHours(1),
        "keybroker",
        Duration.ofSeconds(1),
        5_000);
  }

  @Override
  public Optional<String> principalArn() {
    return Optional.empty();
  }

  @Override
  public Duration regionRetryDelay() {
    return Duration.ofSeconds(5);
  }

  @Override
  public Duration keyPairTimeout() {
    return apiCallTimeout;
  }

  public TestAwsConfig withTimeouts(Duration attempt, Duration call) {
    return new TestAwsConfig(
        stsEndpointOverride,
        attempt,
        call,
        connectionTimeout,
        maxAttempts,
        maxConcurrency,
        maxPendingCalls,
        roleSessionDuration,
        roleSessionName,
        assumeRoleRetryDelay,
        clientCacheSize);
  }

  TestAwsConfig withMaxConcurrency(int connections) {
    return new TestAwsConfig(
        stsEndpointOverride,
        apiCallAttemptTimeout,
        apiCallTimeout,
        connectionTimeout,
        maxAttempts,
        connections,
        maxPendingCalls,
        roleSessionDuration,
        roleSessionName,
        assumeRoleRetryDelay,
        clientCacheSize);
  }

  public TestAwsConfig withMaxAttempts(int attempts) {
    return new TestAwsConfig(
        stsEndpointOverride,
        apiCallAttemptTimeout,
        apiCallTimeout,
        connectionTimeout,
        attempts,
        maxConcurrency,
        maxPendingCalls,
        roleSessionDuration,
        roleSessionName,
        assumeRoleRetryDelay,
        clientCacheSize);
  }

  TestAwsConfig withSession(Duration duration, Duration retryDelay) {
    return new TestAwsConfig(
        stsEndpointOverride,
        apiCallAttemptTimeout,
        apiCallTimeout,
        connectionTimeout,
        maxAttempts,
        maxConcurrency,
        maxPendingCalls,
        duration,
        roleSessionName,
        retryDelay,
        clientCacheSize);
  }

  TestAwsConfig withClientCacheSize(int size) {
    return new TestAwsConfig(
        stsEndpointOverride,
        apiCallAttemptTimeout,
        apiCallTimeout,
        connectionTimeout,
        maxAttempts,
        maxConcurrency,
        maxPendingCalls,
        roleSessionDuration,
        roleSessionName,
        assumeRoleRetryDelay,
        size);
  }
}
