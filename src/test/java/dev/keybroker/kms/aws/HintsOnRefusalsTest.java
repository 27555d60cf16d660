package dev.keybroker.kms.aws;

import static dev.keybroker.kms.aws.LocalAws.BROKER;
import static dev.keybroker.kms.aws.LocalAws.BROKER_ARN;
import static dev.keybroker.kms.aws.LocalAws.CALLS;
import static dev.keybroker.kms.aws.LocalAws.EXTERNAL_ID;
import static dev.keybroker.kms.aws.LocalAws.HOME;
import static dev.keybroker.kms.aws.LocalAws.TENANT;
import static dev.keybroker.kms.aws.LocalAws.allow;
import static dev.keybroker.kms.aws.LocalAws.assuming;
import static dev.keybroker.kms.aws.LocalAws.identityPolicy;
import static dev.keybroker.kms.aws.LocalAws.tagging;
import static dev.keybroker.kms.aws.LocalAws.trust;
import static dev.keybroker.kms.aws.LocalAws.trustPolicy;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.embedded.kms.LocalKms;
import dev.keybroker.kms.AssumedRole;
import dev.keybroker.kms.Hint;
import dev.keybroker.kms.HintTopic;
import dev.keybroker.kms.Hints;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsContext;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.KmsKey;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.CreateKeyRequest;
import software.amazon.awssdk.services.kms.model.KeySpec;
import software.amazon.awssdk.services.kms.model.KeyUsageType;
import software.amazon.awssdk.services.kms.model.OriginType;

/// Each hint on the refusal that it is for, as AWS words it.
class HintsOnRefusalsTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final KmsContext CONTEXT = new KmsContext(Map.of("keybroker:tenant", "demo"));
  private static final String ROLE_ARN = "arn:aws:iam::" + TENANT + ":role/recordings";

  private LocalAws aws;
  private AwsKms kms;

  @BeforeEach
  void start() {
    aws = new LocalAws();
    kms = aws.kms(TestAwsConfig.patient());
  }

  @AfterEach
  void stop() throws Exception {
    aws.close();
  }

  @Test
  void keyPolicyOfAnotherAccountLacksThePrincipal_namesKeyPrincipalAndAction() {
    KmsKey key = new KmsKey(aws.tenantKey(HOME, "arn:aws:iam::" + TENANT + ":root"), null);

    assertHint(
        HintTopic.KEY_POLICY_OR_KEY_MISSING,
        key,
        kms.describe(new KeyUse(key, KmsContext.NONE)),
        key.arn().toString(),
        BROKER_ARN,
        "another Principal",
        "kms:DescribeKey");
  }

  @Test
  void keyPolicyLacksTheAction_namesIt() {
    KmsKey key =
        new KmsKey(aws.tenantKeyWith(HOME, allow(BROKER_ARN, "\"kms:DescribeKey\"", "")), null);
    kms.describe(new KeyUse(key, KmsContext.NONE)).await().atMost(LIMIT);

    assertHint(
        HintTopic.KEY_POLICY_OR_KEY_MISSING,
        key,
        generate(key),
        "Action lacks kms:GenerateDataKeyPairWithoutPlaintext",
        "If kms:DescribeKey works, the Principal is right");
  }

  @Test
  void conditionOnTheContextDoesNotHold_namesWhatTheBrokerSends() {
    String condition =
        """
        "Condition":{"StringEquals":{"kms:EncryptionContext:keybroker:tenant":"other"}}\
        """;
    KmsKey key = new KmsKey(aws.tenantKeyWith(HOME, allow(BROKER_ARN, CALLS, condition)), null);

    assertHint(
        HintTopic.KEY_POLICY_OR_KEY_MISSING,
        key,
        generate(key),
        "kms:EncryptionContext:keybroker:tenant = demo");
    assertHint(
        HintTopic.KEY_POLICY_OR_KEY_MISSING,
        key,
        kms.describe(new KeyUse(key, KmsContext.NONE)),
        "which kms:DescribeKey does not carry");
  }

  @Test
  void keyPolicyOfTheRolesAccount_namesTheRole() {
    AssumedRole role = aws.role("recordings");
    String other = aws.server.principal(TENANT, "other", null).arn();
    KmsArn arn =
        aws.create(
            TENANT,
            HOME,
            CreateKeyRequest.builder()
                .bypassPolicyLockoutSafetyCheck(true)
                .policy(
                    "{\"Version\":\"2012-10-17\",\"Statement\":[" + allow(other, CALLS, "") + "]}")
                .build());
    KmsKey key = new KmsKey(arn, role);

    assertHint(
        HintTopic.KEY_POLICY,
        key,
        kms.describe(new KeyUse(key, KmsContext.NONE)),
        role.roleArn(),
        arn.toString());
  }

  @Test
  void roleWithoutPermissions_namesTheRolesPolicy() {
    String role = aws.server.role(TENANT, "recordings", trust(BROKER_ARN, EXTERNAL_ID), null);
    KmsArn arn = aws.create(TENANT, HOME, CreateKeyRequest.builder().build());
    KmsKey key = new KmsKey(arn, new AssumedRole(role, EXTERNAL_ID));

    assertHint(HintTopic.ROLE_PERMISSIONS, key, generate(key), role, "permissions policy", "demo");
  }

  @Test
  void rolePolicyDenies_isAnOverridingPolicy() {
    String denies = identityPolicy("\"kms:*\"", "*").replace("Allow", "Deny");
    String role = aws.server.role(TENANT, "recordings", trust(BROKER_ARN, EXTERNAL_ID), denies);
    KmsKey key = new KmsKey(aws.tenantKey(HOME, role), new AssumedRole(role, EXTERNAL_ID));

    assertHint(
        HintTopic.OVERRIDING_POLICY,
        key,
        kms.describe(new KeyUse(key, KmsContext.NONE)),
        "Deny",
        role);
  }

  @Test
  void brokerWithoutPermissions_isNotTheTenantsMatter() {
    KmsKey key = new KmsKey(aws.tenantKey(HOME, BROKER_ARN), null);
    aws.server.principal(BROKER, "broker", null);

    assertHint(
        HintTopic.BROKER_PERMISSIONS,
        key,
        kms.describe(new KeyUse(key, KmsContext.NONE)),
        BROKER_ARN,
        "operator");
  }

  @Test
  void roleThatDoesNotTrustTheBroker_namesPrincipalAndExternalId() {
    KmsArn arn = aws.ownKey().arn();
    String[] trusts = {
      trust("arn:aws:iam::" + TENANT + ":root", EXTERNAL_ID), trust(BROKER_ARN, "another-id")
    };
    for (String trust : trusts) {
      aws.server.role(TENANT, "recordings", trust, LocalKms.ADMINISTRATOR_ACCESS);
      KmsKey key = new KmsKey(arn, new AssumedRole(ROLE_ARN, EXTERNAL_ID));

      assertHint(
          HintTopic.TRUST_POLICY,
          key,
          kms.assumeRole(new AssumedRole(ROLE_ARN, EXTERNAL_ID)),
          BROKER_ARN,
          EXTERNAL_ID,
          ROLE_ARN);
    }
  }

  @Test
  void taggedSessionAndATrustPolicyWithoutTagSession_isNotBlamedOnTheExternalId() {
    String broker = "arn:aws:iam::" + BROKER + ":role/keybroker";
    kms = aws.taggedKms("keybroker");
    aws.server.role(
        TENANT, "recordings", trust(broker, EXTERNAL_ID), LocalKms.ADMINISTRATOR_ACCESS);
    AssumedRole role = new AssumedRole(ROLE_ARN, EXTERNAL_ID);
    KmsKey key = new KmsKey(aws.ownKey().arn(), role);

    assertHint(
        HintTopic.SESSION_TAGS,
        key,
        kms.assumeRole(role),
        "trust policy lacks the Principal " + broker + " with the Action sts:TagSession",
        "--disable-session-tags",
        ROLE_ARN);

    String both = trustPolicy(assuming(broker, EXTERNAL_ID), tagging(broker));
    aws.server.role(TENANT, "recordings", both, LocalKms.ADMINISTRATOR_ACCESS);
    aws.taggedKms("keybroker").assumeRole(role).await().atMost(LIMIT);
  }

  @Test
  void sessionLongerThanTheRoleAllows_isARoleSession() {
    AwsKms longer =
        aws.kms(TestAwsConfig.patient().withSession(Duration.ofHours(3), Duration.ofSeconds(1)));
    KmsKey key = new KmsKey(aws.ownKey().arn(), aws.role("recordings"));

    assertHint(
        HintTopic.ROLE_SESSION,
        key,
        longer.describe(new KeyUse(key, KmsContext.NONE)),
        "role-session-duration");
  }

  @Test
  void keyStates_sayHowToEndThem() {
    KmsKey key = aws.ownKey();
    KmsClient admin = aws.admin(BROKER, HOME);
    String id = key.arn().toString();

    admin.disableKey(it -> it.keyId(id));
    assertHint(HintTopic.KEY_DISABLED, key, generate(key), "aws kms enable-key --key-id " + id);

    admin.scheduleKeyDeletion(it -> it.keyId(id));
    assertHint(
        HintTopic.KEY_PENDING_DELETION,
        key,
        generate(key),
        "aws kms cancel-key-deletion --key-id " + id);
  }

  @Test
  void keyWithoutMaterialOrKeyStore_isNoPendingDeletion() {
    KmsClient admin = aws.admin(BROKER, HOME);
    KmsKey imported =
        new KmsKey(
            aws.create(
                BROKER, HOME, CreateKeyRequest.builder().origin(OriginType.EXTERNAL).build()),
            null);
    assertHint(
        HintTopic.KEY_PENDING_IMPORT, imported, generate(imported), "Import the same material");
    assertUnavailable(generate(imported));

    KmsKey custom =
        new KmsKey(
            aws.create(
                BROKER,
                HOME,
                CreateKeyRequest.builder()
                    .origin(OriginType.AWS_CLOUDHSM)
                    .customKeyStoreId("cks-0123456789abcdef0")
                    .build()),
            null);
    byte[] ciphertext;
    try (SecretBytes secret = SecretBytes.copyOf(new byte[] {1, 2, 3})) {
      ciphertext =
          kms.encryptPrivateKey(new KeyUse(custom, CONTEXT), secret)
              .await()
              .atMost(LIMIT)
              .ciphertext();
    }
    admin.disconnectCustomKeyStore(it -> it.customKeyStoreId("cks-0123456789abcdef0"));
    assertHint(
        HintTopic.KEY_STORE_UNAVAILABLE,
        custom,
        kms.decryptPrivateKey(new KeyUse(custom, CONTEXT), ciphertext),
        "aws kms connect-custom-key-store");
    assertUnavailable(kms.decryptPrivateKey(new KeyUse(custom, CONTEXT), ciphertext));
    assertUnavailable(kms.checkDecrypt(new KeyUse(custom, CONTEXT), ciphertext));
    admin.connectCustomKeyStore(it -> it.customKeyStoreId("cks-0123456789abcdef0"));
    kms.decryptPrivateKey(new KeyUse(custom, CONTEXT), ciphertext).await().atMost(LIMIT).close();
  }

  private static void assertUnavailable(Uni<?> call) {
    KmsFailure failure = assertThrows(KmsFailure.class, () -> call.await().atMost(LIMIT));
    assertEquals(KmsFailure.Kind.KEY_UNAVAILABLE, failure.kind(), failure.detail());
  }

  @Test
  void missingAliasAndKey_areToldApart() {
    KmsKey alias = own("alias/nowhere");
    assertHint(
        HintTopic.ALIAS_MISSING,
        alias,
        kms.describe(new KeyUse(alias, KmsContext.NONE)),
        "aws kms list-aliases");

    KmsKey key = own("key/11111111-2222-3333-4444-555555555555");
    assertHint(
        HintTopic.KEY_MISSING, key, kms.describe(new KeyUse(key, KmsContext.NONE)), "eu-central-1");
  }

  @Test
  void asymmetricKeyAndCustomKeyStore_areToldApart() {
    KmsKey asymmetric =
        new KmsKey(
            aws.create(
                BROKER,
                HOME,
                CreateKeyRequest.builder()
                    .keySpec(KeySpec.RSA_2048)
                    .keyUsage(KeyUsageType.ENCRYPT_DECRYPT)
                    .build()),
            null);
    assertHint(HintTopic.ASYMMETRIC_KEY, asymmetric, generate(asymmetric), "SYMMETRIC_DEFAULT");

    KmsKey custom =
        new KmsKey(
            aws.create(
                BROKER,
                HOME,
                CreateKeyRequest.builder()
                    .origin(OriginType.EXTERNAL_KEY_STORE)
                    .customKeyStoreId("cks-0123456789abcdef0")
                    .xksKeyId("hsm-key-1")
                    .build()),
            null);
    assertHint(HintTopic.CUSTOM_KEY_STORE, custom, generate(custom), "kms:Encrypt");
  }

  @Test
  void ciphertextOfAnotherKeyOrContext_areToldApart() {
    KmsKey key = aws.ownKey();
    byte[] ciphertext;
    try (SecretBytes secret = SecretBytes.copyOf(new byte[] {1, 2, 3})) {
      ciphertext =
          kms.encryptPrivateKey(new KeyUse(key, CONTEXT), secret)
              .await()
              .atMost(LIMIT)
              .ciphertext();
    }
    KmsKey other = aws.ownKey();

    assertHint(
        HintTopic.WRONG_KEY,
        other,
        kms.decryptPrivateKey(new KeyUse(other, CONTEXT), ciphertext),
        "alias is moved");
    assertHint(
        HintTopic.CIPHERTEXT,
        key,
        kms.decryptPrivateKey(new KeyUse(key, new KmsContext(Map.of())), ciphertext),
        "encryption context");
  }

  private Uni<?> generate(KmsKey key) {
    return kms.generateKeyPair(new KeyUse(key, CONTEXT), KeyPairSpec.ECC_NIST_P256);
  }

  private static KmsKey own(String resource) {
    return new KmsKey(KmsArn.parse("arn:aws:kms:eu-central-1:" + BROKER + ":" + resource), null);
  }

  private void assertHint(HintTopic topic, KmsKey key, Uni<?> call, String... parts) {
    KmsFailure failure = assertThrows(KmsFailure.class, () -> call.await().atMost(LIMIT));
    String principal = kms.ownPrincipal().await().atMost(LIMIT);
    Hint hint = Hints.of(failure, new KeyUse(key, CONTEXT), principal);
    assertEquals(topic, hint.topic(), failure.code() + ": " + failure.detail());
    for (String part : parts) {
      assertTrue(hint.text().contains(part), () -> part + " is not in: " + hint.text());
    }
  }
}
