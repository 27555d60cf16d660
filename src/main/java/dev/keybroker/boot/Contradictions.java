package dev.keybroker.boot;

import dev.keybroker.access.jwt.JwtConfig;
import dev.keybroker.audit.DeliveryConfig;
import dev.keybroker.grpc.transport.ConnectionConfig;
import dev.keybroker.kek.KekCacheConfig;
import dev.keybroker.keystore.KeystoreConfig;
import dev.keybroker.keystore.KmsContextConfig;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.aws.AwsConfig;
import io.smallrye.config.SmallRyeConfig;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/// Rules that relate settings to each other, or need more than a comparison. The bounds of a single
/// setting are its [dev.keybroker.settings.Bounds]. A violation is one sentence that names the
/// setting.
final class Contradictions {
  private final List<String> found = new ArrayList<>();

  private Contradictions() {}

  static List<String> in(SmallRyeConfig config) {
    Contradictions all = new Contradictions();
    all.of(config.getConfigMapping(AwsConfig.class));
    all.of(config.getConfigMapping(DeliveryConfig.class));
    all.of(config.getConfigMapping(KekCacheConfig.class));
    all.of(config.getConfigMapping(ConnectionConfig.class));
    all.of(config.getConfigMapping(KeystoreConfig.class));
    all.of(config.getConfigMapping(KmsContextConfig.class));
    all.of(config.getConfigMapping(JwtConfig.class));
    return all.found;
  }

  static List<String> in(JwtConfig tokens) {
    Contradictions all = new Contradictions();
    all.of(tokens);
    return all.found;
  }

  private void of(AwsConfig aws) {
    require(
        aws.apiCallAttemptTimeout().compareTo(aws.apiCallTimeout()) <= 0,
        "keybroker.aws.api-call-attempt-timeout must not be above keybroker.aws.api-call-timeout");
  }

  private void of(DeliveryConfig delivery) {
    require(
        delivery.roleArn().isPresent() == delivery.externalId().isPresent(),
        "keybroker.audit.kinesis.role-arn and keybroker.audit.kinesis.external-id must be set"
            + " together");
    require(
        delivery.streamArn().isPresent() || delivery.roleArn().isEmpty(),
        "keybroker.audit.kinesis.stream-arn is missing, though keybroker.audit.kinesis.role-arn is"
            + " set");
  }

  private void of(KekCacheConfig keks) {
    require(
        keks.unwrapMaxAge().compareTo(keks.freshness()) >= 0,
        "keybroker.kek.unwrap-max-age must not be less than keybroker.kek.freshness");
  }

  private void of(ConnectionConfig connection) {
    require(
        connection.maxAgeGrace().compareTo(connection.maxCallDuration()) >= 0,
        "keybroker.connection.max-age-grace must not be less than"
            + " keybroker.connection.max-call-duration");
    // The server counts in milliseconds, so a smaller value would become zero: no limit.
    Duration permitted = connection.permitKeepAliveTime();
    require(
        permitted.isZero() || permitted.toMillis() > 0,
        "keybroker.connection.permit-keep-alive-time must be 0 or at least 1 ms");
  }

  private void of(KeystoreConfig keystores) {
    keystores
        .allowedRegions()
        .ifPresent(
            regions ->
                require(
                    keystores.brokerManagedKeyArn().map(arn -> KmsArn.parse(arn).region()).stream()
                        .allMatch(regions::contains),
                    "keybroker.keystore.broker-managed-key-arn is not in one of allowed-regions"));
  }

  private void of(KmsContextConfig context) {
    require(
        !context.tenantKey().equals(context.keystoreKey())
            && !context.extra().containsKey(context.tenantKey())
            && !context.extra().containsKey(context.keystoreKey()),
        "keybroker.kms-context names one pair twice");
  }

  private void of(JwtConfig jwt) {
    if (jwt.issuer().isEmpty()) {
      require(
          jwt.audience().isEmpty() && jwt.jwksUrl().isEmpty(),
          "keybroker.jwt.issuer is missing, though keybroker.jwt.audience or"
              + " keybroker.jwt.jwks-url is set");
      return;
    }
    require(
        jwt.audience().filter(it -> !it.isEmpty()).isPresent(),
        "keybroker.jwt.audience is missing, though keybroker.jwt.issuer is set");
    require(
        jwt.jwksUrl().isPresent(),
        "keybroker.jwt.jwks-url is missing, though keybroker.jwt.issuer is set");
    require(
        jwt.jwksUrl().stream().allMatch(Contradictions::isProtected),
        "keybroker.jwt.jwks-url must be https: an attacker with the power to change the keys in"
            + " transit could pass for any caller");
  }

  private static boolean isProtected(URI url) {
    if (url.getHost() == null) {
      return false;
    }
    try {
      return "https".equalsIgnoreCase(url.getScheme())
          || ("http".equalsIgnoreCase(url.getScheme())
              && InetAddress.getByName(url.getHost()).isLoopbackAddress());
    } catch (UnknownHostException e) {
      return false;
    }
  }

  private void require(boolean holds, String rule) {
    if (!holds) {
      found.add(rule);
    }
  }
}
