package dev.keybroker.kms.aws;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.kms.DecryptedPrivateKey;
import dev.keybroker.kms.EncryptedPrivateKey;
import dev.keybroker.kms.GeneratedKeyPair;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsContext;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.KmsKey;
import dev.keybroker.kms.KmsKeyDescription;
import io.smallrye.mutiny.Uni;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.CreateKeyRequest;
import software.amazon.awssdk.services.kms.model.OriginType;

/// What the adapter gets from KMS where KMS gives it.
class AwsKmsTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final KmsContext CONTEXT =
      new KmsContext(Map.of("keybroker:tenant", "demo", "keybroker:keystore", "calls"));

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

  @ParameterizedTest
  @EnumSource(KeyPairSpec.class)
  void generateKeyPair_spec_givesHalvesOfOnePair(KeyPairSpec spec) throws Exception {
    KmsKey key = aws.ownKey();

    GeneratedKeyPair pair = await(kms.generateKeyPair(key, spec, CONTEXT));

    assertEquals(key.arn(), pair.keyArn());
    try (DecryptedPrivateKey decrypted =
        await(kms.decryptPrivateKey(key, pair.encryptedPrivateKey(), CONTEXT))) {
      assertNotNull(decrypted.requestId());
      assertPair(spec, pair.publicKey(), decrypted.privateKey());
    }
  }

  @Test
  void checkDecrypt_succeedsWhereDecryptWould_andFailsAsItWould() {
    KmsKey key = aws.ownKey();
    byte[] encrypted =
        await(kms.generateKeyPair(key, KeyPairSpec.ECC_NIST_P256, CONTEXT)).encryptedPrivateKey();

    await(kms.checkDecrypt(key, encrypted, CONTEXT));

    KmsFailure refused =
        assertThrows(
            KmsFailure.class,
            () -> await(kms.checkDecrypt(key, encrypted, new KmsContext(Map.of("a", "b")))));
    assertEquals(KmsFailure.Kind.CIPHERTEXT_REFUSED, refused.kind());
    assertEquals("kms:Decrypt", refused.action());
  }

  @Test
  void encryptPrivateKey_itsCiphertext_decryptsToTheSame() {
    KmsKey key = aws.ownKey();
    byte[] bytes = "not a key, but secret".getBytes(StandardCharsets.UTF_8);

    EncryptedPrivateKey encrypted;
    try (SecretBytes secret = SecretBytes.copyOf(bytes)) {
      encrypted = await(kms.encryptPrivateKey(key, secret, CONTEXT));
      assertArrayEquals(bytes, secret.toByteArray());
    }

    assertEquals(key.arn(), encrypted.keyArn());
    try (DecryptedPrivateKey decrypted =
        await(kms.decryptPrivateKey(key, encrypted.ciphertext(), CONTEXT))) {
      assertArrayEquals(bytes, decrypted.privateKey().toByteArray());
    }
  }

  @Test
  void generateKeyPair_byAlias_reportsTheKeysOwnArn() {
    KmsKey key = aws.ownKey();
    KmsClient admin = aws.admin(LocalAws.BROKER, LocalAws.HOME);
    admin.createAlias(it -> it.aliasName("alias/kek").targetKeyId(key.arn().toString()));
    KmsArn alias = KmsArn.parse("arn:aws:kms:eu-central-1:" + LocalAws.BROKER + ":alias/kek");

    GeneratedKeyPair pair =
        await(kms.generateKeyPair(new KmsKey(alias, null), KeyPairSpec.ECC_NIST_P256, CONTEXT));

    assertEquals(key.arn(), pair.keyArn());
  }

  @Test
  void call_keyOfAnotherRegionByRole_goesThereInTheRolesName() {
    var role = aws.role("recordings");
    KmsArn key = aws.tenantKey(Region.SA_EAST_1, role.roleArn());

    KmsKeyDescription description = await(kms.describe(new KmsKey(key, role)));

    assertEquals(key, description.keyArn());
    assertEquals(1, aws.server.calls().on(role.roleArn(), "AssumeRole"));
  }

  @Test
  void describe_customerKey_saysWhatItIs() {
    KmsKey key = aws.ownKey();

    assertEquals(
        new KmsKeyDescription(
            key.arn(),
            "Enabled",
            "ENCRYPT_DECRYPT",
            "SYMMETRIC_DEFAULT",
            true,
            false,
            List.of("eu-central-1")),
        await(kms.describe(key)));
  }

  @Test
  void describe_multiRegionKey_namesPrimaryAndReplicas() {
    KmsArn primary =
        aws.create(
            LocalAws.BROKER, LocalAws.HOME, CreateKeyRequest.builder().multiRegion(true).build());
    aws.admin(LocalAws.BROKER, LocalAws.HOME)
        .replicateKey(it -> it.keyId(primary.toString()).replicaRegion("us-west-2"));
    KmsArn replica = KmsArn.parse(primary.toString().replace(":eu-central-1:", ":us-west-2:"));

    List<String> regions = List.of("eu-central-1", "us-west-2");
    assertEquals(regions, await(kms.describe(new KmsKey(primary, null))).regions());
    assertEquals(regions, await(kms.describe(new KmsKey(replica, null))).regions());
  }

  @Test
  void describe_customKeyStore_isSeen() {
    KmsArn key =
        aws.create(
            LocalAws.BROKER,
            LocalAws.HOME,
            CreateKeyRequest.builder()
                .origin(OriginType.AWS_CLOUDHSM)
                .customKeyStoreId("cks-0123456789abcdef0")
                .build());

    assertTrue(await(kms.describe(new KmsKey(key, null))).inCustomKeyStore());
  }

  @Test
  void describe_awsManagedKey_isNotCustomerManaged() {
    String key = aws.server.awsManagedKey(LocalAws.BROKER, "eu-central-1", "s3");

    assertFalse(await(kms.describe(new KmsKey(KmsArn.parse(key), null))).customerManaged());
  }

  @Test
  void ownPrincipal_isTheBrokers() {
    assertEquals(LocalAws.BROKER_ARN, await(kms.ownPrincipal()));
  }

  @Test
  void endpoint_byName_isResolved() {
    URI byName = URI.create("http://localhost:" + aws.server.endpoint().getPort());
    AwsKms named =
        aws.opened(
            new AwsKms(aws.service(byName), TestAwsConfig.patient(), InstantSource.system()));

    assertEquals(LocalAws.BROKER_ARN, await(named.ownPrincipal()));
  }

  @Test
  void operation_notSubscribed_callsNobody() {
    KmsKey key = aws.ownKey();
    aws.server.calls().reset();

    Uni<KmsKeyDescription> description = kms.describe(key);
    assertEquals(0, aws.server.calls().total());

    await(description);
    await(description);
    assertEquals(2, aws.server.calls().of("DescribeKey"));
  }

  private static <T> T await(Uni<T> uni) {
    return uni.await().atMost(LIMIT);
  }

  private static void assertPair(KeyPairSpec spec, byte[] publicKey, SecretBytes privateKey)
      throws Exception {
    boolean rsa = spec.name().startsWith("RSA");
    KeyFactory factory = KeyFactory.getInstance(rsa ? "RSA" : "EC");
    PublicKey open = factory.generatePublic(new X509EncodedKeySpec(publicKey));
    PrivateKey secret = factory.generatePrivate(new PKCS8EncodedKeySpec(privateKey.toByteArray()));
    String algorithm = rsa ? "SHA256withRSA" : "SHA256withECDSA";
    Signature signer = Signature.getInstance(algorithm);
    signer.initSign(secret);
    signer.update(publicKey);
    Signature verifier = Signature.getInstance(algorithm);
    verifier.initVerify(open);
    verifier.update(publicKey);
    assertTrue(verifier.verify(signer.sign()));
  }
}
