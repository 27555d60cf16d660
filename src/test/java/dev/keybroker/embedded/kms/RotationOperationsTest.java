package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kms.model.GetKeyRotationStatusResponse;
import software.amazon.awssdk.services.kms.model.OriginType;
import software.amazon.awssdk.services.kms.model.RotationType;
import software.amazon.awssdk.services.kms.model.RotationsListEntry;

class RotationOperationsTest extends LocalKmsTestCase {

  private SdkBytes encrypt(String key) {
    return admin.encrypt(r -> r.keyId(key).plaintext(bytes("x"))).ciphertextBlob();
  }

  /// The part of a blob that names the backing key.
  private static SdkBytes backingKey(SdkBytes blob) {
    byte[] bytes = blob.asByteArray();
    int start = 14 + bytes[13];
    return SdkBytes.fromByteArray(Arrays.copyOfRange(bytes, start, start + 16));
  }

  private List<RotationType> rotations(String key) {
    return admin.listKeyRotations(r -> r.keyId(key)).rotations().stream()
        .map(RotationsListEntry::rotationType)
        .toList();
  }

  @Test
  void rotateKeyOnDemand_newMaterialEncrypts_oldCiphertextsDecrypt() {
    String key = newKey();
    SdkBytes before = encrypt(key);
    admin.rotateKeyOnDemand(r -> r.keyId(key));
    SdkBytes after = encrypt(key);
    assertFalse(backingKey(before).equals(backingKey(after)));
    for (SdkBytes blob : List.of(before, after)) {
      assertEquals(
          "x", admin.decrypt(r -> r.keyId(key).ciphertextBlob(blob)).plaintext().asUtf8String());
    }
    assertEquals(List.of(RotationType.ON_DEMAND), rotations(key));
  }

  @Test
  void enableKeyRotation_whenThePeriodIsOver_rotatesOnce() {
    String key = newKey();
    admin.enableKeyRotation(r -> r.keyId(key).rotationPeriodInDays(90));
    SdkBytes before = encrypt(key);
    GetKeyRotationStatusResponse status = admin.getKeyRotationStatus(r -> r.keyId(key));
    assertTrue(status.keyRotationEnabled());
    assertEquals(90, status.rotationPeriodInDays());
    assertEquals(clock.instant().plus(Duration.ofDays(90)), status.nextRotationDate());
    clock.advance(Duration.ofDays(90));
    SdkBytes after = encrypt(key);
    assertFalse(backingKey(before).equals(backingKey(after)));
    assertEquals(backingKey(after), backingKey(encrypt(key)));
    assertEquals("x", admin.decrypt(r -> r.ciphertextBlob(before)).plaintext().asUtf8String());
    assertEquals(List.of(RotationType.AUTOMATIC), rotations(key));
    assertEquals(
        clock.instant().plus(Duration.ofDays(90)),
        admin.getKeyRotationStatus(r -> r.keyId(key)).nextRotationDate());
  }

  @Test
  void disableKeyRotation_noMoreRotations() {
    String key = newKey();
    admin.enableKeyRotation(r -> r.keyId(key));
    assertEquals(365, admin.getKeyRotationStatus(r -> r.keyId(key)).rotationPeriodInDays());
    admin.disableKeyRotation(r -> r.keyId(key));
    clock.advance(Duration.ofDays(400));
    encrypt(key);
    assertEquals(List.of(), rotations(key));
    assertFalse(admin.getKeyRotationStatus(r -> r.keyId(key)).keyRotationEnabled());
  }

  @Test
  void rotation_ofADisabledOrCustomStoreKey_isRefused() {
    String key = newKey();
    admin.disableKey(r -> r.keyId(key));
    assertCode("DisabledException", () -> admin.rotateKeyOnDemand(r -> r.keyId(key)));
    String hsm =
        admin
            .createKey(r -> r.origin(OriginType.AWS_CLOUDHSM).customKeyStoreId("cks-1"))
            .keyMetadata()
            .arn();
    assertRefused(
        "UnsupportedOperationException",
        hsm + " origin is AWS_CLOUDHSM which is not valid for this operation.",
        () -> admin.enableKeyRotation(r -> r.keyId(hsm)));
    assertCode(
        "ValidationException",
        () -> admin.enableKeyRotation(r -> r.keyId(newKey()).rotationPeriodInDays(89)));
  }
}
