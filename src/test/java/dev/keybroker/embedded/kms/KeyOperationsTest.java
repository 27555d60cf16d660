package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.EncryptionAlgorithmSpec;
import software.amazon.awssdk.services.kms.model.KeyListEntry;
import software.amazon.awssdk.services.kms.model.KeyManagerType;
import software.amazon.awssdk.services.kms.model.KeyMetadata;
import software.amazon.awssdk.services.kms.model.KeySpec;
import software.amazon.awssdk.services.kms.model.KeyState;
import software.amazon.awssdk.services.kms.model.KeyUsageType;
import software.amazon.awssdk.services.kms.model.MultiRegionKeyType;
import software.amazon.awssdk.services.kms.model.OriginType;
import software.amazon.awssdk.services.kms.model.SigningAlgorithmSpec;
import software.amazon.awssdk.services.kms.model.Tag;

class KeyOperationsTest extends LocalKmsTestCase {

  private KeyMetadata describe(String key) {
    return admin.describeKey(r -> r.keyId(key)).keyMetadata();
  }

  @Test
  void createKey_byDefault_isAnEnabledSymmetricCustomerKey() {
    KeyMetadata key = describe(newKey());
    assertEquals(TENANT, key.awsAccountId());
    assertEquals("arn:aws:kms:eu-central-1:" + TENANT + ":key/" + key.keyId(), key.arn());
    assertTrue(key.enabled());
    assertEquals(KeyState.ENABLED, key.keyState());
    assertEquals(KeySpec.SYMMETRIC_DEFAULT, key.keySpec());
    assertEquals(KeyUsageType.ENCRYPT_DECRYPT, key.keyUsage());
    assertEquals(OriginType.AWS_KMS, key.origin());
    assertEquals(KeyManagerType.CUSTOMER, key.keyManager());
    assertEquals(clock.instant(), key.creationDate());
    assertEquals(List.of(EncryptionAlgorithmSpec.SYMMETRIC_DEFAULT), key.encryptionAlgorithms());
    assertFalse(key.multiRegion());
  }

  @Test
  void describeKey_byIdArnAliasAndAliasArn_isTheSameKey() {
    String arn = newKey();
    admin.createAlias(r -> r.aliasName("alias/recordings").targetKeyId(arn));
    String id = arn.substring(arn.lastIndexOf('/') + 1);
    for (String name :
        List.of(
            id,
            arn,
            "alias/recordings",
            "arn:aws:kms:eu-central-1:" + TENANT + ":alias/recordings")) {
      assertEquals(arn, describe(name).arn());
    }
  }

  @Test
  void createKey_asymmetric_isDescribedWithItsAlgorithms() {
    KeyMetadata ecc =
        admin
            .createKey(r -> r.keySpec(KeySpec.ECC_NIST_P384).keyUsage(KeyUsageType.SIGN_VERIFY))
            .keyMetadata();
    assertEquals(KeySpec.ECC_NIST_P384, ecc.keySpec());
    assertEquals(List.of(SigningAlgorithmSpec.ECDSA_SHA_384), ecc.signingAlgorithms());
    assertEquals(
        List.of(
            EncryptionAlgorithmSpec.RSAES_OAEP_SHA_1, EncryptionAlgorithmSpec.RSAES_OAEP_SHA_256),
        admin
            .createKey(r -> r.keySpec(KeySpec.RSA_3072).keyUsage(KeyUsageType.ENCRYPT_DECRYPT))
            .keyMetadata()
            .encryptionAlgorithms());
    assertCode("ValidationException", () -> admin.createKey(r -> r.keySpec(KeySpec.ECC_NIST_P256)));
  }

  @Test
  void createKey_inACustomKeyStore_isDescribedWithItsStore() {
    KeyMetadata hsm =
        admin
            .createKey(r -> r.origin(OriginType.AWS_CLOUDHSM).customKeyStoreId("cks-1"))
            .keyMetadata();
    KeyMetadata external =
        admin
            .createKey(
                r ->
                    r.origin(OriginType.EXTERNAL_KEY_STORE)
                        .customKeyStoreId("cks-2")
                        .xksKeyId("key-7"))
            .keyMetadata();
    assertEquals(OriginType.AWS_CLOUDHSM, hsm.origin());
    assertEquals("cks-1", hsm.customKeyStoreId());
    assertEquals(OriginType.EXTERNAL_KEY_STORE, external.origin());
    assertEquals("key-7", external.xksKeyConfiguration().id());
    assertCode(
        "ValidationException", () -> admin.createKey(r -> r.origin(OriginType.AWS_CLOUDHSM)));
  }

  @Test
  void awsManagedKey_directUse_isDeniedButDescribed() {
    String arn = server.awsManagedKey(TENANT, REGION.id(), "s3");
    KeyMetadata key = describe("alias/aws/s3");
    assertEquals(arn, key.arn());
    assertEquals(KeyManagerType.AWS, key.keyManager());
    assertEquals(arn, server.awsManagedKey(TENANT, REGION.id(), "s3"));
    assertRefused(
        "AccessDeniedException",
        "User: arn:aws:iam::111122223333:user/admin is not authorized to perform:"
            + " kms:GenerateDataKeyPair on resource: "
            + arn
            + " because no resource-based policy allows the kms:GenerateDataKeyPair action",
        () -> admin.generateDataKeyPair(r -> r.keyId(arn).keyPairSpec("RSA_2048")));
    assertCode("AccessDeniedException", () -> admin.disableKey(r -> r.keyId(arn)));
  }

  @Test
  void replicateKey_inAnotherRegion_sharesTheMaterial() {
    KeyMetadata primary = admin.createKey(r -> r.multiRegion(true)).keyMetadata();
    assertTrue(primary.keyId().startsWith("mrk-"));
    admin.replicateKey(r -> r.keyId(primary.keyId()).replicaRegion("us-east-1"));
    try (KmsClient elsewhere =
        clients.kms(user(TENANT, "admin", LocalKms.ADMINISTRATOR_ACCESS), Region.US_EAST_1)) {
      SdkBytes blob =
          admin.encrypt(r -> r.keyId(primary.arn()).plaintext(bytes("secret"))).ciphertextBlob();
      assertEquals(
          "secret", elsewhere.decrypt(r -> r.ciphertextBlob(blob)).plaintext().asUtf8String());
      KeyMetadata replica = elsewhere.describeKey(r -> r.keyId(primary.keyId())).keyMetadata();
      assertEquals(
          MultiRegionKeyType.REPLICA, replica.multiRegionConfiguration().multiRegionKeyType());
      assertEquals(primary.arn(), replica.multiRegionConfiguration().primaryKey().arn());
      assertEquals(
          replica.arn(),
          describe(primary.arn()).multiRegionConfiguration().replicaKeys().getFirst().arn());
      elsewhere.disableKey(r -> r.keyId(replica.arn()));
      assertTrue(describe(primary.arn()).enabled());
      assertCode(
          "AlreadyExistsException",
          () -> admin.replicateKey(r -> r.keyId(primary.keyId()).replicaRegion("us-east-1")));
    }
  }

  @Test
  void replicateKey_withoutCreateKeyInTheOtherRegion_isDenied() {
    KeyMetadata primary = admin.createKey(r -> r.multiRegion(true)).keyMetadata();
    try (KmsClient replicator =
        clients.kms(
            user(
                TENANT,
                "replicator",
                Policies.of(Policies.identity("Allow", "kms:ReplicateKey", "*"))),
            REGION)) {
      assertCode(
          "AccessDeniedException",
          () -> replicator.replicateKey(r -> r.keyId(primary.arn()).replicaRegion("us-east-1")));
    }
    assertCode(
        "ValidationException",
        () -> admin.replicateKey(r -> r.keyId(primary.arn()).replicaRegion("cn-north-1")));
  }

  @Test
  void deletePrimary_withReplicas_waitsForThem() {
    KeyMetadata primary = admin.createKey(r -> r.multiRegion(true)).keyMetadata();
    admin.replicateKey(r -> r.keyId(primary.keyId()).replicaRegion("us-east-1"));
    admin.scheduleKeyDeletion(r -> r.keyId(primary.arn()).pendingWindowInDays(7));
    assertEquals(KeyState.PENDING_REPLICA_DELETION, describe(primary.arn()).keyState());
    try (KmsClient elsewhere =
        clients.kms(user(TENANT, "admin", LocalKms.ADMINISTRATOR_ACCESS), Region.US_EAST_1)) {
      elsewhere.scheduleKeyDeletion(r -> r.keyId(primary.keyId()).pendingWindowInDays(10));
    }
    clock.advance(Duration.ofDays(10));
    KeyMetadata now = describe(primary.arn());
    assertEquals(KeyState.PENDING_DELETION, now.keyState());
    assertEquals(clock.instant().plus(Duration.ofDays(7)), now.deletionDate());
    clock.advance(Duration.ofDays(7));
    assertCode("NotFoundException", () -> describe(primary.arn()));
  }

  @Test
  void listKeys_ofManyKeys_comesInPagesOfTheOwnAccountAndRegion() {
    Set<String> made = new HashSet<>();
    for (int i = 0; i < 3; i++) {
      made.add(newKey());
    }
    try (KmsClient other = kms(user(BROKER, "admin", LocalKms.ADMINISTRATOR_ACCESS))) {
      other.createKey();
    }
    assertEquals(
        made,
        admin.listKeysPaginator(r -> r.limit(2)).keys().stream()
            .map(KeyListEntry::keyArn)
            .collect(Collectors.toSet()));
  }

  @Test
  void tags_addedAndRemoved_areListed() {
    String key = newKey();
    Tag team = Tag.builder().tagKey("team").tagValue("voice").build();
    admin.tagResource(
        r -> r.keyId(key).tags(team, Tag.builder().tagKey("a").tagValue("b").build()));
    admin.untagResource(r -> r.keyId(key).tagKeys("a"));
    assertEquals(List.of(team), admin.listResourceTags(r -> r.keyId(key)).tags());
    admin.updateKeyDescription(r -> r.keyId(key).description("recordings"));
    assertEquals("recordings", describe(key).description());
  }
}
