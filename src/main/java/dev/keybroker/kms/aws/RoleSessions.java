package dev.keybroker.kms.aws;

import dev.keybroker.kms.AssumedRole;
import dev.keybroker.kms.KmsAction;
import dev.keybroker.kms.KmsFailure;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Objects;
import java.util.SequencedMap;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;
import software.amazon.awssdk.regions.PartitionMetadata;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sts.StsAsyncClient;
import software.amazon.awssdk.services.sts.model.AssumeRoleRequest;
import software.amazon.awssdk.services.sts.model.AssumeRoleResponse;
import software.amazon.awssdk.services.sts.model.GetCallerIdentityResponse;

/// Starts sessions of tenants' roles: `sts:AssumeRole` by the broker's own principal, in the
/// broker's home region, or in an allowed region while STS does not answer there.
final class RoleSessions implements AutoCloseable {
  static final String ASSUME_ROLE = KmsAction.ASSUME_ROLE.action();

  /// AWS refuses shorter sessions.
  private static final Duration SHORTEST_SESSION = Duration.ofMinutes(15);

  /// The home region first.
  private final SequencedMap<String, StsAsyncClient> sts = new LinkedHashMap<>();

  private final Outages outages;
  private final Credentials own;
  private final AwsConfig config;
  private final InstantSource clock;

  RoleSessions(
      AwsClients sdk,
      List<String> allowedRegions,
      Outages outages,
      Credentials own,
      AwsConfig config,
      InstantSource clock) {
    this.outages = outages;
    this.own = own;
    this.config = config;
    this.clock = clock;
    String home = sdk.homeRegion().id();
    String partition = PartitionMetadata.of(sdk.homeRegion()).id();
    Stream.concat(
            Stream.of(home),
            allowedRegions.stream().filter(region -> Replicas.isOfPartition(partition, region)))
        .distinct()
        .forEach(region -> sts.put(region, sdk.sts(Region.of(region))));
  }

  /// Starts a new session. Fails with [KmsFailure].
  CompletableFuture<RoleSession> begin(AssumedRole role) {
    Instant begin = clock.instant();
    CallDeadline deadline = CallDeadline.in(config.apiCallTimeout());
    List<String> regions =
        outages.answeringFirst(List.copyOf(sts.sequencedKeySet()), region -> region);
    return own.get(ASSUME_ROLE, deadline)
        .thenCompose(credentials -> assume(role, regions, credentials, deadline))
        .thenApply(response -> session(response, begin))
        .handle(AwsFailures.orFailure(ASSUME_ROLE));
  }

  private CompletableFuture<AssumeRoleResponse> assume(
      AssumedRole role,
      List<String> regions,
      AwsCredentialsIdentity credentials,
      CallDeadline deadline) {
    String region = regions.getFirst();
    List<String> others = regions.subList(1, regions.size());
    CallDeadline time = others.isEmpty() ? deadline : deadline.half();
    return Objects.requireNonNull(sts.get(region))
        .assumeRole(
            request(role)
                .overrideConfiguration(FixedCredentials.override(credentials, time))
                .build())
        .whenComplete(
            (answer, trouble) -> {
              KmsFailure failure = trouble == null ? null : AwsFailures.of(ASSUME_ROLE, trouble);
              if (failure != null && isOutage(failure)) {
                outages.failed(region, failure);
              } else {
                outages.answered(region);
              }
            })
        .exceptionallyCompose(
            trouble ->
                !others.isEmpty() && isOutage(AwsFailures.of(ASSUME_ROLE, trouble))
                    ? assume(role, others, credentials, deadline)
                    : CompletableFuture.failedFuture(trouble));
  }

  /// Whether STS in another region may still answer. The role and its trust policy are the same
  /// everywhere.
  private static boolean isOutage(KmsFailure failure) {
    return failure.code().equals("RegionDisabledException")
        || (failure.kind() == KmsFailure.Kind.UNREACHABLE
            && !AwsFailures.isExpiredToken(failure)
            && !failure.code().equals("RequestExpired"));
  }

  CompletableFuture<GetCallerIdentityResponse> callerIdentity(
      AwsCredentialsIdentity credentials, CallDeadline deadline) {
    return sts.firstEntry()
        .getValue()
        .getCallerIdentity(
            request ->
                request.overrideConfiguration(FixedCredentials.override(credentials, deadline)));
  }

  @Override
  public void close() {
    sts.values().forEach(StsAsyncClient::close);
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
    var given = ResponseFields.required(response.credentials());
    AwsSessionCredentials credentials =
        AwsSessionCredentials.create(
            ResponseFields.required(given.accessKeyId()),
            ResponseFields.required(given.secretAccessKey()),
            ResponseFields.required(given.sessionToken()));
    Instant expiration = ResponseFields.required(given.expiration());
    Instant end = begin.plus(config.roleSessionDuration());
    return new RoleSession(credentials, begin, end.isBefore(expiration) ? end : expiration);
  }
}
