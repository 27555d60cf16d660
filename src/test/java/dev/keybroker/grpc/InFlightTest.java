package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.ByteString;
import dev.keybroker.embedded.kms.Fault;
import dev.keybroker.grpc.TestKeystores.TestKeystore;
import dev.keybroker.telemetry.Metrics;
import dev.keybroker.v1.BatchUnwrapDeksRequest;
import dev.keybroker.v1.BatchUnwrapDeksResponse;
import dev.keybroker.v1.BatchWrapDeksRequest;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.UnwrapDekResponse;
import dev.keybroker.v1.WrapDekRequest;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

/// What one caller or connection may have under way is bounded, in calls and in bytes.
@QuarkusTest
@TestProfile(InFlightTest.Small.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class InFlightTest extends BrokerTestCase {
  private static final int CALLS = 4;
  private static final int CONNECTION_BYTES = 256 * 1024;
  private static final Duration SLOW = Duration.ofSeconds(3);

  @Inject MeterRegistry registry;

  /// Little of everything.
  public static final class Small implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      return Map.of(
          "keybroker.in-flight.caller-calls",
          Integer.toString(CALLS),
          "keybroker.in-flight.connection-bytes",
          Integer.toString(CONNECTION_BYTES),
          // KMS is slow here, not away.
          "keybroker.aws.api-call-attempt-timeout",
          "20S",
          "keybroker.aws.api-call-timeout",
          "20S");
    }
  }

  private static String refusalOf(StatusRuntimeException refused, String limit) {
    com.google.rpc.Status status = Objects.requireNonNull(StatusProto.fromThrowable(refused));
    assertEquals(Code.RESOURCE_EXHAUSTED, refused.getStatus().getCode());
    try {
      assertEquals(
          limit,
          status.getDetails(0).unpack(com.google.rpc.ErrorInfo.class).getMetadataOrThrow("limit"));
    } catch (com.google.protobuf.InvalidProtocolBufferException e) {
      throw new IllegalStateException(e);
    }
    return reasonOf(status);
  }

  /// Calls that wait for KMS until the test lets them go.
  private UnwrapDekRequest slowUnwrap() {
    TestKeystore keystore = keystores.create(Duration.ZERO);
    ByteString wrapped = wrap(keystore).getWrappedDek();
    services.kms().faults().add(Fault.latency(SLOW).onResource(keystore.keyArn()));
    return unwrapRequest(keystore.name(), wrapped, Map.of());
  }

  @Test
  void callsOfOneCallerAboveTheirNumber_areRefused_andAdmittedWhenOthersHaveEnded()
      throws Exception {
    UnwrapDekRequest request = slowUnwrap();
    KeyBrokerGrpc.KeyBrokerFutureStub stub = KeyBrokerGrpc.newFutureStub(channel);
    List<ListenableFuture<UnwrapDekResponse>> underWay = new ArrayList<>();
    // The streams of a connection do not arrive in the order in which they were opened.
    for (int i = 0; i <= CALLS; i++) {
      underWay.add(stub.unwrapDek(request));
    }

    int refused = 0;
    for (ListenableFuture<UnwrapDekResponse> each : underWay) {
      try {
        assertEquals(32, each.get().getDek().size());
      } catch (ExecutionException e) {
        StatusRuntimeException refusal =
            assertInstanceOf(StatusRuntimeException.class, e.getCause());
        assertEquals("IN_FLIGHT_LIMITED", refusalOf(refusal, "caller"));
        refused++;
      }
    }
    assertEquals(1, refused);
    services.kms().faults().clear();
    assertEquals(32, broker.unwrapDek(request).getDek().size());
  }

  @Test
  void itemsOfABatchAboveTheCallersNumber_areRefusedOneByOne() {
    UnwrapDekRequest request = slowUnwrap();

    BatchUnwrapDeksResponse response =
        broker.batchUnwrapDeks(
            BatchUnwrapDeksRequest.newBuilder()
                .addAllRequests(Collections.nCopies(3 * CALLS, request))
                .build());

    long unwrapped = response.getResultsList().stream().filter(r -> r.hasResponse()).count();
    assertEquals(CALLS, unwrapped);
    response.getResultsList().stream()
        .filter(r -> r.hasError())
        .forEach(r -> assertEquals("IN_FLIGHT_LIMITED", reasonOf(r.getError())));
  }

  @Test
  void messageAboveTheBytesOfItsConnection_isRefused_andTheConnectionLivesOn() {
    TestKeystore keystore = keystores.create(Duration.ofSeconds(60));
    BatchWrapDeksRequest large =
        BatchWrapDeksRequest.newBuilder()
            .addAllRequests(
                Collections.nCopies(
                    500,
                    WrapDekRequest.newBuilder()
                        .setKeystore(keystore.name())
                        .putEncryptionContext("note", "x".repeat(1_000))
                        .build()))
            .build();

    StatusRuntimeException refused =
        assertThrows(StatusRuntimeException.class, () -> broker.batchWrapDeks(large));

    assertEquals("IN_FLIGHT_LIMITED", refusalOf(refused, "connection"));
    assertEquals(32, wrap(keystore).getDek().size());
    Eventually.holds(() -> assertEquals(0, registry.get(Metrics.IN_FLIGHT_BYTES).gauge().value()));
  }
}
