package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.ErrorInfo;
import com.google.rpc.Status;
import dev.keybroker.embedded.BrokerAddress;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.v1.BatchUnwrapDeksRequest;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.UnwrapDekResult;
import dev.keybroker.v1.WrapDekRequest;
import dev.keybroker.v1.WrapDekResponse;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.quarkus.test.common.QuarkusTestResource;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.function.Executable;

/// A running broker on real PostgreSQL, Redis and the local KMS, and a gRPC client of it over the
/// network. Fails a test in which a status without ErrorInfo left the broker.
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // set before each test
abstract class BrokerTestCase {
  private static final int LARGEST_ANSWER = 16 * 1024 * 1024;
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(20);

  EmbeddedServices services;
  BrokerAddress address;
  ManagedChannel channel;
  KeyBrokerGrpc.KeyBrokerBlockingStub broker;
  TestKeystores keystores;

  private final StatusConformance conformance = new StatusConformance();

  @BeforeEach
  void connect() {
    channel =
        channelTo(address.grpcPort())
            .maxInboundMessageSize(LARGEST_ANSWER)
            .intercept(conformance)
            .build();
    broker = KeyBrokerGrpc.newBlockingStub(channel);
    keystores = new TestKeystores(services, channel);
  }

  /// How this test reaches the broker.
  ManagedChannelBuilder<?> channelTo(int port) {
    return ManagedChannelBuilder.forAddress("127.0.0.1", port).usePlaintext();
  }

  @AfterEach
  void disconnect() {
    channel.shutdownNow();
    services.kms().faults().clear();
    assertEquals(List.of(), conformance.violations());
  }

  /// Whether Redis holds a broker's record there, neither nothing nor the mark of a change.
  static boolean isRecord(byte @Nullable [] entry) {
    return entry != null && entry.length > 0 && entry[0] != 0;
  }

  static WrapDekRequest wrapRequest(String keystore, Map<String, String> context) {
    return WrapDekRequest.newBuilder()
        .setKeystore(keystore)
        .putAllEncryptionContext(context)
        .build();
  }

  static UnwrapDekRequest unwrapRequest(
      String keystore, ByteString wrapped, Map<String, String> context) {
    return UnwrapDekRequest.newBuilder()
        .setKeystore(keystore)
        .setWrappedDek(wrapped)
        .putAllEncryptionContext(context)
        .build();
  }

  /// A generated DEK, wrapped without context.
  WrapDekResponse wrap(TestKeystores.TestKeystore keystore) {
    return broker.wrapDek(wrapRequest(keystore.name(), Map.of()));
  }

  ByteString unwrap(TestKeystores.TestKeystore keystore, ByteString wrapped) {
    return broker.unwrapDek(unwrapRequest(keystore.name(), wrapped, Map.of())).getDek();
  }

  /// Asserts that a call is refused for this reason, and returns its status.
  static Status assertRefused(io.grpc.Status.Code code, String reason, Executable call) {
    Status status = refusal(call);
    assertEquals(reason, reasonOf(status), status.getMessage());
    assertEquals(code.value(), status.getCode());
    return status;
  }

  /// Asserts that a call is refused, and returns its status.
  static Status refusal(Executable call) {
    StatusRuntimeException refusal = assertThrows(StatusRuntimeException.class, call);
    return Objects.requireNonNull(StatusProto.fromThrowable(refusal));
  }

  /// Unwraps in calls of 1,000. A broker that is slow for the moment refuses items without looking
  /// at them: they are asked again.
  List<UnwrapDekResult> unwrapInCalls(List<UnwrapDekRequest> requests) {
    UnwrapDekResult[] results = new UnwrapDekResult[requests.size()];
    Deque<Integer> left = new ArrayDeque<>();
    for (int i = 0; i < requests.size(); i++) {
      left.add(i);
    }
    while (!left.isEmpty()) {
      List<Integer> part = new ArrayList<>();
      BatchUnwrapDeksRequest.Builder batch = BatchUnwrapDeksRequest.newBuilder();
      while (part.size() < 1_000 && !left.isEmpty()) {
        part.add(left.remove());
        batch.addRequests(requests.get(part.getLast()));
      }
      List<UnwrapDekResult> answers = broker.batchUnwrapDeks(batch.build()).getResultsList();
      assertEquals(part.size(), answers.size());
      for (int i = 0; i < part.size(); i++) {
        UnwrapDekResult answer = answers.get(i);
        if (answer.hasError() && reasonOf(answer.getError()).equals("UNWRAP_OVERLOADED")) {
          left.add(part.get(i));
        } else {
          results[part.get(i)] = answer;
        }
      }
    }
    return List.of(results);
  }

  static String reasonOf(Status status) {
    return detail(status, ErrorInfo.class).getReason();
  }

  static <T extends Message> T detail(Status status, Class<T> type) {
    for (Any any : status.getDetailsList()) {
      if (any.is(type)) {
        try {
          return any.unpack(type);
        } catch (InvalidProtocolBufferException e) {
          throw new AssertionError(e);
        }
      }
    }
    throw new AssertionError("no " + type.getSimpleName() + " in " + status);
  }

  static void await(BooleanSupplier condition) {
    long deadline = System.nanoTime() + LONGEST_WAIT.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() - deadline > 0) {
        throw new AssertionError("did not come true in " + LONGEST_WAIT);
      }
      LockSupport.parkNanos(Duration.ofMillis(20).toNanos());
    }
  }
}
