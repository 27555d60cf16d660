package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.DataKeyPairSpec;

class RequestQuotasTest extends LocalKmsTestCase {

  private static final String ALLOW_KMS = Policies.of(Policies.identity("Allow", "kms:*", "*"));

  @ParameterizedTest
  @CsvSource({"RSA_4096, 1", "RSA_3072, 4", "RSA_2048, 20", "ECC_NIST_P521, 100"})
  void keyPairs_moreThanTheQuotaOfTheirSpec_areThrottled(DataKeyPairSpec spec, int perSecond) {
    String key = newKey();
    server.enforceQuotas(true);
    for (int i = 0; i < perSecond; i++) {
      dryRun(admin, key, spec, "DryRunOperationException");
    }
    dryRun(admin, key, spec, "ThrottlingException");
    clock.advance(Duration.ofMillis(1000 / perSecond - 1));
    dryRun(admin, key, spec, "ThrottlingException");
    clock.advance(Duration.ofMillis(2));
    dryRun(admin, key, spec, "DryRunOperationException");
    dryRun(admin, key, spec, "ThrottlingException");
  }

  private static void dryRun(KmsClient kms, String key, DataKeyPairSpec spec, String expected) {
    assertCode(
        expected,
        () ->
            kms.generateDataKeyPairWithoutPlaintext(
                r -> r.keyId(key).keyPairSpec(spec).dryRun(true)));
  }

  @Test
  void quota_isOfTheCallersAccountAndItsOwnSpec() {
    String key =
        newKey(Policies.of(Policies.rootOf(TENANT), Policies.statement("Allow", BROKER, "kms:*")));
    server.enforceQuotas(true);
    try (KmsClient broker = kms(user(BROKER, "broker", ALLOW_KMS));
        KmsClient colleague = kms(user(BROKER, "colleague", ALLOW_KMS))) {
      dryRun(broker, key, DataKeyPairSpec.RSA_4096, "DryRunOperationException");
      dryRun(colleague, key, DataKeyPairSpec.RSA_4096, "ThrottlingException");
      dryRun(admin, key, DataKeyPairSpec.RSA_4096, "DryRunOperationException");
      dryRun(broker, key, DataKeyPairSpec.RSA_3072, "DryRunOperationException");
      broker.describeKey(r -> r.keyId(key));
    }
  }

  @Test
  void quotas_unlessTurnedOn_areNotEnforced() {
    String key = newKey();
    for (int i = 0; i < 3; i++) {
      dryRun(admin, key, DataKeyPairSpec.RSA_4096, "DryRunOperationException");
    }
    assertEquals(0, server.calls().of("GenerateDataKeyPair", "ThrottlingException"));
  }

  @Test
  void keys_moreThanFiveASecond_areThrottled() {
    server.enforceQuotas(true);
    for (int i = 0; i < 5; i++) {
      newKey();
    }
    assertRefused(
        "ThrottlingException",
        "You have exceeded the rate at which you may call KMS. Reduce the frequency of your"
            + " calls.",
        this::newKey);
  }

  @Test
  void assumeRole_moreThanTheQuota_isThrottled() {
    String role = server.role(TENANT, "r", Policies.of(Policies.trust(TENANT, "{}")), null);
    server.enforceQuotas(true);
    try (var sts = sts(user(TENANT, "admin", LocalKms.ADMINISTRATOR_ACCESS))) {
      for (int i = 0; i < 600; i++) {
        sts.assumeRole(r -> r.roleArn(role).roleSessionName("s1"));
      }
      assertCode("Throttling", () -> sts.assumeRole(r -> r.roleArn(role).roleSessionName("s1")));
    }
  }
}
