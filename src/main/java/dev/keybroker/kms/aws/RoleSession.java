package dev.keybroker.kms.aws;

import java.time.Duration;
import java.time.Instant;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;

/// A session of an assumed role.
///
/// @param begin when the broker received it
/// @param end when the broker stops using it
record RoleSession(AwsSessionCredentials credentials, Instant begin, Instant end) {
  boolean isOver(Instant now) {
    return !now.isBefore(end);
  }

  /// Whether it is in its last quarter, when the next one is fetched ahead.
  boolean isEnding(Instant now) {
    Duration quarter = Duration.between(begin, end).dividedBy(4);
    return !now.isBefore(end.minus(quarter));
  }
}
