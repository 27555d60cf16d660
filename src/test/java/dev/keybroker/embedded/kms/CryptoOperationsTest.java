package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.DecryptResponse;
import software.amazon.awssdk.services.kms.model.EncryptResponse;
import software.amazon.awssdk.services.kms.model.EncryptionAlgorithmSpec;
import software.amazon.awssdk.services.kms.model.ReEncryptResponse;

class CryptoOperationsTest extends LocalKmsTestCase {

  private static final Map<String, String> CONTEXT =
      Map.of("keybroker:tenant", "acme", "keybroker:keystore", "call-recordings");

  private SdkBytes encrypt(String key, String plaintext) {
    return admin
        .encrypt(r -> r.keyId(key).plaintext(bytes(plaintext)).encryptionContext(CONTEXT))
        .ciphertextBlob();
  }

  private String decrypt(SdkBytes blob, Map<String, String> context) {
    return admin
        .decrypt(r -> r.ciphertextBlob(blob).encryptionContext(context))
        .plaintext()
        .asUtf8String();
  }

  @Test
  void decrypt_sameContext_givesThePlaintextAndTheKey() {
    String key = newKey();
    EncryptResponse encrypted =
        admin.encrypt(r -> r.keyId(key).plaintext(bytes("secret")).encryptionContext(CONTEXT));
    DecryptResponse decrypted =
        admin.decrypt(r -> r.ciphertextBlob(encrypted.ciphertextBlob()).encryptionContext(CONTEXT));
    assertEquals(key, encrypted.keyId());
    assertEquals("secret", decrypted.plaintext().asUtf8String());
    assertEquals(key, decrypted.keyId());
    assertEquals(EncryptionAlgorithmSpec.SYMMETRIC_DEFAULT, decrypted.encryptionAlgorithm());
    assertFalse(encrypted.responseMetadata().requestId().equals("UNKNOWN"));
  }

  @Test
  void encrypt_twice_givesDifferentCiphertexts() {
    String key = newKey();
    assertNotEquals(encrypt(key, "secret"), encrypt(key, "secret"));
  }

  @Test
  void decrypt_contextInAnotherOrder_isAccepted() {
    Map<String, String> reordered = new LinkedHashMap<>();
    reordered.put("keybroker:tenant", "acme");
    reordered.put("keybroker:keystore", "call-recordings");
    Map<String, String> reversed = new LinkedHashMap<>();
    reversed.put("keybroker:keystore", "call-recordings");
    reversed.put("keybroker:tenant", "acme");
    SdkBytes blob = encrypt(newKey(), "secret");
    assertEquals("secret", decrypt(blob, reordered));
    assertEquals("secret", decrypt(blob, reversed));
  }

  @Test
  void decrypt_otherContext_isRefused() {
    SdkBytes blob = encrypt(newKey(), "secret");
    for (Map<String, String> other :
        List.of(
            Map.<String, String>of(),
            Map.of("keybroker:tenant", "acme"),
            Map.of("keybroker:tenant", "acme", "keybroker:keystore", "Call-recordings"),
            Map.of("keybroker:tenant", "acme", "keybroker:keystore", "call-recordings", "a", "b"),
            Map.of("keybroker:keystore", "acme", "keybroker:tenant", "call-recordings"))) {
      assertCode("InvalidCiphertextException", () -> decrypt(blob, other));
    }
  }

  @Test
  void decrypt_anyByteChanged_isRefusedAsInvalidCiphertext() {
    byte[] blob = encrypt(newKey(), "secret").asByteArray();
    for (int i = 0; i < blob.length; i++) {
      byte[] tampered = blob.clone();
      tampered[i] ^= 1;
      assertCode(
          "InvalidCiphertextException", () -> decrypt(SdkBytes.fromByteArray(tampered), CONTEXT));
    }
  }

  @Test
  void decrypt_truncatedOrForeignBlob_isRefusedAsInvalidCiphertext() {
    byte[] blob = encrypt(newKey(), "secret").asByteArray();
    for (int length : new int[] {1, 13, 20, 60, blob.length - 1}) {
      byte[] part = Arrays.copyOf(blob, length);
      assertCode(
          "InvalidCiphertextException", () -> decrypt(SdkBytes.fromByteArray(part), CONTEXT));
    }
    assertCode("InvalidCiphertextException", () -> decrypt(bytes("not a ciphertext"), CONTEXT));
  }

  @Test
  void decrypt_underAnotherKeyId_isRefusedAsIncorrectKey() {
    String key = newKey();
    String other = newKey();
    SdkBytes blob = encrypt(key, "secret");
    assertRefused(
        "IncorrectKeyException",
        "The key ID in the request does not identify a CMK that can perform this operation.",
        () -> admin.decrypt(r -> r.keyId(other).ciphertextBlob(blob).encryptionContext(CONTEXT)));
    assertEquals(
        "secret",
        admin
            .decrypt(r -> r.keyId(key).ciphertextBlob(blob).encryptionContext(CONTEXT))
            .plaintext()
            .asUtf8String());
  }

  @Test
  void decrypt_inAnotherRegion_findsNoKey() {
    SdkBytes blob = encrypt(newKey(), "secret");
    try (KmsClient elsewhere =
        clients.kms(user(TENANT, "admin", LocalKms.ADMINISTRATOR_ACCESS), Region.US_EAST_1)) {
      assertRefused(
          "AccessDeniedException",
          "User: arn:aws:iam::111122223333:user/admin is not authorized to perform: kms:Decrypt on"
              + " the resource associated with this ciphertext because the resource does not exist"
              + " in this Region, no resource-based policies allow access, or a resource-based"
              + " policy explicitly denies access",
          () -> elsewhere.decrypt(r -> r.ciphertextBlob(blob).encryptionContext(CONTEXT)));
    }
  }

  @Test
  void encrypt_upTo4096Bytes_isAccepted() {
    String key = newKey();
    byte[] most = new byte[4096];
    SdkBytes blob =
        admin.encrypt(r -> r.keyId(key).plaintext(SdkBytes.fromByteArray(most))).ciphertextBlob();
    assertArrayEquals(most, admin.decrypt(r -> r.ciphertextBlob(blob)).plaintext().asByteArray());
    assertRefused(
        "ValidationException",
        "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member"
            + " must have length less than or equal to 4096",
        () -> admin.encrypt(r -> r.keyId(key).plaintext(SdkBytes.fromByteArray(new byte[4097]))));
    assertCode(
        "ValidationException",
        () -> admin.encrypt(r -> r.keyId(key).plaintext(SdkBytes.fromByteArray(new byte[0]))));
  }

  @Test
  void disabledKey_anyUse_isRefused() {
    String key = newKey();
    SdkBytes blob = encrypt(key, "secret");
    admin.disableKey(r -> r.keyId(key));
    String message = key + " is disabled.";
    assertRefused("DisabledException", message, () -> encrypt(key, "secret"));
    assertRefused("DisabledException", message, () -> decrypt(blob, CONTEXT));
    assertRefused(
        "DisabledException",
        message,
        () ->
            admin.reEncrypt(
                r ->
                    r.ciphertextBlob(blob).sourceEncryptionContext(CONTEXT).destinationKeyId(key)));
    admin.enableKey(r -> r.keyId(key));
    assertEquals("secret", decrypt(blob, CONTEXT));
  }

  @Test
  void unknownKey_anyUse_isNotFound() {
    String id = "01234567-89ab-cdef-0123-456789abcdef";
    String arn = "arn:aws:kms:eu-central-1:111122223333:key/" + id;
    String message = "Key '" + arn + "' does not exist";
    assertRefused("NotFoundException", message, () -> encrypt(id, "secret"));
    assertRefused("NotFoundException", message, () -> encrypt(arn, "secret"));
    assertRefused("NotFoundException", "Invalid keyId 'nonsense'", () -> encrypt("nonsense", "x"));
    assertRefused(
        "NotFoundException",
        "Alias arn:aws:kms:eu-central-1:111122223333:alias/none is not found.",
        () -> encrypt("alias/none", "secret"));
    assertRefused(
        "NotFoundException",
        "Invalid arn us-west-2",
        () -> encrypt(arn.replace("eu-central-1", "us-west-2"), "secret"));
    assertCode("InvalidArnException", () -> encrypt("arn:aws:s3:::bucket", "secret"));
  }

  @Test
  void unknownKey_inAnotherAccount_isRefusedLikeOneThatIsNotShared() {
    String arn = "arn:aws:kms:eu-central-1:444455556666:key/01234567-89ab-cdef-0123-456789abcdef";
    assertRefused(
        "AccessDeniedException",
        "User: arn:aws:iam::111122223333:user/admin is not authorized to perform: kms:Encrypt on"
            + " resource: "
            + arn
            + " because the resource does not exist in this Region, no resource-based policies"
            + " allow access, or a resource-based policy explicitly denies access",
        () -> encrypt(arn, "secret"));
  }

  @Test
  void reEncrypt_toAnotherKeyAndContext_decryptsThereOnly() {
    String from = newKey();
    String to = newKey();
    SdkBytes blob = encrypt(from, "secret");
    Map<String, String> newContext = Map.of("keybroker:tenant", "other");
    ReEncryptResponse moved =
        admin.reEncrypt(
            r ->
                r.ciphertextBlob(blob)
                    .sourceKeyId(from)
                    .sourceEncryptionContext(CONTEXT)
                    .destinationKeyId(to)
                    .destinationEncryptionContext(newContext));
    assertEquals(from, moved.sourceKeyId());
    assertEquals(to, moved.keyId());
    assertEquals("secret", decrypt(moved.ciphertextBlob(), newContext));
    assertCode("InvalidCiphertextException", () -> decrypt(moved.ciphertextBlob(), CONTEXT));
    assertCode(
        "IncorrectKeyException",
        () ->
            admin.reEncrypt(
                r ->
                    r.ciphertextBlob(blob)
                        .sourceKeyId(to)
                        .sourceEncryptionContext(CONTEXT)
                        .destinationKeyId(to)));
  }

  @Test
  void dryRun_ofWhatWouldSucceed_saysSo() {
    String key = newKey();
    SdkBytes blob = encrypt(key, "secret");
    String message = "The request would have succeeded, but the DryRun option is set.";
    assertRefused(
        "DryRunOperationException",
        message,
        () -> admin.encrypt(r -> r.keyId(key).plaintext(bytes("x")).dryRun(true)));
    assertRefused(
        "DryRunOperationException",
        message,
        () -> admin.decrypt(r -> r.ciphertextBlob(blob).encryptionContext(CONTEXT).dryRun(true)));
    admin.disableKey(r -> r.keyId(key));
    assertCode(
        "DisabledException",
        () -> admin.encrypt(r -> r.keyId(key).plaintext(bytes("x")).dryRun(true)));
  }
}
