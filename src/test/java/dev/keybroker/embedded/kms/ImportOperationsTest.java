package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import javax.crypto.Cipher;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kms.model.AlgorithmSpec;
import software.amazon.awssdk.services.kms.model.ExpirationModelType;
import software.amazon.awssdk.services.kms.model.GetParametersForImportResponse;
import software.amazon.awssdk.services.kms.model.GrantOperation;
import software.amazon.awssdk.services.kms.model.KeyState;
import software.amazon.awssdk.services.kms.model.OriginType;
import software.amazon.awssdk.services.kms.model.WrappingKeySpec;

/// Keys with imported material, and keys of custom key stores that are not connected.
class ImportOperationsTest extends LocalKmsTestCase {

  private static final byte[] MATERIAL = "0123456789abcdef0123456789abcdef".getBytes();

  private KeyState state(String key) {
    return admin.describeKey(r -> r.keyId(key)).keyMetadata().keyState();
  }

  private void encrypt(String key) {
    admin.encrypt(r -> r.keyId(key).plaintext(bytes("x")));
  }

  private void importMaterial(String key, byte[] material) throws GeneralSecurityException {
    GetParametersForImportResponse parameters =
        admin.getParametersForImport(
            r ->
                r.keyId(key)
                    .wrappingAlgorithm(AlgorithmSpec.RSAES_OAEP_SHA_256)
                    .wrappingKeySpec(WrappingKeySpec.RSA_2048));
    PublicKey wrapping =
        KeyFactory.getInstance("RSA")
            .generatePublic(new X509EncodedKeySpec(parameters.publicKey().asByteArray()));
    Cipher cipher = Cipher.getInstance("RSA/ECB/OAEPPadding");
    cipher.init(
        Cipher.ENCRYPT_MODE,
        wrapping,
        new OAEPParameterSpec(
            "SHA-256", "MGF1", MGF1ParameterSpec.SHA256, PSource.PSpecified.DEFAULT));
    SdkBytes encrypted = SdkBytes.fromByteArray(cipher.doFinal(material));
    admin.importKeyMaterial(
        r ->
            r.keyId(key)
                .importToken(parameters.importToken())
                .encryptedKeyMaterial(encrypted)
                .expirationModel(ExpirationModelType.KEY_MATERIAL_DOES_NOT_EXPIRE));
  }

  @Test
  void key_withoutItsMaterial_isPendingImportAndUnusable() throws GeneralSecurityException {
    String key = admin.createKey(r -> r.origin(OriginType.EXTERNAL)).keyMetadata().arn();
    assertEquals(KeyState.PENDING_IMPORT, state(key));
    assertRefused("KMSInvalidStateException", key + " is pending import.", () -> encrypt(key));
    assertCode(
        "KMSInvalidStateException",
        () -> admin.generateDataKeyPair(r -> r.keyId(key).keyPairSpec("ECC_NIST_P256")));
    assertCode("KMSInvalidStateException", () -> admin.enableKey(r -> r.keyId(key)));
    assertCode(
        "KMSInvalidStateException",
        () ->
            admin.createGrant(
                r ->
                    r.keyId(key)
                        .granteePrincipal("arn:aws:iam::" + TENANT + ":user/admin")
                        .operations(GrantOperation.ENCRYPT)));

    importMaterial(key, MATERIAL);
    assertEquals(KeyState.ENABLED, state(key));
    SdkBytes blob = admin.encrypt(r -> r.keyId(key).plaintext(bytes("x"))).ciphertextBlob();

    admin.deleteImportedKeyMaterial(r -> r.keyId(key));
    assertEquals(KeyState.PENDING_IMPORT, state(key));
    assertCode("KMSInvalidStateException", () -> admin.decrypt(r -> r.ciphertextBlob(blob)));

    byte[] other = MATERIAL.clone();
    other[0]++;
    assertCode("IncorrectKeyMaterialException", () -> importMaterial(key, other));
    importMaterial(key, MATERIAL);
    assertEquals("x", admin.decrypt(r -> r.ciphertextBlob(blob)).plaintext().asUtf8String());
  }

  @Test
  void import_intoAKeyOfAwsOrWithAStrangeToken_isRefused() {
    String own = newKey();
    assertCode(
        "UnsupportedOperationException",
        () ->
            admin.getParametersForImport(
                r ->
                    r.keyId(own)
                        .wrappingAlgorithm(AlgorithmSpec.RSAES_OAEP_SHA_256)
                        .wrappingKeySpec(WrappingKeySpec.RSA_2048)));
    String key = admin.createKey(r -> r.origin(OriginType.EXTERNAL)).keyMetadata().arn();
    assertCode(
        "InvalidImportTokenException",
        () ->
            admin.importKeyMaterial(
                r ->
                    r.keyId(key)
                        .importToken(bytes("none"))
                        .encryptedKeyMaterial(bytes("none"))
                        .expirationModel(ExpirationModelType.KEY_MATERIAL_DOES_NOT_EXPIRE)));
  }

  @Test
  void customKeyStore_disconnected_makesItsKeysUnavailable() {
    String key =
        admin
            .createKey(r -> r.origin(OriginType.AWS_CLOUDHSM).customKeyStoreId("cks-1"))
            .keyMetadata()
            .arn();
    encrypt(key);
    admin.disconnectCustomKeyStore(r -> r.customKeyStoreId("cks-1"));
    assertEquals(KeyState.UNAVAILABLE, state(key));
    assertRefused("KMSInvalidStateException", key + " is unavailable.", () -> encrypt(key));
    admin.connectCustomKeyStore(r -> r.customKeyStoreId("cks-1"));
    encrypt(key);
    assertCode(
        "CustomKeyStoreNotFoundException",
        () -> admin.connectCustomKeyStore(r -> r.customKeyStoreId("cks-2")));
  }

  @Test
  void generateRandom_givesSoManyBytesToThoseWhoMay() {
    assertEquals(
        32, admin.generateRandom(r -> r.numberOfBytes(32)).plaintext().asByteArray().length);
    assertCode("ValidationException", () -> admin.generateRandom(r -> r.numberOfBytes(1025)));
    try (var nobody = kms(user(TENANT, "nobody", null))) {
      assertCode("AccessDeniedException", () -> nobody.generateRandom(r -> r.numberOfBytes(1)));
    }
  }
}
