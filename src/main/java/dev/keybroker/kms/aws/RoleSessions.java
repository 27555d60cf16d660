package dev.keybroker.kms.aws;

import dev.keybroker.kms.AssumedRole;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.services.sts.StsAsyncClient;
import software.amazon.awssdk.services.sts.model.AssumeRoleRequest;
import software.amazon.awssdk.services.sts.model.AssumeRoleResponse;

/// Begins sessions of tenants' roles: `sts:AssumeRole` by the broker's own principal.
final class RoleSessions {
  static final String ASSUME_ROLE = "sts:AssumeRole";

  /// AWS refuses shorter ones.
  private static final Duration SHORTEST_SESSION = Duration.ofMinutes(15);

  private final StsAsyncClient sts;
  private final Credentials own;
  private final AwsConfig config;
  private final InstantSource clock;

  RoleSessions(StsAsyncClient sts, Credentials own, AwsConfig config, InstantSource clock) {
    this.sts = sts;
    this.own = own;
    this.config = config;
    this.clock = clock;
  }

  /// A new session. Fails with [dev.keybroker.kms.KmsFailure].
  CompletableFuture<RoleSession> begin(AssumedRole role) {
    Instant begin = clock.instant();
    CallDeadline deadline = CallDeadline.in(config.apiCallTimeout());
    return own.get(ASSUME_ROLE, deadline)
        .thenCompose(
            credentials ->
                sts.assumeRole(
                    request(role)
                        .overrideConfiguration(Given.override(credentials, deadline))
                        .build()))
        .thenApply(response -> session(response, begin))
        .handle(AwsFailures.orFailure(ASSUME_ROLE));
  }

  private AssumeRoleRequest.Builder request(AssumedRole role) {
    Duration duration =
        config.roleSessionDuration().compareTo(SHORTEST_SESSION) < 0
            ? SHORTEST_SESSION
            : config.roleSessionDuration();
    return AssumeRoleRequest.builder()
        .roleArn(role.roleArn())
        .externalId(role.externalId())
        .roleSessionName(config.roleSessionName())
        .durationSeconds(Math.toIntExact(duration.toSeconds()));
  }

  private RoleSession session(AssumeRoleResponse response, Instant begin) {
    var given = Answers.required(response.credentials());
    AwsSessionCredentials credentials =
        AwsSessionCredentials.create(
            Answers.required(given.accessKeyId()),
            Answers.required(given.secretAccessKey()),
            Answers.required(given.sessionToken()));
    Instant expiration = Answers.required(given.expiration());
    Instant end = begin.plus(config.roleSessionDuration());
    return new RoleSession(credentials, begin, end.isBefore(expiration) ? end : expiration);
  }
}
