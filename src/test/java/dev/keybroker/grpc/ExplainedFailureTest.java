package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.FieldMask;
import com.google.protobuf.util.Timestamps;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Status;
import dev.keybroker.embedded.kms.Fault;
import dev.keybroker.grpc.TestKeystores.TestKeystore;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.Kek;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.KeystoresGrpc;
import dev.keybroker.v1.KmsError;
import dev.keybroker.v1.RootKey;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.ScheduleKekDestructionRequest;
import dev.keybroker.v1.UpdateKeystoreRequest;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.quarkus.test.junit.QuarkusTest;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.kms.KmsClient;

/// What an administrator learns from a refused create, update or rotation: what AWS said, and what
/// to do about it.
@QuarkusTest
class ExplainedFailureTest extends BrokerTestCase {
  private KeystoresGrpc.KeystoresBlockingStub control() {
    return KeystoresGrpc.newBlockingStub(channel);
  }

  private static KmsError assertExplained(Status status, String code) {
    KmsError error = detail(status, KmsError.class);
    assertEquals(code, error.getCode());
    assertFalse(error.getMessage().isEmpty(), error::toString);
    assertFalse(error.getRequestId().isEmpty(), error::toString);
    assertFalse(error.getHint().isEmpty(), error::toString);
    assertTrue(
        status.getMessage().contains("failed: " + error.getHint().substring(0, 20)),
        status.getMessage());
    return error;
  }

  private void throttle(String keyArn) {
    services.kms().faults().add(Fault.of(Fault.Kind.THROTTLING).onResource(keyArn));
  }

  private void disable(String keyArn) {
    try (KmsClient admin = keystores.administrator()) {
      admin.disableKey(r -> r.keyId(keyArn));
    }
  }

  private static CreateKeystoreRequest create(String id, String keyArn, boolean validateOnly) {
    return CreateKeystoreRequest.newBuilder()
        .setParent("tenants/explained")
        .setKeystoreId(id)
        .setKeystore(
            Keystore.newBuilder()
                .setKeyPairSpec(KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256)
                .setRootKey(
                    RootKey.newBuilder().setAwsKms(AwsKmsKey.newBuilder().setKeyArn(keyArn))))
        .setValidateOnly(validateOnly)
        .build();
  }

  @Test
  void rotation_underADisabledKey_isExplained() {
    TestKeystore keystore = keystores.fresh();
    disable(keystore.keyArn());

    Status status =
        assertRefused(
            Code.FAILED_PRECONDITION,
            "KMS_KEY_DISABLED",
            () ->
                control()
                    .rotateKek(RotateKekRequest.newBuilder().setName(keystore.name()).build()));

    KmsError error = assertExplained(status, "DisabledException");
    assertTrue(error.getAction().startsWith("kms:GenerateDataKeyPair"), error.getAction());
    assertTrue(error.hasTime());
  }

  @Test
  void creation_whoseTestIsThrottled_isExplained() {
    String keyArn = keystores.fresh().keyArn();
    throttle(keyArn);

    for (boolean validateOnly : new boolean[] {true, false}) {
      assertExplained(
          assertRefused(
              Code.RESOURCE_EXHAUSTED,
              "KMS_THROTTLED",
              () -> control().createKeystore(create("throttled", keyArn, validateOnly))),
          "ThrottlingException");
    }
  }

  @Test
  void creation_underADisabledKey_namesStepAndHint() {
    String keyArn = keystores.fresh().keyArn();
    disable(keyArn);

    Status status =
        assertRefused(
            Code.FAILED_PRECONDITION,
            "KEYSTORE_TEST_FAILED",
            () -> control().createKeystore(create("disabled", keyArn, false)));

    KmsError error = detail(status, KmsError.class);
    assertEquals("kms:DescribeKey", error.getAction());
    assertTrue(
        status
            .getMessage()
            .contains("failed at the step `describe_key`: " + error.getHint().substring(0, 20)),
        status.getMessage());
  }

  @Test
  void update_whoseTestIsThrottled_isExplained() {
    TestKeystore keystore = keystores.fresh();
    throttle(keystore.keyArn());
    UpdateKeystoreRequest request =
        UpdateKeystoreRequest.newBuilder()
            .setKeystore(
                Keystore.newBuilder()
                    .setName(keystore.name())
                    .setKeyPairSpec(KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P384))
            .setUpdateMask(FieldMask.newBuilder().addPaths("key_pair_spec"))
            .build();

    assertExplained(
        assertRefused(
            Code.RESOURCE_EXHAUSTED, "KMS_THROTTLED", () -> control().updateKeystore(request)),
        "ThrottlingException");
  }

  @Test
  void unwrap_underAKekWhoseDestructionIsScheduled_saysWhen() throws Exception {
    TestKeystore keystore = keystores.fresh();
    var wrapped = wrap(keystore);
    ByteString bytes = wrapped.getWrappedDek();
    control().rotateKek(RotateKekRequest.newBuilder().setName(keystore.name()).build());
    Kek scheduled =
        control()
            .scheduleKekDestruction(
                ScheduleKekDestructionRequest.newBuilder()
                    .setName(wrapped.getKek())
                    .setWaitingPeriodDays(7)
                    .build());

    await(() -> saysWhen(keystore, bytes, Timestamps.toMillis(scheduled.getDestroyTime())));
  }

  /// Soon: a broker learns of another's change within a second.
  private boolean saysWhen(TestKeystore keystore, ByteString wrapped, long destroyMillis) {
    try {
      unwrap(keystore, wrapped);
      return false;
    } catch (StatusRuntimeException refused) {
      Status status = StatusProto.fromThrowable(refused);
      assertEquals("KEK_DISABLED", reasonOf(status));
      String time = detail(status, ErrorInfo.class).getMetadataOrThrow("destroy_time");
      assertTrue(status.getMessage().contains(time), status.getMessage());
      // PostgreSQL rounds to the microsecond.
      assertEquals(destroyMillis, Instant.parse(time).toEpochMilli(), 1);
      return true;
    }
  }
}
