package dev.keybroker.kms.aws;

import dev.keybroker.kms.PolicyPrincipal;
import java.time.Duration;

/// The bounds of [AwsConfig].
final class AwsLimits {
  private static final Duration LONGEST_SESSION = Duration.ofHours(12);

  private AwsLimits() {}

  /// Throws an [IllegalArgumentException] that names the setting if one is out of bounds.
  static void check(AwsConfig config) {
    positive("api-call-timeout", config.apiCallTimeout());
    positive("api-call-attempt-timeout", config.apiCallAttemptTimeout());
    positive("key-pair-timeout", config.keyPairTimeout());
    positive("connection-timeout", config.connectionTimeout());
    positive("region-retry-delay", config.regionRetryDelay());
    positive("role-session-duration", config.roleSessionDuration());
    require(
        config.apiCallAttemptTimeout().compareTo(config.apiCallTimeout()) <= 0,
        "api-call-attempt-timeout",
        "must not be above api-call-timeout");
    require(
        config.roleSessionDuration().compareTo(LONGEST_SESSION) <= 0,
        "role-session-duration",
        "must not be above 12 hours");
    require(
        !config.assumeRoleRetryDelay().isNegative(),
        "assume-role-retry-delay",
        "must not be negative");
    require(
        config.maxAttempts() >= 1 && config.maxAttempts() <= 5, "max-attempts", "must be 1 to 5");
    require(config.maxConcurrency() >= 1, "max-concurrency", "must be at least 1");
    require(config.maxPendingCalls() >= 1, "max-pending-calls", "must be at least 1");
    require(config.clientCacheSize() >= 1, "client-cache-size", "must be at least 1");
    require(
        config.roleSessionName().matches("[A-Za-z0-9+=,.@_-]{2,64}"),
        "role-session-name",
        "must be 2 to 64 characters of A-Z a-z 0-9 + = , . @ _ -");
    require(
        config.principalArn().stream().allMatch(PolicyPrincipal::isPolicyPrincipal),
        "principal-arn",
        "must be the ARN of an IAM role or user, arn:aws:iam::…:role/… or arn:aws:iam::…:user/…");
  }

  private static void positive(String setting, Duration value) {
    require(value.isPositive(), setting, "must be above zero");
  }

  private static void require(boolean holds, String setting, String rule) {
    if (!holds) {
      throw new IllegalArgumentException("keybroker.aws." + setting + " " + rule);
    }
  }
}
