package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.CreateGrantResponse;
import software.amazon.awssdk.services.kms.model.GrantOperation;

/// Changes that are seen five minutes late.
@SuppressWarnings("NullAway.Init") // set before each test
class ConsistencyTest extends LocalKmsTestCase {

  private static final Duration DELAY = Duration.ofMinutes(5);
  private static final String BROKER_USER = "arn:aws:iam::" + BROKER + ":user/broker";

  private String key;
  private KmsClient broker;

  @BeforeEach
  void makeKeyAndDelay() {
    broker = kms(user(BROKER, "broker", Policies.of(Policies.identity("Allow", "kms:*", "*"))));
    key = newKey();
    server.consistencyDelay(DELAY);
  }

  private void describe() {
    broker.describeKey(r -> r.keyId(key));
  }

  private void assertDenied() {
    assertCode("AccessDeniedException", this::describe);
  }

  @Test
  void keyPolicy_takesEffectAfterTheDelay() {
    String before = admin.getKeyPolicy(r -> r.keyId(key)).policy();
    String shared =
        Policies.of(
            Policies.rootOf(TENANT), Policies.statement("Allow", BROKER_USER, "kms:DescribeKey"));
    admin.putKeyPolicy(r -> r.keyId(key).policy(shared));
    assertEquals(shared, admin.getKeyPolicy(r -> r.keyId(key)).policy());
    assertDenied();
    clock.advance(DELAY.minusSeconds(1));
    assertDenied();
    clock.advance(Duration.ofSeconds(1));
    describe();

    admin.putKeyPolicy(r -> r.keyId(key).policy(before));
    describe();
    clock.advance(DELAY);
    assertDenied();
  }

  @Test
  void keyPolicy_changedTwice_isSeenChangeByChange() {
    String before = admin.getKeyPolicy(r -> r.keyId(key)).policy();
    String shared =
        Policies.of(
            Policies.rootOf(TENANT), Policies.statement("Allow", BROKER_USER, "kms:DescribeKey"));
    admin.putKeyPolicy(r -> r.keyId(key).policy(shared));
    clock.advance(Duration.ofMinutes(1));
    admin.putKeyPolicy(r -> r.keyId(key).policy(before));
    assertDenied();
    clock.advance(Duration.ofMinutes(4));
    describe();
    clock.advance(Duration.ofMinutes(1));
    assertDenied();
  }

  @Test
  void grant_beforeTheDelay_needsItsToken() {
    CreateGrantResponse grant =
        admin.createGrant(
            r ->
                r.keyId(key).granteePrincipal(BROKER_USER).operations(GrantOperation.DESCRIBE_KEY));
    assertDenied();
    broker.describeKey(r -> r.keyId(key).grantTokens(grant.grantToken()));
    clock.advance(DELAY);
    describe();

    admin.revokeGrant(r -> r.keyId(key).grantId(grant.grantId()));
    describe();
    clock.advance(DELAY);
    assertDenied();
  }

  @Test
  void grantToken_inAnothersHands_doesNotHelp() {
    CreateGrantResponse grant =
        admin.createGrant(
            r ->
                r.keyId(key).granteePrincipal(BROKER_USER).operations(GrantOperation.DESCRIBE_KEY));
    try (KmsClient other =
        kms(user(BROKER, "other", Policies.of(Policies.identity("Allow", "kms:*", "*"))))) {
      assertCode(
          "AccessDeniedException",
          () -> other.describeKey(r -> r.keyId(key).grantTokens(grant.grantToken())));
    }
  }

  @Test
  void alias_madeMovedAndDeleted_isSeenLate() {
    String other = newKey();
    admin.createAlias(r -> r.aliasName("alias/calls").targetKeyId(key));
    assertCode("NotFoundException", this::aliased);
    clock.advance(DELAY);
    assertEquals(key, aliased());

    admin.updateAlias(r -> r.aliasName("alias/calls").targetKeyId(other));
    assertEquals(key, aliased());
    clock.advance(DELAY);
    assertEquals(other, aliased());

    admin.deleteAlias(r -> r.aliasName("alias/calls"));
    assertEquals(other, aliased());
    clock.advance(DELAY);
    assertCode("NotFoundException", this::aliased);
  }

  private String aliased() {
    return admin.describeKey(r -> r.keyId("alias/calls")).keyMetadata().arn();
  }
}
