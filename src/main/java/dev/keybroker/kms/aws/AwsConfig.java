package dev.keybroker.kms.aws;

import dev.keybroker.kms.PolicyPrincipal;
import dev.keybroker.settings.Bounds;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;

/// How the broker calls AWS KMS and STS.
///
/// The settings of the Quarkus extension name the home region, the endpoint and the broker's
/// principal: `quarkus.kms.aws.region`, `quarkus.kms.aws.credentials.*` (default: the SDK's
/// provider chain) and `quarkus.kms.endpoint-override`.
@ConfigMapping(prefix = "keybroker.aws")
public interface AwsConfig {
  /// The ARN of the broker's own principal as policies name it, e.g.
  /// `arn:aws:iam::111122223333:role/service/keybroker`. Required for a role with a path, since AWS
  /// does not report the path; otherwise the broker asks AWS. At startup, the broker compares it
  /// with `sts:GetCallerIdentity` and stops if it names another principal.
  @Bounds(
      pattern = PolicyPrincipal.ROLE_OR_USER,
      form = "the ARN of an IAM role or user, `arn:aws:iam::…:role/…` or `arn:aws:iam::…:user/…`")
  Optional<String> principalArn();

  /// The endpoint of STS. Default: `quarkus.kms.endpoint-override` if that is set (LocalStack and
  /// the local KMS serve both), otherwise the regional endpoint of AWS.
  Optional<URI> stsEndpointOverride();

  /// Longest time for one attempt of a call, including the wait for a connection. At most
  /// `api-call-timeout`.
  @WithDefault("1S")
  @Bounds(above = "0")
  Duration apiCallAttemptTimeout();

  /// Longest time for a call with its retries and, if the broker has no valid credentials of the
  /// role, the call of STS before it. If more than one allowed region can serve the call, each
  /// except the last gets half of the remaining time. Set it below the deadline of the broker's
  /// callers, or they never learn why it failed.
  @WithDefault("3S")
  @Bounds(above = "0")
  Duration apiCallTimeout();

  /// Longest time for KMS to make a key pair, in place of both times above: RSA keys take seconds.
  @WithDefault("15S")
  @Bounds(above = "0")
  Duration keyPairTimeout();

  /// Longest time to open a connection, including the TLS handshake.
  @WithDefault("0.5S")
  @Bounds(above = "0")
  Duration connectionTimeout();

  /// Most attempts of one call within `api-call-timeout`. The broker retries if the service
  /// throttles, cannot be reached or fails. 1 means no retries.
  @WithDefault("2")
  @Bounds(atLeast = "1", atMost = "5")
  int maxAttempts();

  /// Most connections to one endpoint (KMS of one region, or STS), each for one call at a time. Set
  /// it to many times `keybroker.kms-guard.concurrency`.
  @WithDefault("500")
  @Bounds(atLeast = "1")
  int maxConcurrency();

  /// Most calls that wait for a connection to one endpoint. Further calls fail at once.
  @WithDefault("10000")
  @Bounds(atLeast = "1")
  int maxPendingCalls();

  /// How long the credentials of a tenant's role are used; they are renewed in the last quarter. It
  /// bounds how long a withdrawn trust policy goes unnoticed, since AWS does not end a session that
  /// has started. More than one hour needs a role with such a MaxSessionDuration, and a broker that
  /// is not itself a role's session. AWS gives no session below 15 minutes: for a shorter time, the
  /// broker requests 15 minutes and stops using the session earlier.
  @WithDefault("1H")
  @Bounds(above = "0", atMost = "12 h")
  Duration roleSessionDuration();

  /// The name of the broker's sessions of the tenants' roles, as their CloudTrail shows it.
  @WithDefault("keybroker")
  @Bounds(
      pattern = "[A-Za-z0-9+=,.@_-]{2,64}",
      form = "2 to 64 characters of `A-Z a-z 0-9 + = , . @ _ -`")
  String roleSessionName();

  /// How long a failed AssumeRole is the answer to further calls of that role. Zero: every call
  /// asks STS again.
  @WithDefault("1S")
  @Bounds(atLeast = "0")
  Duration assumeRoleRetryDelay();

  /// How long a region that does not answer is asked last, if another allowed region can serve the
  /// call: KMS for multi-Region keys, STS for tenants' roles. After that, one call tries the region
  /// again.
  @WithDefault("5S")
  @Bounds(above = "0")
  Duration regionRetryDelay();

  /// Most SDK clients (one per role and region, about 25 kB each) and most roles with credentials
  /// to keep. The least used are dropped first. Set it above the number of roles in use, or the
  /// broker assumes roles again and again.
  @WithDefault("2000")
  @Bounds(atLeast = "1")
  int clientCacheSize();
}
