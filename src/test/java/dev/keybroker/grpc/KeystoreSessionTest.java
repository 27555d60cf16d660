package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import com.google.protobuf.util.Durations;
import dev.keybroker.embedded.BrokerAddress;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.keystore.TenantAccount;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.GetKeystoreRequest;
import dev.keybroker.v1.GetOnboardingRequest;
import dev.keybroker.v1.Kek;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.ListKeksRequest;
import dev.keybroker.v1.Onboarding;
import dev.keybroker.v1.RootKey;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.TestKeystoreRequest;
import dev.keybroker.v1.TestKeystoreResponse;
import dev.keybroker.v1.TestStep;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.WrapDekRequest;
import dev.keybroker.v1.WrapDekResponse;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/// A tenant's administrator from nothing to recordings that survive every change of key, and a
/// withdrawal of access.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class KeystoreSessionTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String TENANT = "tenants/session";
  private static final String NAME = TENANT + "/keystores/calls";
  private static final String ROLE = "arn:aws:iam::333344445555:role/keybroker-access";

  EmbeddedServices services;
  BrokerAddress address;

  @Test
  void administrator_fromNothingToWithdrawal_isToldWhatToMend() throws Exception {
    try (TenantAccount account = new TenantAccount(services, "333344445555");
        BrokerClient client = new BrokerClient("127.0.0.1", address.grpcPort())) {
      String firstKey = account.newKey();
      String alias = account.alias("recordings", firstKey);
      Onboarding onboarding = onboarding(client, alias);
      assertEquals("arn:aws:iam::111122223333:user/keybroker", onboarding.getBrokerPrincipalArn());
      assertEquals(32, onboarding.getExternalId().length());
      Keystore wanted = keystore(alias);

      // The role is not there, then not trusted with this external id, then has no permissions,
      // then
      // is not admitted by the key policy, one statement at a time.
      assertFails(client, wanted, "assume_role", "trust policy");
      account.role(
          "keybroker-access",
          onboarding.getTrustPolicy().replace(onboarding.getExternalId(), "another-external-id"),
          null);
      assertFails(client, wanted, "assume_role", onboarding.getExternalId());
      account.role("keybroker-access", onboarding.getTrustPolicy(), null);
      assertFails(client, wanted, "generate_key_pair", "kms:GenerateDataKeyPairWithoutPlaintext");
      assertWarnsOfDescribeKey(test(client, wanted));
      account.role(
          "keybroker-access", onboarding.getTrustPolicy(), onboarding.getPermissionsPolicy());
      List<String> statements = statements(onboarding.getKeyPolicyStatement());
      account.putKeyPolicy(firstKey, statements.get(0));
      TestKeystoreResponse undescribed = test(client, wanted);
      assertTrue(undescribed.getPassed(), undescribed.toString());
      assertWarnsOfDescribeKey(undescribed);
      account.putKeyPolicy(firstKey, statements.get(1));
      assertFails(client, wanted, "generate_key_pair", "kms:EncryptionContext:keybroker:tenant");
      account.putKeyPolicy(
          firstKey, statements.get(1), statements.get(0).replace("kms:Decrypt", "kms:Encrypt"));
      assertFails(client, wanted, "decrypt_private_key", "kms:Decrypt");
      StatusRuntimeException refused =
          assertThrows(StatusRuntimeException.class, () -> create(client, wanted));
      assertEquals("FAILED_PRECONDITION/KEYSTORE_TEST_FAILED", BrokerClient.reason(refused));
      assertTrue(
          BrokerClient.failedStep(refused).startsWith("decrypt_private_key: "),
          BrokerClient.failedStep(refused));
      account.putKeyPolicy(firstKey, statements.toArray(String[]::new));
      TestKeystoreResponse passed = test(client, wanted);
      assertTrue(passed.getPassed(), passed.toString());
      assertEquals(
          List.of(
              "assume_role",
              "describe_key",
              "generate_key_pair",
              "wrap",
              "decrypt_private_key",
              "unwrap",
              "compare"),
          passed.getStepsList().stream().map(TestStep::getName).toList());

      Keystore created = create(client, wanted);
      assertEquals(created, create(client, wanted));
      WrapDekResponse first = wrap(client);
      assertEquals(created.getActiveKek(), first.getKek());

      String requestId = UUID.randomUUID().toString();
      Kek second = rotate(client, requestId);
      assertEquals(second, rotate(client, requestId));
      assertEquals(firstKey, second.getRootKeyArn());
      WrapDekResponse underSecond = wrapUnder(client, second);
      assertEquals(second.getName(), underSecond.getKek());
      assertUnwraps(client, first, underSecond);

      // The alias is moved to another key, which admits the broker too.
      String otherKey = account.newKey(statements.toArray(String[]::new));
      account.alias("recordings", otherKey);
      Kek third = rotate(client, UUID.randomUUID().toString());
      assertEquals(otherKey, third.getRootKeyArn());
      WrapDekResponse underThird = wrapUnder(client, third);
      assertUnwraps(client, first, underSecond, underThird);
      assertEquals(
          List.of(third.getName(), second.getName(), created.getActiveKek()),
          client
              .keystores()
              .listKeks(ListKeksRequest.newBuilder().setParent(NAME).build())
              .getKeksList()
              .stream()
              .map(Kek::getName)
              .toList());

      // The tenant withdraws the keys' policies, then the role's trust: wraps go on, unwraps end.
      account.putKeyPolicy(firstKey);
      account.putKeyPolicy(otherKey);
      assertWithdrawn(client, underThird, "kms:Decrypt");
      account.putKeyPolicy(firstKey, statements.toArray(String[]::new));
      account.putKeyPolicy(otherKey, statements.toArray(String[]::new));
      assertRestored(client, first, underSecond, underThird);
      account.role(
          "keybroker-access",
          onboarding.getTrustPolicy().replace(onboarding.getExternalId(), "another-external-id"),
          onboarding.getPermissionsPolicy());
      assertWithdrawn(client, underThird, "trust policy");
      account.role(
          "keybroker-access", onboarding.getTrustPolicy(), onboarding.getPermissionsPolicy());
      assertRestored(client, first, underSecond, underThird);
    }
  }

  private static void assertWithdrawn(BrokerClient client, WrapDekResponse wrapped, String hint) {
    Eventually.holds(
        () ->
            assertEquals(
                "FAILED_PRECONDITION/KMS_ACCESS_DENIED",
                BrokerClient.reason(
                    assertThrows(StatusRuntimeException.class, () -> unwrap(client, wrapped)))));
    assertEquals(wrapped.getKek(), wrap(client).getKek());
    Eventually.holds(
        () ->
            assertTrue(
                get(client).getLastError().getHint().contains(hint),
                () -> get(client).getLastError().toString()));
  }

  private static void assertRestored(BrokerClient client, WrapDekResponse... wrapped) {
    Eventually.holds(() -> assertUnwraps(client, wrapped));
    Eventually.holds(() -> assertFalse(get(client).hasLastError()));
  }

  private static Onboarding onboarding(BrokerClient client, String keyArn) {
    return client
        .keystores()
        .getOnboarding(
            GetOnboardingRequest.newBuilder()
                .setParent(TENANT)
                .setKey(AwsKmsKey.newBuilder().setKeyArn(keyArn).setRoleArn(ROLE))
                .build());
  }

  private static List<String> statements(String array) throws JsonProcessingException {
    List<String> statements = new ArrayList<>();
    for (JsonNode statement : JSON.readTree(array)) {
      statements.add(statement.toString());
    }
    return statements;
  }

  private static Keystore keystore(String keyArn) {
    return Keystore.newBuilder()
        .setName(NAME)
        .setDisplayName("Calls")
        .setRootKey(
            RootKey.newBuilder()
                .setAwsKms(AwsKmsKey.newBuilder().setKeyArn(keyArn).setRoleArn(ROLE)))
        .setKeyPairSpec(KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256)
        // Each unwrap asks KMS, and none is too slow for the lifetime of a private KEK.
        .setPrivateKekLifetime(Durations.ZERO)
        .build();
  }

  private static TestKeystoreResponse test(BrokerClient client, Keystore keystore) {
    return client
        .keystores()
        .testKeystore(TestKeystoreRequest.newBuilder().setKeystore(keystore).build());
  }

  /// A broker may wrap under the former KEK until it has read its change, for a second at most.
  private static WrapDekResponse wrapUnder(BrokerClient client, Kek kek) {
    Eventually.holds(() -> assertEquals(kek.getName(), wrap(client).getKek()));
    return wrap(client);
  }

  private static void assertWarnsOfDescribeKey(TestKeystoreResponse response) {
    TestStep step = response.getSteps(1);
    assertEquals("describe_key", step.getName());
    assertTrue(step.getPassed(), step.toString());
    assertFalse(step.hasError(), step.toString());
    assertTrue(step.getWarning().getHint().contains("kms:DescribeKey"), step.toString());
    assertNotEquals("", step.getWarning().getRequestId());
  }

  private static void assertFails(
      BrokerClient client, Keystore keystore, String step, String hint) {
    TestKeystoreResponse response = test(client, keystore);
    TestStep last = response.getSteps(response.getStepsCount() - 1);
    assertFalse(response.getPassed());
    assertEquals(step, last.getName(), response.toString());
    assertTrue(last.getError().getHint().contains(hint), last.toString());
    assertNotEquals("", last.getError().getRequestId());
  }

  private static Keystore create(BrokerClient client, Keystore keystore) {
    return client
        .keystores()
        .createKeystore(
            CreateKeystoreRequest.newBuilder()
                .setParent(TENANT)
                .setKeystoreId("calls")
                .setKeystore(keystore)
                .build());
  }

  private static Keystore get(BrokerClient client) {
    return client.keystores().getKeystore(GetKeystoreRequest.newBuilder().setName(NAME).build());
  }

  private static Kek rotate(BrokerClient client, String requestId) {
    return client
        .keystores()
        .rotateKek(RotateKekRequest.newBuilder().setName(NAME).setRequestId(requestId).build());
  }

  private static WrapDekResponse wrap(BrokerClient client) {
    return client.broker().wrapDek(WrapDekRequest.newBuilder().setKeystore(NAME).build());
  }

  private static ByteString unwrap(BrokerClient client, WrapDekResponse wrapped) {
    return client
        .broker()
        .unwrapDek(
            UnwrapDekRequest.newBuilder()
                .setKeystore(NAME)
                .setWrappedDek(wrapped.getWrappedDek())
                .build())
        .getDek();
  }

  private static void assertUnwraps(BrokerClient client, WrapDekResponse... wrapped) {
    for (WrapDekResponse one : wrapped) {
      assertEquals(one.getDek(), unwrap(client, one));
    }
  }
}
