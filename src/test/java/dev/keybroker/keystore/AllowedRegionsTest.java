package dev.keybroker.keystore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.crypto.DekWrapping;
import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.Kms;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsContext;
import dev.keybroker.kms.KmsKey;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import jakarta.inject.Inject;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// The setting `keybroker.keystore.allowed-regions`, as it is written, against keys in the local
/// KMS.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class AllowedRegionsTest {
  EmbeddedServices services;
  @Inject Kms kms;
  @Inject KeyPairSource keyPairs;
  @Inject KeyCodec codec;
  @Inject DekWrapping wrapping;
  @Inject SecureRandom random;
  @Inject Diagnosis diagnosis;
  @Inject Clock clock;

  @Test
  void key_inOneRegion_passesWhereThatIsAllowed() {
    try (TenantAccount account = new TenantAccount(services, EmbeddedServices.BROKER_ACCOUNT)) {
      String key = account.kms().createKey().keyMetadata().arn();
      assertPasses(key, "eu-central-1");
      assertPasses(key, "us-east-1,eu-central-1");
      assertPasses(key, "");
      assertRefused(key, "us-east-1,us-west-2");
    }
  }

  @Test
  void multiRegionKey_primaryOrReplicaAllowed_passes() {
    try (TenantAccount account = new TenantAccount(services, EmbeddedServices.BROKER_ACCOUNT)) {
      String primary = account.kms().createKey(r -> r.multiRegion(true)).keyMetadata().arn();
      assertRefused(primary, "us-east-1");
      String replica =
          account
              .kms()
              .replicateKey(r -> r.keyId(primary).replicaRegion("us-east-1"))
              .replicaKeyMetadata()
              .arn();
      assertEquals("us-east-1", KmsArn.parse(replica).region());
      for (String key : new String[] {primary, replica}) {
        assertPasses(key, "eu-central-1");
        assertPasses(key, "us-east-1");
        assertRefused(key, "us-west-2");
      }
    }
  }

  private void assertPasses(String keyArn, String allowedRegions) {
    CheckResult result = check(keyArn, allowedRegions);
    assertNull(result.failed(), result::toString);
    assertEquals(CheckResult.Kind.COMPARE, result.steps().getLast().kind());
  }

  private void assertRefused(String keyArn, String allowedRegions) {
    CheckResult.Step failed = check(keyArn, allowedRegions).failed();
    assertNotNull(failed);
    assertEquals(CheckResult.Kind.DESCRIBE_KEY, failed.kind());
    RootKeyError error = failed.error();
    assertNotNull(error);
    assertTrue(
        error
            .hint()
            .contains("the broker uses keys in " + allowedRegions.replace(",", ", ") + " only"),
        error::hint);
  }

  private CheckResult check(String keyArn, String allowedRegions) {
    KeystoreConfig config =
        new SmallRyeConfigBuilder()
            .withMapping(KeystoreConfig.class)
            .withSources(
                new PropertiesConfigSource(
                    Map.of("keybroker.keystore.allowed-regions", allowedRegions), "test", 100))
            .build()
            .getConfigMapping(KeystoreConfig.class);
    assertEquals(Optional.empty(), config.brokerManagedKeyArn());
    return new RootKeyCheck(kms, keyPairs, codec, wrapping, random, diagnosis, config, clock)
        .run(
            new KeyUse(
                new KmsKey(KmsArn.parse(keyArn), null),
                new KmsContext(Map.of("keybroker:tenant", "regions"))),
            KeyPairSpec.ECC_NIST_P256,
            "regions")
        .await()
        .atMost(Duration.ofSeconds(20));
  }
}
