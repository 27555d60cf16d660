package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.ByteString;
import dev.keybroker.embedded.kms.Fault;
import dev.keybroker.grpc.TestKeystores.TestKeystore;
import dev.keybroker.telemetry.Metrics;
import dev.keybroker.v1.BatchUnwrapDeksRequest;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.KeystoresGrpc;
import dev.keybroker.v1.ListKeksRequest;
import dev.keybroker.v1.RewrapDekRequest;
import dev.keybroker.v1.RotateKekRequest;
import io.grpc.ManagedChannel;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;

/// A caller's deadline ends what he waits for, in the broker too: nothing is computed, and nothing
/// changed, for who has gone.
@QuarkusTest
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class DeadlineTest extends BrokerTestCase {
  private static final Duration KMS = Duration.ofMillis(700);
  private static final Duration DEADLINE = Duration.ofMillis(200);

  @Inject MeterRegistry meters;

  /// Without the check that each refusal has an ErrorInfo: here the client's library refuses.
  private ManagedChannel impatient;

  private TestKeystore keystore;
  private ByteString wrapped;

  @BeforeEach
  void connectImpatiently() {
    impatient = channelTo(address.grpcPort()).build();
  }

  @AfterEach
  void disconnectImpatiently() {
    impatient.shutdownNow();
  }

  private KeyBrokerGrpc.KeyBrokerBlockingStub impatientBroker() {
    return KeyBrokerGrpc.newBlockingStub(impatient).withDeadlineAfter(DEADLINE);
  }

  private void slowKms() {
    keystore = keystores.create(Duration.ZERO);
    wrapped = wrap(keystore).getWrappedDek();
    assertEquals(32, unwrap(keystore, wrapped).size());
    services.kms().faults().add(Fault.latency(KMS).onResource(keystore.keyArn()));
  }

  private long unwrapsComputed() {
    return meters.find(Metrics.CRYPTO).tag(Metrics.OPERATION, "unwrap").timers().stream()
        .mapToLong(Timer::count)
        .sum();
  }

  private static void assertOverBeforeKmsAnswers(Executable call) {
    StatusRuntimeException ended = assertThrows(StatusRuntimeException.class, call);
    assertEquals(Code.DEADLINE_EXCEEDED, ended.getStatus().getCode());
  }

  /// KMS has answered by then, and the lane had its chance.
  private static void awaitKms() throws InterruptedException {
    Thread.sleep(KMS.multipliedBy(2));
  }

  @Test
  void unwraps_whoseCallersHaveGone_areNotComputed() throws Exception {
    slowKms();
    long before = unwrapsComputed();

    assertOverBeforeKmsAnswers(
        () -> impatientBroker().unwrapDek(unwrapRequest(keystore.name(), wrapped, Map.of())));
    assertOverBeforeKmsAnswers(
        () ->
            impatientBroker()
                .batchUnwrapDeks(
                    BatchUnwrapDeksRequest.newBuilder()
                        .addRequests(unwrapRequest(keystore.name(), wrapped, Map.of()))
                        .build()));
    assertOverBeforeKmsAnswers(
        () ->
            impatientBroker()
                .rewrapDek(
                    RewrapDekRequest.newBuilder()
                        .setKeystore(keystore.name())
                        .setWrappedDek(wrapped)
                        .build()));
    awaitKms();
    assertEquals(before, unwrapsComputed());

    assertEquals(32, unwrap(keystore, wrapped).size());
    assertEquals(before + 1, unwrapsComputed());
  }

  @Test
  void rotation_whoseCallerHasGone_endsInTime_andIsOneWhenItIsRepeated() throws Exception {
    slowKms();
    KeystoresGrpc.KeystoresBlockingStub control = KeystoresGrpc.newBlockingStub(impatient);
    RotateKekRequest rotation =
        RotateKekRequest.newBuilder()
            .setName(keystore.name())
            .setRequestId("00000000-0000-4000-8000-000000000001")
            .build();

    assertOverBeforeKmsAnswers(() -> control.withDeadlineAfter(DEADLINE).rotateKek(rotation));
    awaitKms();
    services.kms().faults().clear();

    String kek = control.rotateKek(rotation).getName();
    assertEquals(kek, control.rotateKek(rotation).getName());
    assertEquals(
        2,
        control
            .listKeks(ListKeksRequest.newBuilder().setParent(keystore.name()).build())
            .getKeksCount());
  }
}
