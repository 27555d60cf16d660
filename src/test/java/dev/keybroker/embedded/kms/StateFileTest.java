package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.GrantOperation;
import software.amazon.awssdk.services.kms.model.KeyState;
import software.amazon.awssdk.services.sts.StsClient;

class StateFileTest extends LocalKmsTestCase {

  @TempDir Path folder = Path.of("");

  @Override
  LocalKmsOptions options() {
    return super.options().withStateFile(file());
  }

  private Path file() {
    return folder.resolve("kms").resolve("state.json");
  }

  private void restart() {
    stopServer();
    startServer();
  }

  @Test
  void ciphertexts_overARestart_decryptUnderEachBackingKey() {
    String key = newKey();
    Map<String, String> context = Map.of("tenant", "acme");
    SdkBytes before =
        admin
            .encrypt(r -> r.keyId(key).plaintext(bytes("old")).encryptionContext(context))
            .ciphertextBlob();
    admin.rotateKeyOnDemand(r -> r.keyId(key));
    SdkBytes after =
        admin
            .encrypt(r -> r.keyId(key).plaintext(bytes("new")).encryptionContext(context))
            .ciphertextBlob();
    restart();
    assertEquals(
        "old",
        admin
            .decrypt(r -> r.ciphertextBlob(before).encryptionContext(context))
            .plaintext()
            .asUtf8String());
    assertEquals(
        "new",
        admin
            .decrypt(r -> r.ciphertextBlob(after).encryptionContext(context))
            .plaintext()
            .asUtf8String());
  }

  @Test
  void everything_overARestart_isAsItWas() {
    String key = newKey();
    String doomed = newKey();
    AwsCredentials broker = user(BROKER, "broker", LocalKms.ADMINISTRATOR_ACCESS);
    admin.createAlias(r -> r.aliasName("alias/recordings").targetKeyId(key));
    admin.enableKeyRotation(r -> r.keyId(key).rotationPeriodInDays(100));
    admin.createGrant(
        r ->
            r.keyId(key)
                .granteePrincipal("arn:aws:iam::" + BROKER + ":user/broker")
                .operations(GrantOperation.DESCRIBE_KEY));
    admin.scheduleKeyDeletion(r -> r.keyId(doomed).pendingWindowInDays(7));
    String role =
        server.role(
            TENANT,
            "keybroker",
            Policies.of(Policies.trust("arn:aws:iam::" + BROKER + ":user/broker", "{}")),
            Policies.of(Policies.identity("Allow", "kms:ListKeys", "*")));
    iam(broker).createOpenIDConnectProvider(r -> r.url("https://issuer.example"));
    AwsCredentials session;
    try (StsClient sts = sts(broker)) {
      session =
          AwsClients.sdk(sts.assumeRole(r -> r.roleArn(role).roleSessionName("s1")).credentials());
    }
    restart();
    assertEquals(key, admin.describeKey(r -> r.keyId("alias/recordings")).keyMetadata().arn());
    assertEquals(
        clock.instant().plus(Duration.ofDays(100)),
        admin.getKeyRotationStatus(r -> r.keyId(key)).nextRotationDate());
    assertEquals(
        KeyState.PENDING_DELETION,
        admin.describeKey(r -> r.keyId(doomed)).keyMetadata().keyState());
    try (KmsClient kms = kms(broker);
        KmsClient assumed = kms(session)) {
      assertEquals(key, kms.describeKey(r -> r.keyId(key)).keyMetadata().arn());
      assertEquals(2, assumed.listKeys().keys().size());
    }
    assertEquals(
        "arn:aws:iam::" + BROKER + ":oidc-provider/issuer.example",
        iam(broker).listOpenIDConnectProviders().openIDConnectProviderList().getFirst().arn());
    assertEquals(broker, user(BROKER, "broker", LocalKms.ADMINISTRATOR_ACCESS));
  }

  @Test
  void file_whenWritten_isTheOwnersOnlyAndSaysWhatItIs() throws IOException {
    newKey();
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file())));
    assertTrue(Files.readString(file()).contains("stands in for the HSMs of AWS KMS"));
    try (var files = Files.list(folder.resolve("kms"))) {
      assertEquals(List.of(file()), files.toList());
    }
  }

  @Test
  void file_afterReads_isNotWrittenAgain() throws IOException {
    String key = newKey();
    SdkBytes blob = admin.encrypt(r -> r.keyId(key).plaintext(bytes("x"))).ciphertextBlob();
    FileTime longAgo = FileTime.from(Instant.EPOCH);
    Files.setLastModifiedTime(file(), longAgo);
    admin.decrypt(r -> r.ciphertextBlob(blob));
    admin.encrypt(r -> r.keyId(key).plaintext(bytes("x")));
    admin.describeKey(r -> r.keyId(key));
    assertEquals(longAgo, Files.getLastModifiedTime(file()));
    admin.disableKey(r -> r.keyId(key));
    assertFalse(Files.getLastModifiedTime(file()).equals(longAgo));
  }
}
