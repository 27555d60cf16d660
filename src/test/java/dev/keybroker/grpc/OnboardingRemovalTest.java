package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.keybroker.embedded.BrokerAddress;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.keystore.TenantAccount;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.GetOnboardingRequest;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.RootKey;
import dev.keybroker.v1.TestKeystoreRequest;
import dev.keybroker.v1.TestKeystoreResponse;
import dev.keybroker.v1.TestStep;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.kms.model.OriginType;

/// The key policy statements that the broker prints make the test pass, and each element taken away
/// makes it fail where that element is needed.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class OnboardingRemovalTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String TENANT = "tenants/removal";
  private static final String BROKER = "arn:aws:iam::111122223333:user/keybroker";

  EmbeddedServices services;
  BrokerAddress address;

  private TenantAccount account;
  private BrokerClient client;

  @BeforeEach
  void connect() {
    account = new TenantAccount(services, "777788889999");
    client = new BrokerClient("127.0.0.1", address.grpcPort());
  }

  @AfterEach
  void disconnect() {
    client.close();
    account.close();
  }

  @Test
  void keyPolicyStatements_eachActionRemoved_failsWhereItIsNeeded() throws Exception {
    String key = account.newKey();
    assertPasses(key, statements(key));
    assertPassesWithWarning(
        key, without(statements(key), "kms:DescribeKey"), "its Action lacks kms:DescribeKey");
    assertFails(
        key,
        without(statements(key), "kms:GenerateDataKeyPairWithoutPlaintext"),
        "generate_key_pair",
        "its Action lacks kms:GenerateDataKeyPairWithoutPlaintext");
    assertFails(
        key,
        without(statements(key), "kms:Decrypt"),
        "decrypt_private_key",
        "its Action lacks kms:Decrypt");
    assertPasses(key, statements(key));
  }

  /// KMS makes no key pairs in a custom key store, so the broker makes them and has KMS encrypt.
  @Test
  void keyPolicyStatements_encryptIsForAKeyInACustomKeyStoreAlone() throws Exception {
    String ordinary = account.newKey();
    assertPasses(ordinary, statements(ordinary));
    assertFalse(statements(ordinary).toString().contains("kms:Encrypt\""));
    String custom =
        account
            .kms()
            .createKey(r -> r.origin(OriginType.AWS_CLOUDHSM).customKeyStoreId("cks-1"))
            .keyMetadata()
            .arn();
    assertPasses(custom, statements(custom, true));
    assertFails(custom, statements(custom), "generate_key_pair", "its Action lacks kms:Encrypt");
  }

  @Test
  void keyPolicyStatements_anotherTenantInTheCondition_failsAtTheFirstCallWithAContext()
      throws Exception {
    String key = account.newKey();
    ArrayNode statements = statements(key);
    String condition = "kms:EncryptionContext:keybroker:tenant";
    ObjectNode equals = (ObjectNode) statements.get(0).at("/Condition/StringEquals");
    assertEquals("removal", equals.path(condition).asText());
    equals.put(condition, "another");
    assertFails(key, statements, "generate_key_pair", condition + " = removal");
  }

  @Test
  void keyPolicyStatements_anotherPrincipal_failsAtTheFirstCall() throws Exception {
    String another =
        services.kms().principal(EmbeddedServices.BROKER_ACCOUNT, "another", null).arn();
    String key = account.newKey();
    ArrayNode statements = statements(key);
    for (JsonNode statement : statements) {
      ObjectNode principal = (ObjectNode) statement.path("Principal");
      assertEquals(BROKER, principal.path("AWS").asText());
      principal.put("AWS", another);
    }
    assertFails(
        key,
        statements,
        "generate_key_pair",
        "The likely causes in order: (1) the statement names another Principal");
  }

  private ArrayNode statements(String keyArn) throws JsonProcessingException {
    return statements(keyArn, false);
  }

  private ArrayNode statements(String keyArn, boolean customKeyStore)
      throws JsonProcessingException {
    return (ArrayNode)
        JSON.readTree(
            client
                .keystores()
                .getOnboarding(
                    GetOnboardingRequest.newBuilder()
                        .setParent(TENANT)
                        .setKey(AwsKmsKey.newBuilder().setKeyArn(keyArn))
                        .setCustomKeyStore(customKeyStore)
                        .build())
                .getKeyPolicyStatement());
  }

  /// The statements without one action, and without the statement that has no other.
  private static ArrayNode without(ArrayNode statements, String action) {
    ArrayNode kept = JSON.createArrayNode();
    int removed = 0;
    for (JsonNode statement : statements) {
      JsonNode actions = statement.path("Action");
      if (actions.isTextual() && actions.asText().equals(action)) {
        removed++;
        continue;
      }
      if (actions instanceof ArrayNode several) {
        for (int i = several.size() - 1; i >= 0; i--) {
          if (several.get(i).asText().equals(action)) {
            several.remove(i);
            removed++;
          }
        }
      }
      kept.add(statement);
    }
    assertEquals(1, removed, action);
    return kept;
  }

  private void assertPasses(String keyArn, ArrayNode statements) {
    TestKeystoreResponse response = test(keyArn, statements);
    assertTrue(response.getPassed(), response.toString());
  }

  private void assertPassesWithWarning(String keyArn, ArrayNode statements, String hint) {
    TestKeystoreResponse response = test(keyArn, statements);
    assertTrue(response.getPassed(), response.toString());
    TestStep first = response.getSteps(0);
    assertEquals("describe_key", first.getName(), response.toString());
    String text = first.getWarning().getHint();
    assertTrue(text.contains(hint), text);
    assertTrue(text.contains(BROKER), text);
  }

  private void assertFails(String keyArn, ArrayNode statements, String step, String hint) {
    TestKeystoreResponse response = test(keyArn, statements);
    TestStep last = response.getSteps(response.getStepsCount() - 1);
    assertFalse(response.getPassed());
    assertEquals(step, last.getName(), response.toString());
    String text = last.getError().getHint();
    assertTrue(text.contains(hint), text);
    assertTrue(text.contains(BROKER), text);
  }

  private TestKeystoreResponse test(String keyArn, ArrayNode statements) {
    String[] texts = new String[statements.size()];
    for (int i = 0; i < texts.length; i++) {
      texts[i] = statements.get(i).toString();
    }
    account.putKeyPolicy(keyArn, texts);
    return client
        .keystores()
        .testKeystore(
            TestKeystoreRequest.newBuilder()
                .setKeystore(
                    Keystore.newBuilder()
                        .setName(TENANT + "/keystores/calls")
                        .setRootKey(
                            RootKey.newBuilder()
                                .setAwsKms(AwsKmsKey.newBuilder().setKeyArn(keyArn))))
                .build());
  }
}
