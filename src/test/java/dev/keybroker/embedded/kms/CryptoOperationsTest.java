package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kms.model.DecryptResponse;
import software.amazon.awssdk.services.kms.model.EncryptResponse;
import software.amazon.awssdk.services.kms.model.EncryptionAlgorithmSpec;

class CryptoOperationsTest extends LocalKmsTestCase {

  private static final Map<String, String> CONTEXT =
      Map.of("keybroker:tenant", "acme", "keybroker:keystore", "call-recordings");

  private String newKey() {
    return admin.createKey(r -> r.description("test")).keyMetadata().arn();
  }

  private SdkBytes encrypt(String key, String plaintext) {
    return admin
        .encrypt(r -> r.keyId(key).plaintext(bytes(plaintext)).encryptionContext(CONTEXT))
        .ciphertextBlob();
  }

  @Test
  void encrypt_sameContext_decrypts() {
    String key = newKey();
    EncryptResponse encrypted =
        admin.encrypt(r -> r.keyId(key).plaintext(bytes("secret")).encryptionContext(CONTEXT));
    assertEquals(key, encrypted.keyId());
    DecryptResponse decrypted =
        admin.decrypt(r -> r.ciphertextBlob(encrypted.ciphertextBlob()).encryptionContext(CONTEXT));
    assertEquals("secret", decrypted.plaintext().asUtf8String());
    assertEquals(key, decrypted.keyId());
    assertEquals(EncryptionAlgorithmSpec.SYMMETRIC_DEFAULT, decrypted.encryptionAlgorithm());
  }
}
