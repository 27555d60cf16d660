package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kms.KmsClient;

/// Key policy against identity-based policy, within an account and across accounts.
class PolicyMatrixTest extends LocalKmsTestCase {

  private static final String ALLOW_ENCRYPT = Policies.identity("Allow", "kms:Encrypt", "*");
  private static final String DENY_ENCRYPT = Policies.identity("Deny", "kms:Encrypt", "*");

  /// Why an Encrypt was refused: the end of AWS's sentence; `allowed` where it was not.
  private String encrypt(KmsClient caller, String key) {
    try {
      caller.encrypt(r -> r.keyId(key).plaintext(bytes("x")));
      return "allowed";
    } catch (AwsServiceException e) {
      assertEquals("AccessDeniedException", e.awsErrorDetails().errorCode());
      String message = e.awsErrorDetails().errorMessage();
      return message.substring(message.indexOf(key) + key.length()).trim();
    }
  }

  /// In the key policy: `root` names the account, `user` and `role` the caller, `*` everybody.
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          root   |         | because no identity-based policy allows the kms:Encrypt action
          root   | allow   | allowed
          root   | deny    | with an explicit deny in an identity-based policy
          user   |         | allowed
          user   | deny    | with an explicit deny in an identity-based policy
          *      |         | allowed
          none   | allow   | because no resource-based policy allows the kms:Encrypt action
          none   |         | because no resource-based policy allows the kms:Encrypt action
          denied | allow   | with an explicit deny in a resource-based policy
          """)
  void encrypt_inTheOwnAccount_isDecidedBy(
      String keyPolicy, @Nullable String identity, String expected) {
    try (KmsClient caller = kms(user(TENANT, "caller", identityPolicy(identity)))) {
      assertEquals(expected, encrypt(caller, keyFor(keyPolicy, TENANT)));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          root   |         | because no identity-based policy allows the kms:Encrypt action
          root   | allow   | allowed
          user   |         | because no identity-based policy allows the kms:Encrypt action
          user   | allow   | allowed
          user   | deny    | with an explicit deny in an identity-based policy
          *      | allow   | allowed
          *      |         | because no identity-based policy allows the kms:Encrypt action
          none   | allow   | because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access
          denied | allow   | because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access
          """)
  void encrypt_acrossAccounts_isDecidedBy(
      String keyPolicy, @Nullable String identity, String expected) {
    try (KmsClient caller = kms(user(BROKER, "caller", identityPolicy(identity)))) {
      assertEquals(expected, encrypt(caller, keyFor(keyPolicy, BROKER)));
    }
  }

  private static String identityPolicy(@Nullable String kind) {
    if (kind == null) {
      return Policies.of(Policies.identity("Allow", "kms:ListKeys", "*"));
    }
    return kind.equals("allow")
        ? Policies.of(ALLOW_ENCRYPT)
        : Policies.of(ALLOW_ENCRYPT, DENY_ENCRYPT);
  }

  private String keyFor(String kind, String account) {
    String root = "arn:aws:iam::" + account + ":root";
    String user = "arn:aws:iam::" + account + ":user/caller";
    return newKey(
        switch (kind) {
          case "root" -> Policies.of(Policies.statement("Allow", root, "kms:Encrypt"));
          case "user" -> Policies.of(Policies.statement("Allow", user, "kms:Encrypt"));
          case "*" -> Policies.of(Policies.statement("Allow", "*", "kms:Encrypt"));
          case "none" -> Policies.of(Policies.statement("Allow", root, "kms:Decrypt"));
          default ->
              Policies.of(
                  Policies.statement("Allow", root, "kms:*"),
                  Policies.statement("Deny", user, "kms:Encrypt"));
        });
  }

  @Test
  void root_ofTheOwnAccount_needsTheKeyPolicy() {
    try (KmsClient root = kms(user(TENANT, "root", null))) {
      assertEquals("allowed", encrypt(root, newKey()));
      String closed =
          newKey(
              Policies.of(
                  Policies.statement("Allow", "arn:aws:iam::" + TENANT + ":user/admin", "kms:*")));
      assertEquals(
          "because no resource-based policy allows the kms:Encrypt action", encrypt(root, closed));
    }
  }

  @Test
  void servicePrincipal_inTheKeyPolicy_matchesNobody() {
    String key =
        newKey(
            """
            {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*",
             "Principal":{"Service":"logs.eu-central-1.amazonaws.com"}}]}\
            """);
    assertEquals(
        "because no resource-based policy allows the kms:Encrypt action", encrypt(admin, key));
  }

  @Test
  void identityPolicy_onOneKey_allowsThatKeyOnly() {
    String key = newKey();
    String other = newKey();
    String policy = Policies.of(Policies.identity("Allow", "kms:Enc*", key));
    try (KmsClient caller = kms(user(TENANT, "caller", policy))) {
      assertEquals("allowed", encrypt(caller, key));
      assertEquals(
          "because no identity-based policy allows the kms:Encrypt action", encrypt(caller, other));
      assertRefused(
          "AccessDeniedException",
          "User: arn:aws:iam::111122223333:user/caller is not authorized to perform:"
              + " kms:CreateKey on resource: * because no identity-based policy allows the"
              + " kms:CreateKey action",
          caller::createKey);
    }
  }

  @Test
  void actionPattern_generateDataKeyPair_coversBothForms() {
    String key = newKey();
    String policy = Policies.of(Policies.identity("Allow", "kms:GenerateDataKeyPair*", key));
    try (KmsClient caller = kms(user(TENANT, "caller", policy))) {
      caller.generateDataKeyPair(r -> r.keyId(key).keyPairSpec("ECC_NIST_P256"));
      caller.generateDataKeyPairWithoutPlaintext(r -> r.keyId(key).keyPairSpec("ECC_NIST_P256"));
      assertCode(
          "AccessDeniedException",
          () -> caller.generateDataKey(r -> r.keyId(key).numberOfBytes(32)));
    }
  }

  @Test
  void notAction_inADeny_sparesWhatItNames() {
    String key =
        newKey(
            """
            {"Version":"2012-10-17","Statement":[
              {"Effect":"Allow","Principal":{"AWS":"%1$s"},"Action":"kms:*","Resource":"*"},
              {"Effect":"Deny","Principal":"*","NotAction":"kms:Encrypt","Resource":"*"}]}\
            """
                .formatted(TENANT));
    assertEquals("allowed", encrypt(admin, key));
    assertCode("AccessDeniedException", () -> admin.describeKey(r -> r.keyId(key)));
  }

  @Test
  void reEncrypt_needsBothPermissions() {
    String from = newKey();
    String to = newKey();
    SdkBytes blob = admin.encrypt(r -> r.keyId(from).plaintext(bytes("x"))).ciphertextBlob();
    String fromOnly = Policies.of(Policies.identity("Allow", "kms:ReEncryptFrom", from));
    String both =
        Policies.of(
            Policies.identity("Allow", "kms:ReEncryptFrom", from),
            Policies.identity("Allow", "kms:ReEncryptTo", to));
    try (KmsClient caller = kms(user(TENANT, "caller", fromOnly))) {
      assertRefused(
          "AccessDeniedException",
          "User: arn:aws:iam::111122223333:user/caller is not authorized to perform:"
              + " kms:ReEncryptTo on resource: "
              + to
              + " because no identity-based policy allows the kms:ReEncryptTo action",
          () -> caller.reEncrypt(r -> r.ciphertextBlob(blob).destinationKeyId(to)));
    }
    try (KmsClient caller = kms(user(TENANT, "caller", both))) {
      assertEquals(to, caller.reEncrypt(r -> r.ciphertextBlob(blob).destinationKeyId(to)).keyId());
    }
  }

  @Test
  void putKeyPolicy_takesEffectAtOnce() {
    String key = newKey();
    try (KmsClient caller = kms(user(BROKER, "caller", Policies.of(ALLOW_ENCRYPT)))) {
      assertCode(
          "AccessDeniedException", () -> caller.encrypt(r -> r.keyId(key).plaintext(bytes("x"))));
      String shared =
          Policies.of(
              Policies.rootOf(TENANT),
              Policies.statement(
                  "Allow", "arn:aws:iam::" + BROKER + ":user/caller", "kms:Encrypt"));
      admin.putKeyPolicy(r -> r.keyId(key).policy(shared));
      assertEquals("allowed", encrypt(caller, key));
      assertEquals(shared, admin.getKeyPolicy(r -> r.keyId(key)).policy());
    }
  }

  @Test
  void putKeyPolicy_malformedOrLockingOut_isRefused() {
    String key = newKey();
    String before = admin.getKeyPolicy(r -> r.keyId(key)).policy();
    assertCode(
        "MalformedPolicyDocumentException",
        () -> admin.putKeyPolicy(r -> r.keyId(key).policy("{not json")));
    assertRefused(
        "MalformedPolicyDocumentException",
        "Policy contains a statement with one or more invalid principals.",
        () ->
            admin.putKeyPolicy(
                r ->
                    r.keyId(key)
                        .policy(
                            Policies.of(
                                Policies.rootOf(TENANT),
                                Policies.statement(
                                    "Allow", "arn:aws:iam::" + BROKER + ":role/none", "kms:*")))));
    assertRefused(
        "MalformedPolicyDocumentException",
        "The new key policy will not allow you to update the key policy in the future.",
        () -> admin.putKeyPolicy(r -> r.keyId(key).policy(Policies.of(Policies.rootOf(BROKER)))));
    assertCode(
        "MalformedPolicyDocumentException",
        () ->
            admin.putKeyPolicy(
                r ->
                    r.keyId(key)
                        .policy(
                            Policies.of(
                                Policies.statement(
                                    "Allow",
                                    TENANT,
                                    "kms:*",
                                    "{\"StringSounds\":{\"a\":\"b\"}}")))));
    assertEquals(before, admin.getKeyPolicy(r -> r.keyId(key)).policy());
  }
}
