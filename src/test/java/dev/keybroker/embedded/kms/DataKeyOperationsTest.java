package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.Signature;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kms.model.DataKeyPairSpec;
import software.amazon.awssdk.services.kms.model.DataKeySpec;
import software.amazon.awssdk.services.kms.model.GenerateDataKeyPairResponse;
import software.amazon.awssdk.services.kms.model.GenerateDataKeyPairWithoutPlaintextResponse;
import software.amazon.awssdk.services.kms.model.GenerateDataKeyResponse;
import software.amazon.awssdk.services.kms.model.KeySpec;
import software.amazon.awssdk.services.kms.model.KeyUsageType;
import software.amazon.awssdk.services.kms.model.OriginType;

class DataKeyOperationsTest extends LocalKmsTestCase {

  private static final Map<String, String> CONTEXT = Map.of("keybroker:tenant", "acme");

  @ParameterizedTest
  @CsvSource({
    "RSA_2048, 2048",
    "RSA_3072, 3072",
    "RSA_4096, 4096",
    "ECC_NIST_P256, 256",
    "ECC_NIST_P384, 384",
    "ECC_NIST_P521, 521"
  })
  void generateDataKeyPair_eachSpec_givesAPairWhoseHalvesMatch(DataKeyPairSpec spec, int bits)
      throws GeneralSecurityException {
    String key = newKey();
    GenerateDataKeyPairResponse pair =
        admin.generateDataKeyPair(r -> r.keyId(key).keyPairSpec(spec).encryptionContext(CONTEXT));
    assertEquals(key, pair.keyId());
    assertEquals(spec, pair.keyPairSpec());
    assertArrayEquals(
        pair.privateKeyPlaintext().asByteArray(),
        admin
            .decrypt(
                r ->
                    r.keyId(key)
                        .ciphertextBlob(pair.privateKeyCiphertextBlob())
                        .encryptionContext(CONTEXT))
            .plaintext()
            .asByteArray());

    boolean rsa = spec.toString().startsWith("RSA");
    KeyFactory factory = KeyFactory.getInstance(rsa ? "RSA" : "EC");
    PublicKey publicKey =
        factory.generatePublic(new X509EncodedKeySpec(pair.publicKey().asByteArray()));
    PrivateKey privateKey =
        factory.generatePrivate(new PKCS8EncodedKeySpec(pair.privateKeyPlaintext().asByteArray()));
    int size =
        rsa
            ? ((RSAPublicKey) publicKey).getModulus().bitLength()
            : ((ECPublicKey) publicKey).getParams().getCurve().getField().getFieldSize();
    assertEquals(bits, size);
    Signature signature = Signature.getInstance(rsa ? "SHA256withRSA" : "SHA256withECDSA");
    signature.initSign(privateKey);
    signature.update(new byte[] {1, 2, 3});
    byte[] signed = signature.sign();
    signature.initVerify(publicKey);
    signature.update(new byte[] {1, 2, 3});
    assertTrue(signature.verify(signed));
  }

  @Test
  void generateDataKeyPairWithoutPlaintext_decrypted_isThePrivateKey()
      throws GeneralSecurityException {
    String key = newKey();
    GenerateDataKeyPairWithoutPlaintextResponse pair =
        admin.generateDataKeyPairWithoutPlaintext(
            r ->
                r.keyId(key).keyPairSpec(DataKeyPairSpec.ECC_NIST_P256).encryptionContext(CONTEXT));
    byte[] privateKey =
        admin
            .decrypt(
                r -> r.ciphertextBlob(pair.privateKeyCiphertextBlob()).encryptionContext(CONTEXT))
            .plaintext()
            .asByteArray();
    assertEquals(
        "PKCS#8",
        KeyFactory.getInstance("EC")
            .generatePrivate(new PKCS8EncodedKeySpec(privateKey))
            .getFormat());
    assertCode(
        "InvalidCiphertextException",
        () -> admin.decrypt(r -> r.ciphertextBlob(pair.privateKeyCiphertextBlob())));
  }

  @ParameterizedTest
  @CsvSource({"AWS_CLOUDHSM,", "EXTERNAL_KEY_STORE, xks-1"})
  void generateDataKeyPair_inACustomKeyStore_isRefused(OriginType origin, String externalKey) {
    String key =
        admin
            .createKey(
                r ->
                    r.origin(origin)
                        .customKeyStoreId("cks-0123456789abcdef0")
                        .xksKeyId(externalKey))
            .keyMetadata()
            .arn();
    String message = key + " origin is " + origin + " which is not valid for this operation.";
    assertRefused(
        "UnsupportedOperationException",
        message,
        () -> admin.generateDataKeyPair(r -> r.keyId(key).keyPairSpec("RSA_2048")));
    assertRefused(
        "UnsupportedOperationException",
        message,
        () -> admin.generateDataKeyPairWithoutPlaintext(r -> r.keyId(key).keyPairSpec("RSA_2048")));
    GenerateDataKeyResponse dataKey =
        admin.generateDataKey(r -> r.keyId(key).keySpec(DataKeySpec.AES_256));
    assertEquals(
        dataKey.plaintext(),
        admin.decrypt(r -> r.ciphertextBlob(dataKey.ciphertextBlob())).plaintext());
  }

  @Test
  void generateDataKeyPair_underAnAsymmetricKey_isRefused() {
    String signing =
        admin
            .createKey(r -> r.keySpec(KeySpec.RSA_2048).keyUsage(KeyUsageType.SIGN_VERIFY))
            .keyMetadata()
            .arn();
    String encrypting =
        admin
            .createKey(r -> r.keySpec(KeySpec.RSA_2048).keyUsage(KeyUsageType.ENCRYPT_DECRYPT))
            .keyMetadata()
            .arn();
    assertRefused(
        "InvalidKeyUsageException",
        signing + " key usage is SIGN_VERIFY which is not valid for GenerateDataKeyPair.",
        () -> admin.generateDataKeyPair(r -> r.keyId(signing).keyPairSpec("RSA_2048")));
    assertCode(
        "UnsupportedOperationException",
        () -> admin.generateDataKeyPair(r -> r.keyId(encrypting).keyPairSpec("RSA_2048")));
  }

  @Test
  void generateDataKeyPair_dryRunOrUnknownSpec_isRefused() {
    String key = newKey();
    assertCode(
        "DryRunOperationException",
        () -> admin.generateDataKeyPair(r -> r.keyId(key).keyPairSpec("RSA_4096").dryRun(true)));
    assertCode(
        "UnsupportedOperationException",
        () -> admin.generateDataKeyPair(r -> r.keyId(key).keyPairSpec("SM2")));
  }

  @Test
  void generateDataKey_bySpecOrLength_givesSoManyBytes() {
    String key = newKey();
    GenerateDataKeyResponse spec =
        admin.generateDataKey(r -> r.keyId(key).keySpec("AES_128").encryptionContext(CONTEXT));
    GenerateDataKeyResponse length = admin.generateDataKey(r -> r.keyId(key).numberOfBytes(64));
    assertEquals(16, spec.plaintext().asByteArray().length);
    assertEquals(64, length.plaintext().asByteArray().length);
    assertEquals(
        spec.plaintext(),
        admin
            .decrypt(r -> r.ciphertextBlob(spec.ciphertextBlob()).encryptionContext(CONTEXT))
            .plaintext());
    assertNotEquals(
        length.plaintext(), admin.generateDataKey(r -> r.keyId(key).numberOfBytes(64)).plaintext());
    assertRefused(
        "ValidationException",
        "Please specify either number of bytes or key spec.",
        () -> admin.generateDataKey(r -> r.keyId(key)));
    assertCode(
        "ValidationException", () -> admin.generateDataKey(r -> r.keyId(key).numberOfBytes(1025)));
  }

  @Test
  void generateDataKeyWithoutPlaintext_decrypted_isADataKey() {
    String key = newKey();
    SdkBytes blob =
        admin
            .generateDataKeyWithoutPlaintext(r -> r.keyId(key).keySpec(DataKeySpec.AES_256))
            .ciphertextBlob();
    assertEquals(32, admin.decrypt(r -> r.ciphertextBlob(blob)).plaintext().asByteArray().length);
  }
}
