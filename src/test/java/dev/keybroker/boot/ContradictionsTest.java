package dev.keybroker.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.keybroker.access.jwt.JwtConfig;
import dev.keybroker.audit.DeliveryConfig;
import dev.keybroker.grpc.transport.ConnectionConfig;
import dev.keybroker.kek.KekCacheConfig;
import dev.keybroker.keystore.KeystoreConfig;
import dev.keybroker.keystore.KmsContextConfig;
import dev.keybroker.kms.aws.AwsConfig;
import io.quarkus.runtime.configuration.DurationConverter;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ContradictionsTest {
  private static final Map<String, String> TOKENS =
      Map.of(
          "keybroker.jwt.issuer", "https://issuer.example",
          "keybroker.jwt.audience", "keybroker",
          "keybroker.jwt.jwks-url", "https://issuer.example/jwks");

  private static List<String> of(Map<String, String> properties) {
    return Contradictions.in(
        new SmallRyeConfigBuilder()
            .withConverter(Duration.class, 1_000, new DurationConverter())
            .withMapping(JwtConfig.class)
            .withMapping(ConnectionConfig.class)
            .withMapping(AwsConfig.class)
            .withMapping(DeliveryConfig.class)
            .withMapping(KekCacheConfig.class)
            .withMapping(KeystoreConfig.class)
            .withMapping(KmsContextConfig.class)
            .withSources(new PropertiesConfigSource(properties, "test", 100))
            .build());
  }

  @Test
  void defaults_agree() {
    assertEquals(List.of(), of(Map.of()));
    assertEquals(List.of(), of(TOKENS));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "keybroker.aws.api-call-attempt-timeout | 3s | 3.001s |"
            + " keybroker.aws.api-call-attempt-timeout must not be above"
            + " keybroker.aws.api-call-timeout",
        "keybroker.kek.freshness | 24h | 25h | keybroker.kek.unwrap-max-age must not be less than"
            + " keybroker.kek.freshness",
        "keybroker.connection.max-age-grace | 60s | 59s | keybroker.connection.max-age-grace must"
            + " not be less than keybroker.connection.max-call-duration",
        "keybroker.connection.permit-keep-alive-time | 0s | PT0.0009S |"
            + " keybroker.connection.permit-keep-alive-time must be 0 or at least 1 ms",
        "keybroker.kms-context.tenant-key | tenant | keybroker:keystore | keybroker.kms-context"
            + " names one pair twice",
        "keybroker.kms-context.extra.\"keybroker:keystore\" | | pair | keybroker.kms-context names"
            + " one pair twice",
        "keybroker.kms-context.extra.\"keybroker:tenant\" | | pair | keybroker.kms-context names"
            + " one pair twice",
      })
  void setting_againstAnother_isNamed(String property, String good, String bad, String violation) {
    if (good != null) {
      assertEquals(List.of(), of(Map.of(property, good)));
    }
    assertEquals(List.of(violation), of(Map.of(property, bad)));
  }

  @ParameterizedTest
  @CsvSource({
    "audience, keybroker.jwt.audience is missing",
    "jwks-url, keybroker.jwt.jwks-url is missing",
    "issuer, keybroker.jwt.issuer is missing",
  })
  void tokens_withOneSettingMissing_areRefused(String missing, String violation) {
    Map<String, String> settings = new HashMap<>(TOKENS);
    settings.remove("keybroker.jwt." + missing);
    assertEquals(
        List.of(violation), of(settings).stream().map(it -> it.replaceAll(",.*", "")).toList());
  }

  @ParameterizedTest
  @CsvSource({
    "https://issuer.example/jwks, true",
    "http://127.0.0.1:8080/jwks, true",
    "http://issuer.example/jwks, false",
    "file:///jwks, false",
  })
  void keysOfTheIssuer_areFetchedOverAProtectedConnection(String url, boolean allowed) {
    Map<String, String> settings = new HashMap<>(TOKENS);
    settings.put("keybroker.jwt.jwks-url", url);
    assertEquals(
        allowed ? List.of() : List.of("keybroker.jwt.jwks-url must be https"),
        of(settings).stream().map(it -> it.replaceAll(":.*", "")).toList());
  }

  @ParameterizedTest
  @CsvSource({"eu-central-1, true", "eu-west-1, false"})
  void brokerManagedKey_isInAnAllowedRegion(String region, boolean allowed) {
    Map<String, String> settings =
        Map.of(
            "keybroker.keystore.broker-managed-key-arn",
            "arn:aws:kms:eu-central-1:111122223333:alias/keybroker",
            "keybroker.keystore.allowed-regions",
            region + ",us-east-1");
    assertEquals(
        allowed
            ? List.of()
            : List.of("keybroker.keystore.broker-managed-key-arn is not in one of allowed-regions"),
        of(settings));
  }

  @Test
  void roleOfTheDataStream_needsItsExternalIdAndAStream() {
    String prefix = "keybroker.audit.kinesis.";
    Map<String, String> all =
        Map.of(
            prefix + "stream-arn", "arn:aws:kinesis:eu-central-1:111122223333:stream/audit",
            prefix + "role-arn", "arn:aws:iam::111122223333:role/audit",
            prefix + "external-id", "right");
    assertEquals(List.of(), of(all));

    assertEquals(
        List.of(
            "keybroker.audit.kinesis.role-arn and keybroker.audit.kinesis.external-id must be set"
                + " together"),
        of(without(all, prefix + "external-id")));
    assertEquals(
        List.of(
            "keybroker.audit.kinesis.stream-arn is missing, though"
                + " keybroker.audit.kinesis.role-arn is set"),
        of(without(all, prefix + "stream-arn")));
  }

  private static Map<String, String> without(Map<String, String> all, String name) {
    Map<String, String> rest = new HashMap<>(all);
    rest.remove(name);
    return rest;
  }
}
