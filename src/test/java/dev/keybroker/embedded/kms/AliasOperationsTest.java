package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.AliasListEntry;

class AliasOperationsTest extends LocalKmsTestCase {

  private static final String ALIAS = "alias/keybroker/recordings";
  private static final String ALIAS_ARN = "arn:aws:kms:eu-central-1:" + TENANT + ":" + ALIAS;

  private String encryptedUnder(SdkBytes blob) {
    return admin.decrypt(r -> r.ciphertextBlob(blob)).keyId();
  }

  private SdkBytes encrypt(String keyId) {
    return admin.encrypt(r -> r.keyId(keyId).plaintext(bytes("x"))).ciphertextBlob();
  }

  @Test
  void updateAlias_toAnotherKey_newCiphertextsAreMadeThereAndOldOnesDecrypt() {
    String first = newKey();
    String second = newKey();
    admin.createAlias(r -> r.aliasName(ALIAS).targetKeyId(first));
    SdkBytes before = encrypt(ALIAS);
    admin.updateAlias(r -> r.aliasName(ALIAS).targetKeyId(second));
    SdkBytes after = encrypt(ALIAS_ARN);
    assertEquals(first, encryptedUnder(before));
    assertEquals(second, encryptedUnder(after));
    assertEquals(second, admin.describeKey(r -> r.keyId(ALIAS)).keyMetadata().arn());
    assertCode(
        "IncorrectKeyException", () -> admin.decrypt(r -> r.keyId(ALIAS).ciphertextBlob(before)));
  }

  @Test
  void createAlias_thatExists_isRefused() {
    String key = newKey();
    admin.createAlias(r -> r.aliasName(ALIAS).targetKeyId(key));
    assertRefused(
        "AlreadyExistsException",
        "An alias with the name " + ALIAS_ARN + " already exists",
        () -> admin.createAlias(r -> r.aliasName(ALIAS).targetKeyId(key)));
  }

  @Test
  void createAlias_badName_isRefused() {
    String key = newKey();
    assertCode(
        "ValidationException",
        () -> admin.createAlias(r -> r.aliasName("recordings").targetKeyId(key)));
    assertCode(
        "NotAuthorizedException",
        () -> admin.createAlias(r -> r.aliasName("alias/aws/s3").targetKeyId(key)));
  }

  @Test
  void deleteAlias_thenUse_isNotFound() {
    String key = newKey();
    admin.createAlias(r -> r.aliasName(ALIAS).targetKeyId(key));
    admin.deleteAlias(r -> r.aliasName(ALIAS));
    assertRefused(
        "NotFoundException", "Alias " + ALIAS_ARN + " is not found.", () -> encrypt(ALIAS));
    assertCode("NotFoundException", () -> admin.deleteAlias(r -> r.aliasName(ALIAS)));
    assertCode(
        "NotFoundException", () -> admin.updateAlias(r -> r.aliasName(ALIAS).targetKeyId(key)));
  }

  @Test
  void listAliases_byKeyOrAll_showsTheTargets() {
    String key = newKey();
    String other = newKey();
    admin.createAlias(r -> r.aliasName(ALIAS).targetKeyId(key));
    admin.createAlias(r -> r.aliasName("alias/other").targetKeyId(other));
    List<AliasListEntry> ofKey = admin.listAliases(r -> r.keyId(key)).aliases();
    assertEquals(List.of(ALIAS), ofKey.stream().map(AliasListEntry::aliasName).toList());
    assertEquals(key.substring(key.indexOf('/') + 1), ofKey.getFirst().targetKeyId());
    assertEquals(ALIAS_ARN, ofKey.getFirst().aliasArn());
    assertEquals(2, admin.listAliasesPaginator(r -> r.limit(1)).aliases().stream().count());
  }

  @Test
  void aliasArn_ofAnotherAccount_resolvesThere() {
    String key =
        newKey(
            Policies.of(
                Policies.rootOf(TENANT),
                Policies.statement("Allow", "arn:aws:iam::" + BROKER + ":root", "kms:*")));
    admin.createAlias(r -> r.aliasName(ALIAS).targetKeyId(key));
    try (KmsClient broker = kms(user(BROKER, "admin", LocalKms.ADMINISTRATOR_ACCESS))) {
      assertEquals(key, broker.encrypt(r -> r.keyId(ALIAS_ARN).plaintext(bytes("x"))).keyId());
      assertRefused(
          "NotFoundException",
          "Alias arn:aws:kms:eu-central-1:444455556666:" + ALIAS + " is not found.",
          () -> broker.encrypt(r -> r.keyId(ALIAS).plaintext(bytes("x"))));
    }
  }

  @Test
  void alias_whereAKeyIsAskedFor_isRefused() {
    String key = newKey();
    admin.createAlias(r -> r.aliasName(ALIAS).targetKeyId(key));
    assertRefused(
        "NotFoundException",
        "Invalid keyId '" + ALIAS + "'",
        () -> admin.disableKey(r -> r.keyId(ALIAS)));
  }

  @Test
  void pages_haveTheSizesOfAws() {
    String key = newKey();
    for (int i = 0; i < 51; i++) {
      String name = "alias/page-" + i;
      admin.createAlias(r -> r.aliasName(name).targetKeyId(key));
    }
    var first = admin.listAliases();
    assertEquals(50, first.aliases().size());
    assertEquals(true, first.truncated());
    var last = admin.listAliases(r -> r.marker(first.nextMarker()));
    assertEquals(1, last.aliases().size());
    assertEquals(false, last.truncated());
    assertEquals(51, admin.listAliases(r -> r.limit(100)).aliases().size());
    assertCode("ValidationException", () -> admin.listAliases(r -> r.limit(101)));
    assertCode("InvalidMarkerException", () -> admin.listAliases(r -> r.marker("%")));
    assertCode("ValidationException", () -> admin.listKeys(r -> r.limit(1001)));
  }
}
