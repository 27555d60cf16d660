package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kms.model.KeyMetadata;
import software.amazon.awssdk.services.kms.model.KeyState;
import software.amazon.awssdk.services.kms.model.ScheduleKeyDeletionResponse;

class KeyStateOperationsTest extends LocalKmsTestCase {

  @Test
  void scheduleKeyDeletion_untilTheDate_refusesUseAndCanBeCancelled() {
    String key = newKey();
    SdkBytes blob = admin.encrypt(r -> r.keyId(key).plaintext(bytes("x"))).ciphertextBlob();
    ScheduleKeyDeletionResponse scheduled =
        admin.scheduleKeyDeletion(r -> r.keyId(key).pendingWindowInDays(7));
    assertEquals(KeyState.PENDING_DELETION, scheduled.keyState());
    assertEquals(clock.instant().plus(Duration.ofDays(7)), scheduled.deletionDate());
    String message = key + " is pending deletion.";
    assertRefused(
        "KMSInvalidStateException", message, () -> admin.decrypt(r -> r.ciphertextBlob(blob)));
    assertRefused(
        "KMSInvalidStateException",
        message,
        () -> admin.encrypt(r -> r.keyId(key).plaintext(bytes("x"))));
    assertRefused("KMSInvalidStateException", message, () -> admin.enableKey(r -> r.keyId(key)));
    assertRefused(
        "KMSInvalidStateException", message, () -> admin.scheduleKeyDeletion(r -> r.keyId(key)));
    assertRefused(
        "KMSInvalidStateException",
        message,
        () -> admin.createAlias(r -> r.aliasName("alias/a").targetKeyId(key)));
    KeyMetadata described = admin.describeKey(r -> r.keyId(key)).keyMetadata();
    assertEquals(KeyState.PENDING_DELETION, described.keyState());
    assertEquals(scheduled.deletionDate(), described.deletionDate());

    clock.advance(Duration.ofDays(7).minusSeconds(1));
    admin.cancelKeyDeletion(r -> r.keyId(key));
    assertEquals(KeyState.DISABLED, admin.describeKey(r -> r.keyId(key)).keyMetadata().keyState());
    admin.enableKey(r -> r.keyId(key));
    assertEquals("x", admin.decrypt(r -> r.ciphertextBlob(blob)).plaintext().asUtf8String());
    assertRefused(
        "KMSInvalidStateException",
        key + " is not pending deletion.",
        () -> admin.cancelKeyDeletion(r -> r.keyId(key)));
  }

  @Test
  void scheduleKeyDeletion_atTheDate_theKeyAndItsAliasesAreGone() {
    String key = newKey();
    admin.createAlias(r -> r.aliasName("alias/doomed").targetKeyId(key));
    SdkBytes blob = admin.encrypt(r -> r.keyId(key).plaintext(bytes("x"))).ciphertextBlob();
    admin.scheduleKeyDeletion(r -> r.keyId(key).pendingWindowInDays(30));
    clock.advance(Duration.ofDays(30));
    assertRefused(
        "NotFoundException",
        "Key '" + key + "' does not exist",
        () -> admin.describeKey(r -> r.keyId(key)));
    assertCode("AccessDeniedException", () -> admin.decrypt(r -> r.ciphertextBlob(blob)));
    assertCode("NotFoundException", () -> admin.describeKey(r -> r.keyId("alias/doomed")));
    assertEquals(0, admin.listAliases().aliases().size());
  }

  @Test
  void scheduleKeyDeletion_windowOutside7To30Days_isRefused() {
    String key = newKey();
    assertRefused(
        "ValidationException",
        "1 validation error detected: Value at 'pendingWindowInDays' failed to satisfy constraint:"
            + " Member must have value greater than or equal to 7",
        () -> admin.scheduleKeyDeletion(r -> r.keyId(key).pendingWindowInDays(6)));
    assertCode(
        "ValidationException",
        () -> admin.scheduleKeyDeletion(r -> r.keyId(key).pendingWindowInDays(31)));
  }

  @Test
  void keyOfAnotherAccount_stateChange_isRefused() {
    String key =
        newKey(
            Policies.of(
                Policies.rootOf(TENANT),
                Policies.statement("Allow", "arn:aws:iam::" + BROKER + ":root", "kms:*")));
    try (var broker = kms(user(BROKER, "admin", LocalKms.ADMINISTRATOR_ACCESS))) {
      assertEquals(key, broker.describeKey(r -> r.keyId(key)).keyMetadata().arn());
      assertCode("AccessDeniedException", () -> broker.disableKey(r -> r.keyId(key)));
      assertCode("AccessDeniedException", () -> broker.scheduleKeyDeletion(r -> r.keyId(key)));
    }
  }
}
