package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.GrantListEntry;
import software.amazon.awssdk.services.kms.model.GrantOperation;

/// `DryRun` checks everything that the call checks, reports the outcome as an error, and does
/// nothing.
@SuppressWarnings("NullAway.Init") // set before each test
class DryRunTest extends LocalKmsTestCase {

  private static final Map<String, String> CONTEXT = Map.of("keybroker:tenant", "acme");
  private static final String MESSAGE =
      "The request would have succeeded, but the DryRun option is set.";

  private String key;
  private SdkBytes ciphertext;
  private String grantId;

  private interface Call {
    void make(DryRunTest on, KmsClient kms, boolean dry);
  }

  /// Each operation of this server that takes `DryRun`.
  private enum Operation {
    ENCRYPT(
        (on, kms, dry) ->
            kms.encrypt(
                r -> r.keyId(on.key).plaintext(bytes("x")).encryptionContext(CONTEXT).dryRun(dry))),
    DECRYPT(
        (on, kms, dry) ->
            kms.decrypt(
                r -> r.ciphertextBlob(on.ciphertext).encryptionContext(CONTEXT).dryRun(dry))),
    RE_ENCRYPT(
        (on, kms, dry) ->
            kms.reEncrypt(
                r ->
                    r.ciphertextBlob(on.ciphertext)
                        .sourceEncryptionContext(CONTEXT)
                        .destinationKeyId(on.key)
                        .dryRun(dry))),
    GENERATE_DATA_KEY(
        (on, kms, dry) -> kms.generateDataKey(r -> r.keyId(on.key).numberOfBytes(32).dryRun(dry))),
    GENERATE_DATA_KEY_WITHOUT_PLAINTEXT(
        (on, kms, dry) ->
            kms.generateDataKeyWithoutPlaintext(
                r -> r.keyId(on.key).numberOfBytes(32).dryRun(dry))),
    GENERATE_DATA_KEY_PAIR(
        (on, kms, dry) ->
            kms.generateDataKeyPair(r -> r.keyId(on.key).keyPairSpec("ECC_NIST_P256").dryRun(dry))),
    GENERATE_DATA_KEY_PAIR_WITHOUT_PLAINTEXT(
        (on, kms, dry) ->
            kms.generateDataKeyPairWithoutPlaintext(
                r -> r.keyId(on.key).keyPairSpec("ECC_NIST_P256").dryRun(dry))),
    CREATE_GRANT(
        (on, kms, dry) ->
            kms.createGrant(
                r ->
                    r.keyId(on.key)
                        .granteePrincipal("arn:aws:iam::" + TENANT + ":user/admin")
                        .operations(GrantOperation.ENCRYPT)
                        .dryRun(dry))),
    RETIRE_GRANT(
        (on, kms, dry) -> kms.retireGrant(r -> r.keyId(on.key).grantId(on.grantId).dryRun(dry))),
    REVOKE_GRANT(
        (on, kms, dry) -> kms.revokeGrant(r -> r.keyId(on.key).grantId(on.grantId).dryRun(dry)));

    private final Call call;

    Operation(Call call) {
      this.call = call;
    }
  }

  @BeforeEach
  void makeKeyCiphertextAndGrant() {
    key = newKey();
    ciphertext =
        admin
            .encrypt(r -> r.keyId(key).plaintext(bytes("secret")).encryptionContext(CONTEXT))
            .ciphertextBlob();
    grantId =
        admin
            .createGrant(
                r ->
                    r.keyId(key)
                        .granteePrincipal("arn:aws:iam::" + TENANT + ":user/admin")
                        .operations(GrantOperation.DECRYPT))
            .grantId();
  }

  @ParameterizedTest
  @EnumSource
  void dryRun_ofACallThatWouldSucceed_isAnErrorAndDoesNothing(Operation operation) {
    AwsServiceException refused =
        assertCode("DryRunOperationException", () -> operation.call.make(this, admin, true));

    assertEquals(400, refused.statusCode());
    assertEquals(MESSAGE, refused.awsErrorDetails().errorMessage());
    assertEquals(List.of(grantId), grants());
    operation.call.make(this, admin, false);
  }

  @ParameterizedTest
  @EnumSource
  void dryRun_withoutPermission_isDenied(Operation operation) {
    try (KmsClient stranger = kms(user(TENANT, "stranger", null))) {
      assertCode("AccessDeniedException", () -> operation.call.make(this, stranger, true));
    }
  }

  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"RETIRE_GRANT", "REVOKE_GRANT"})
  void dryRun_onADisabledKey_isRefusedAsTheCallIs(Operation operation) {
    admin.disableKey(r -> r.keyId(key));
    assertCode("DisabledException", () -> operation.call.make(this, admin, true));
  }

  private List<String> grants() {
    return admin.listGrants(r -> r.keyId(key)).grants().stream()
        .map(GrantListEntry::grantId)
        .toList();
  }
}
