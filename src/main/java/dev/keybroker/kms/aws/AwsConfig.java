package dev.keybroker.kms.aws;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/// How the broker calls AWS KMS and STS.
///
/// Where they are and who the broker is, the settings of the Quarkus extension say:
/// `quarkus.kms.aws.region`, `quarkus.kms.aws.credentials.*` (default: the SDK's provider chain)
/// and `quarkus.kms.endpoint-override`.
@ConfigMapping(prefix = "keybroker.aws")
public interface AwsConfig {
  /// The ARN of the broker's own principal as policies name it, e.g.
  /// `arn:aws:iam::111122223333:role/service/keybroker`. Required for a role with a path, since AWS
  /// does not report the path; otherwise AWS is asked. The broker compares it with
  /// `sts:GetCallerIdentity` at the start and stops if it names somebody else.
  Optional<String> principalArn();

  /// Where STS is. Default: `quarkus.kms.endpoint-override` where that is set (LocalStack and the
  /// local KMS serve both), else the regional endpoint of AWS.
  Optional<URI> stsEndpointOverride();

  /// Longest time for one attempt of a call, the wait for a connection included. Above zero and at
  /// most `api-call-timeout`.
  @WithDefault("1S")
  Duration apiCallAttemptTimeout();

  /// Longest time for a call with its retries and, where the role's credentials are not at hand,
  /// the call of STS before it. If more than one allowed region can do it, each but the last has
  /// half of the time that is left. Above zero. Less than the deadline of those who call the
  /// broker, or they never learn why it failed.
  @WithDefault("3S")
  Duration apiCallTimeout();

  /// Longest time in which KMS makes a key pair, in place of both times above: RSA takes it
  /// seconds. Above zero.
  @WithDefault("15S")
  Duration keyPairTimeout();

  /// Longest time to open a connection, the TLS handshake included. Above zero.
  @WithDefault("0.5S")
  Duration connectionTimeout();

  /// Most attempts of one call within `api-call-timeout`: throttled, unreachable and failing
  /// services are asked again. 1 to 5; 1 means no retries.
  @WithDefault("2")
  int maxAttempts();

  /// Most connections to one endpoint (KMS of one region, or STS), each for one call at a time. At
  /// least 1; many times `keybroker.kms-guard.concurrency`.
  @WithDefault("500")
  int maxConcurrency();

  /// Most calls that wait for a connection to one endpoint; what is above fails at once. At least
  /// 1.
  @WithDefault("10000")
  int maxPendingCalls();

  /// How long the credentials of a tenant's role are used; they are renewed in the last quarter. It
  /// bounds how long a withdrawn trust policy goes unnoticed, since AWS ends no session that has
  /// begun. Above zero, at most 12 hours; more than one hour needs a role with such a
  /// MaxSessionDuration, and a broker that is not itself a role's session. AWS gives no session
  /// below 15 minutes: a shorter time asks for those and gives them up earlier.
  @WithDefault("1H")
  Duration roleSessionDuration();

  /// The name of the broker's sessions of the tenants' roles, as their CloudTrail shows it. 2 to 64
  /// characters of `A-Z a-z 0-9 + = , . @ _ -`.
  @WithDefault("keybroker")
  String roleSessionName();

  /// For how long a failed AssumeRole answers further calls of that role. Zero: every call asks
  /// STS again.
  @WithDefault("1S")
  Duration assumeRoleRetryDelay();

  /// How long a region that does not answer is asked last, where another allowed region can do the
  /// same: KMS for multi-Region keys, STS for tenants' roles. After it one call tries again. Above
  /// zero.
  @WithDefault("5S")
  Duration regionRetryDelay();

  /// Most SDK clients (one per role and region, about 25 kB each) and most roles with credentials
  /// kept; the least used go first. At least 1; above the number of roles in use, or roles are
  /// assumed again and again.
  @WithDefault("2000")
  int clientCacheSize();
}
