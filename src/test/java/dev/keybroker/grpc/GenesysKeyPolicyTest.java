package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.keybroker.embedded.BrokerAddress;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.keystore.TenantAccount;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.Kek;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.RootKey;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.TestKeystoreRequest;
import dev.keybroker.v1.TestKeystoreResponse;
import dev.keybroker.v1.TestStep;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.WrapDekRequest;
import dev.keybroker.v1.WrapDekResponse;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// A tenant who brings the key policy that Genesys Cloud publishes for its recording keystore:
/// every action, `kms:DescribeKey` among them, under one condition on the encryption context, the
/// principal an account, and several organisations in the condition.
///
/// Source: Genesys Cloud Resource Center, "Use an AWS KMS symmetric key for recordings".
@QuarkusTest
@TestProfile(GenesysKeyPolicyTest.Organizations.class)
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class GenesysKeyPolicyTest {
  private static final String FIRST = "5c1f0a52-8f7e-4a0b-9d0e-6a1f0b6f3c11";
  private static final String SECOND = "f0c9a9d4-21b6-4c55-8b1d-0d5a9f7f2e22";
  private static final String STRANGER = "00000000-21b6-4c55-8b1d-0d5a9f7f2e22";
  private static final String STATEMENT =
      """
      {
        "Sid": "Allow use of the key",
        "Effect": "Allow",
        "Principal": {"AWS": ["arn:aws:iam::%s:root"]},
        "Action": ["kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey*", "kms:DescribeKey"],
        "Resource": "*",
        "Condition": {
          "StringEquals": {"kms:EncryptionContext:genesys-cloud-organization-id": ["%s", "%s"]}
        }
      }
      """
          .formatted(EmbeddedServices.BROKER_ACCOUNT, FIRST, SECOND);

  /// The name of the pair that Genesys Cloud sends.
  public static final class Organizations implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      return Map.of("keybroker.kms-context.tenant-key", "genesys-cloud-organization-id");
    }
  }

  EmbeddedServices services;
  BrokerAddress address;

  @Test
  void publishedPolicy_pastedAsItIs_passesTestSaveRotateAndPlayback() {
    try (TenantAccount account = new TenantAccount(services, "999900001111");
        BrokerClient client = new BrokerClient("127.0.0.1", address.grpcPort())) {
      String alias = account.alias("recordings", account.newKey(STATEMENT));
      for (String organization : List.of(FIRST, SECOND)) {
        TestKeystoreResponse tested = test(client, organization, alias);
        assertTrue(tested.getPassed(), tested.toString());
        TestStep describe = tested.getSteps(0);
        assertEquals("describe_key", describe.getName());
        assertTrue(
            describe.getWarning().getHint().contains("allow it in a statement without one"),
            describe.toString());
        Keystore created =
            client
                .keystores()
                .createKeystore(
                    CreateKeystoreRequest.newBuilder()
                        .setParent("tenants/" + organization)
                        .setKeystoreId("calls")
                        .setKeystore(keystore(organization, alias))
                        .build());
        WrapDekResponse first = wrap(client, created);
        Kek second =
            client
                .keystores()
                .rotateKek(RotateKekRequest.newBuilder().setName(created.getName()).build());
        Eventually.holds(() -> assertEquals(second.getName(), wrap(client, created).getKek()));
        assertEquals(first.getDek(), unwrap(client, created, first));
      }
    }
  }

  @Test
  void publishedPolicy_anotherOrganization_failsAtTheKeyPair() {
    try (TenantAccount account = new TenantAccount(services, "999900001111");
        BrokerClient client = new BrokerClient("127.0.0.1", address.grpcPort())) {
      TestKeystoreResponse tested = test(client, STRANGER, account.newKey(STATEMENT));
      assertFalse(tested.getPassed());
      TestStep last = tested.getSteps(tested.getStepsCount() - 1);
      assertEquals("generate_key_pair", last.getName());
      assertTrue(
          last.getError()
              .getHint()
              .contains("kms:EncryptionContext:genesys-cloud-organization-id = " + STRANGER),
          last.toString());
    }
  }

  private static Keystore keystore(String organization, String keyArn) {
    return Keystore.newBuilder()
        .setName("tenants/" + organization + "/keystores/calls")
        .setKeyPairSpec(KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256)
        .setRootKey(RootKey.newBuilder().setAwsKms(AwsKmsKey.newBuilder().setKeyArn(keyArn)))
        .build();
  }

  private static TestKeystoreResponse test(
      BrokerClient client, String organization, String keyArn) {
    return client
        .keystores()
        .testKeystore(
            TestKeystoreRequest.newBuilder().setKeystore(keystore(organization, keyArn)).build());
  }

  private static WrapDekResponse wrap(BrokerClient client, Keystore keystore) {
    return client
        .broker()
        .wrapDek(WrapDekRequest.newBuilder().setKeystore(keystore.getName()).build());
  }

  private static ByteString unwrap(
      BrokerClient client, Keystore keystore, WrapDekResponse wrapped) {
    return client
        .broker()
        .unwrapDek(
            UnwrapDekRequest.newBuilder()
                .setKeystore(keystore.getName())
                .setWrappedDek(wrapped.getWrappedDek())
                .build())
        .getDek();
  }
}
