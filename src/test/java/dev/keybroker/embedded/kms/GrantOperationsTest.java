package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.CreateGrantResponse;
import software.amazon.awssdk.services.kms.model.GrantListEntry;
import software.amazon.awssdk.services.kms.model.GrantOperation;

@SuppressWarnings("NullAway.Init") // set before each test
class GrantOperationsTest extends LocalKmsTestCase {

  private static final String GRANTEE = "arn:aws:iam::" + BROKER + ":user/broker";
  private static final Map<String, String> CONTEXT = Map.of("tenant", "acme");

  private String key;
  private KmsClient broker;

  @BeforeEach
  void makeKeyAndGrantee() {
    key = newKey();
    broker = kms(user(BROKER, "broker", null));
  }

  private CreateGrantResponse grant(GrantOperation... operations) {
    return admin.createGrant(r -> r.keyId(key).granteePrincipal(GRANTEE).operations(operations));
  }

  private void encrypt(Map<String, String> context) {
    broker.encrypt(r -> r.keyId(key).plaintext(bytes("x")).encryptionContext(context));
  }

  @Test
  void grant_ofAnOperation_allowsItToTheGranteeAlone() {
    assertCode("AccessDeniedException", () -> encrypt(CONTEXT));
    grant(GrantOperation.ENCRYPT);
    encrypt(CONTEXT);
    assertCode("AccessDeniedException", () -> broker.describeKey(r -> r.keyId(key)));
    try (KmsClient other = kms(user(BROKER, "other", null))) {
      assertCode(
          "AccessDeniedException", () -> other.encrypt(r -> r.keyId(key).plaintext(bytes("x"))));
    }
  }

  @Test
  void grant_againstAnExplicitDeny_doesNotHelp() {
    grant(GrantOperation.ENCRYPT);
    admin.putKeyPolicy(
        r ->
            r.keyId(key)
                .policy(
                    Policies.of(
                        Policies.rootOf(TENANT),
                        Policies.statement("Deny", GRANTEE, "kms:Encrypt"))));
    assertCode("AccessDeniedException", () -> encrypt(CONTEXT));
  }

  @Test
  void contextSubset_inTheRequest_mustBeThere() {
    admin.createGrant(
        r ->
            r.keyId(key)
                .granteePrincipal(GRANTEE)
                .operations(GrantOperation.ENCRYPT, GrantOperation.DESCRIBE_KEY)
                .constraints(c -> c.encryptionContextSubset(CONTEXT)));
    encrypt(CONTEXT);
    encrypt(Map.of("tenant", "acme", "more", "pairs"));
    encrypt(Map.of("Tenant", "acme"));
    assertCode("AccessDeniedException", () -> encrypt(Map.of("tenant", "other")));
    assertCode("AccessDeniedException", () -> encrypt(Map.of()));
    assertEquals(key, broker.describeKey(r -> r.keyId(key)).keyMetadata().arn());
  }

  @Test
  void contextEquals_inTheRequest_mustBeAllThereIs() {
    admin.createGrant(
        r ->
            r.keyId(key)
                .granteePrincipal(GRANTEE)
                .operations(GrantOperation.ENCRYPT)
                .constraints(c -> c.encryptionContextEquals(CONTEXT)));
    encrypt(CONTEXT);
    assertCode("AccessDeniedException", () -> encrypt(Map.of("tenant", "acme", "more", "pairs")));
  }

  @Test
  void revokeGrant_endsThePermission() {
    String id = grant(GrantOperation.ENCRYPT).grantId();
    encrypt(CONTEXT);
    admin.revokeGrant(r -> r.keyId(key).grantId(id));
    assertCode("AccessDeniedException", () -> encrypt(CONTEXT));
    assertRefused(
        "NotFoundException",
        "Grant ID " + id + " not found",
        () -> admin.revokeGrant(r -> r.keyId(key).grantId(id)));
  }

  @Test
  void retireGrant_byTheGranteeWithThatOperation_endsThePermission() {
    CreateGrantResponse lasting = grant(GrantOperation.ENCRYPT);
    assertCode(
        "AccessDeniedException", () -> broker.retireGrant(r -> r.grantToken(lasting.grantToken())));
    CreateGrantResponse retirable = grant(GrantOperation.DESCRIBE_KEY, GrantOperation.RETIRE_GRANT);
    broker.describeKey(r -> r.keyId(key));
    broker.retireGrant(r -> r.grantToken(retirable.grantToken()));
    assertCode("AccessDeniedException", () -> broker.describeKey(r -> r.keyId(key)));
  }

  @Test
  void retireGrant_byTheRetiringPrincipal_endsThePermission() {
    CreateGrantResponse made =
        admin.createGrant(
            r ->
                r.keyId(key)
                    .granteePrincipal("arn:aws:iam::" + TENANT + ":user/admin")
                    .retiringPrincipal(GRANTEE)
                    .operations(GrantOperation.ENCRYPT));
    broker.retireGrant(r -> r.keyId(key).grantId(made.grantId()));
    assertEquals(List.of(), admin.listGrants(r -> r.keyId(key)).grants());
  }

  @Test
  void childGrant_givesNoMoreThanItsParent() {
    admin.createGrant(
        r ->
            r.keyId(key)
                .granteePrincipal(GRANTEE)
                .operations(GrantOperation.CREATE_GRANT, GrantOperation.ENCRYPT)
                .constraints(c -> c.encryptionContextSubset(CONTEXT)));
    child(Map.of("tenant", "acme", "keystore", "calls"), GrantOperation.ENCRYPT);
    child(CONTEXT, GrantOperation.ENCRYPT, GrantOperation.CREATE_GRANT);
    assertCode("AccessDeniedException", () -> child(CONTEXT, GrantOperation.DECRYPT));
    assertCode(
        "AccessDeniedException", () -> child(Map.of("tenant", "other"), GrantOperation.ENCRYPT));
    assertCode("AccessDeniedException", () -> child(Map.of(), GrantOperation.ENCRYPT));
  }

  private void child(Map<String, String> equal, GrantOperation... operations) {
    broker.createGrant(
        r ->
            r.keyId(key)
                .granteePrincipal("arn:aws:iam::" + TENANT + ":user/admin")
                .operations(operations)
                .constraints(c -> c.encryptionContextEquals(equal.isEmpty() ? null : equal)));
  }

  @Test
  void grantToken_thatIsNone_isRefused() {
    assertCode(
        "InvalidGrantTokenException",
        () -> admin.encrypt(r -> r.keyId(key).plaintext(bytes("x")).grantTokens("AQpAnone")));
  }

  @Test
  void listGrants_showsThemAsMade() {
    CreateGrantResponse made =
        admin.createGrant(
            r ->
                r.keyId(key)
                    .granteePrincipal(GRANTEE)
                    .name("broker")
                    .operations(GrantOperation.ENCRYPT, GrantOperation.DECRYPT)
                    .constraints(c -> c.encryptionContextSubset(CONTEXT)));
    grant(GrantOperation.DESCRIBE_KEY);
    GrantListEntry entry =
        admin.listGrants(r -> r.keyId(key).grantId(made.grantId())).grants().getFirst();
    assertEquals(key, entry.keyId());
    assertEquals("broker", entry.name());
    assertEquals(GRANTEE, entry.granteePrincipal());
    assertEquals(List.of(GrantOperation.ENCRYPT, GrantOperation.DECRYPT), entry.operations());
    assertEquals(CONTEXT, entry.constraints().encryptionContextSubset());
    assertEquals("arn:aws:iam::" + TENANT + ":root", entry.issuingAccount());
    assertEquals(2, admin.listGrants(r -> r.keyId(key)).grants().size());
  }

  @Test
  void createGrant_sameNameAndContent_givesTheSameGrant() {
    CreateGrantResponse first =
        admin.createGrant(
            r ->
                r.keyId(key)
                    .granteePrincipal(GRANTEE)
                    .name("n")
                    .operations(GrantOperation.ENCRYPT));
    CreateGrantResponse again =
        admin.createGrant(
            r ->
                r.keyId(key)
                    .granteePrincipal(GRANTEE)
                    .name("n")
                    .operations(GrantOperation.ENCRYPT));
    assertEquals(first.grantId(), again.grantId());
    assertNotEquals(
        grant(GrantOperation.ENCRYPT).grantId(), grant(GrantOperation.ENCRYPT).grantId());
  }

  @Test
  void createGrant_forNobodyOrOnADisabledKey_isRefused() {
    assertCode(
        "InvalidArnException",
        () ->
            admin.createGrant(
                r ->
                    r.keyId(key)
                        .granteePrincipal("arn:aws:iam::1:user/x")
                        .operations(GrantOperation.ENCRYPT)));
    assertCode(
        "DryRunOperationException",
        () ->
            admin.createGrant(
                r ->
                    r.keyId(key)
                        .granteePrincipal(GRANTEE)
                        .operations(GrantOperation.ENCRYPT)
                        .dryRun(true)));
    admin.disableKey(r -> r.keyId(key));
    assertCode("DisabledException", () -> grant(GrantOperation.ENCRYPT));
    assertEquals(List.of(), admin.listGrants(r -> r.keyId(key)).grants());
  }
}
