package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.util.Durations;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.kms.ActiveFault;
import dev.keybroker.embedded.kms.Fault;
import dev.keybroker.grpc.TestKeystores.TestKeystore;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.KeystoresGrpc;
import dev.keybroker.v1.OnKmsOutage;
import dev.keybroker.v1.RootKey;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.RotationPeriod;
import dev.keybroker.v1.TestKeystoreRequest;
import dev.keybroker.v1.TestKeystoreResponse;
import io.grpc.Status.Code;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import software.amazon.awssdk.services.kms.KmsClient;

/// A keystore under a multi-Region key, in a broker that may use three regions, over the network.
@QuarkusTest
@TestProfile(RegionOutageTest.ThreeRegions.class)
class RegionOutageTest extends BrokerTestCase {
  private static final String HOME = EmbeddedServices.REGION;
  private static final String REPLICA = "eu-west-1";
  private static final String EMPTY = "us-east-1";
  private static final String NOT_ALLOWED = "ap-south-1";

  /// With time enough for a busy machine.
  public static final class ThreeRegions implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      return Map.of(
          "keybroker.keystore.allowed-regions", HOME + "," + REPLICA + "," + EMPTY,
          "keybroker.aws.api-call-attempt-timeout", "5S",
          "keybroker.aws.api-call-timeout", "10S",
          "keybroker.aws.region-retry-delay", "2S");
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"HANG", "CONNECTION_RESET", "INTERNAL_ERROR"})
  void regionDown_playbackRotationAndWrapsGoOn_andReturnToItAfterwards(Fault.Kind kind) {
    TestKeystore keystore = create(multiRegionKey());
    ByteString wrapped = wrap(keystore).getWrappedDek();
    assertEquals(32, unwrap(keystore, wrapped).size());
    ActiveFault outage = services.kms().faults().add(Fault.of(kind).onRegion(HOME));

    assertEquals(32, unwrap(keystore, wrapped).size());
    assertEquals(in(REPLICA, keystore.keyArn()), rotate(keystore));
    ByteString second = wrap(keystore).getWrappedDek();
    assertEquals(32, unwrap(keystore, second).size());
    assertEquals(32, unwrap(keystore, wrapped).size());

    outage.close();
    Eventually.holds(() -> assertEquals(keystore.keyArn(), rotate(keystore)));
    assertEquals(32, unwrap(keystore, second).size());
    assertEquals(32, unwrap(keystore, wrapped).size());
  }

  @Test
  void keyDisabledInItsRegion_isWithdrawn_alsoWhileThatRegionIsDown() {
    TestKeystore keystore = create(multiRegionKey());
    ByteString wrapped = wrap(keystore).getWrappedDek();
    try (KmsClient admin = keystores.administrator()) {
      admin.disableKey(it -> it.keyId(keystore.keyArn()));
    }

    assertRefused(Code.FAILED_PRECONDITION, "KMS_KEY_DISABLED", () -> unwrap(keystore, wrapped));
    services.kms().faults().add(Fault.of(Fault.Kind.UNAVAILABLE).onRegion(HOME));
    assertRefused(Code.UNAVAILABLE, "KMS_UNREACHABLE", () -> unwrap(keystore, wrapped));
    assertRefused(Code.UNAVAILABLE, "KMS_UNREACHABLE", () -> rotate(keystore));

    String replica = in(REPLICA, keystore.keyArn());
    assertEquals(0, services.kms().calls().on(replica, "Decrypt"));
    assertEquals(0, services.kms().calls().on(replica, "GenerateDataKeyPairWithoutPlaintext"));
  }

  @Test
  void keyTypedInARegionThatIsNotAllowed_isCalledInOneThatIs() {
    String key = multiRegionKey();
    TestKeystore keystore = create(in(NOT_ALLOWED, key));

    assertEquals(key, rotate(keystore));
    assertEquals(32, unwrap(keystore, wrap(keystore).getWrappedDek()).size());
  }

  @Test
  void keyOfARegionThatIsNotAllowed_failsTheTest() {
    String key;
    try (KmsClient admin = keystores.administrator()) {
      key = admin.createKey().keyMetadata().arn();
    }
    TestKeystoreResponse tested =
        KeystoresGrpc.newBlockingStub(channel)
            .testKeystore(
                TestKeystoreRequest.newBuilder()
                    .setKeystore(
                        keystore(in(NOT_ALLOWED, key)).toBuilder()
                            .setName("tenants/regions/keystores/not-allowed"))
                    .build());

    assertFalse(tested.getPassed());
    String hint = tested.getSteps(tested.getStepsCount() - 1).getError().getHint();
    assertTrue(hint.contains("is in " + NOT_ALLOWED + ", but the broker uses keys in "), hint);
  }

  private String multiRegionKey() {
    try (KmsClient admin = keystores.administrator()) {
      String key = admin.createKey(it -> it.multiRegion(true)).keyMetadata().arn();
      admin.replicateKey(it -> it.keyId(key).replicaRegion(REPLICA));
      return key;
    }
  }

  private static String in(String region, String keyArn) {
    return keyArn.replace(":" + HOME + ":", ":" + region + ":");
  }

  /// The ARN of the key that the new KEK was made under.
  private String rotate(TestKeystore keystore) {
    return KeystoresGrpc.newBlockingStub(channel)
        .withDeadlineAfter(30, TimeUnit.SECONDS)
        .rotateKek(RotateKekRequest.newBuilder().setName(keystore.name()).build())
        .getRootKeyArn();
  }

  private TestKeystore create(String keyArn) {
    KeystoreName name = new KeystoreName("regions", "k-" + UUID.randomUUID());
    KeystoresGrpc.newBlockingStub(channel)
        .createKeystore(
            CreateKeystoreRequest.newBuilder()
                .setParent("tenants/" + name.tenant())
                .setKeystoreId(name.keystore())
                .setKeystore(keystore(keyArn))
                .build());
    return new TestKeystore(name, keyArn);
  }

  /// Whose unwraps ask KMS each, and whose wraps need its admission.
  private static Keystore keystore(String keyArn) {
    return Keystore.newBuilder()
        .setRootKey(RootKey.newBuilder().setAwsKms(AwsKmsKey.newBuilder().setKeyArn(keyArn)))
        .setKeyPairSpec(KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256)
        .setRotationPeriod(RotationPeriod.ROTATION_PERIOD_NEVER)
        .setPrivateKekLifetime(Durations.ZERO)
        .setOnKmsOutage(OnKmsOutage.ON_KMS_OUTAGE_FAIL_CLOSED)
        .build();
  }
}
