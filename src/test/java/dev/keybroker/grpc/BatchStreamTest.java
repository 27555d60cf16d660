package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.RewrapDeksItem;
import dev.keybroker.v1.RewrapDeksRequest;
import dev.keybroker.v1.RewrapDeksResponse;
import dev.keybroker.v1.RewrapDeksResult;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.UniEmitter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// What a stream reads and sends, with every step of its client and of its work in the test's hand.
class BatchStreamTest {
  private final ScriptedCall call = new ScriptedCall();
  private final Map<String, UniEmitter<? super RewrapDeksResponse>> work = new LinkedHashMap<>();
  private final List<String> cancelled = new ArrayList<>();
  private final AtomicLong bytes = new AtomicLong();
  private final BatchStream<RewrapDeksRequest, RewrapDeksResponse> stream =
      new BatchStream<>(call, this::begin, Runnable::run, bytes::addAndGet).start();

  private Uni<RewrapDeksResponse> begin(RewrapDeksRequest request) {
    String id = request.getItems(0).getId();
    return Uni.createFrom()
        .<RewrapDeksResponse>emitter(emitter -> work.put(id, emitter))
        .onCancellation()
        .invoke(() -> cancelled.add(id));
  }

  private static RewrapDeksRequest message(String id) {
    return RewrapDeksRequest.newBuilder().addItems(RewrapDeksItem.newBuilder().setId(id)).build();
  }

  private static RewrapDeksResponse response(String id) {
    return RewrapDeksResponse.newBuilder()
        .addResults(RewrapDeksResult.newBuilder().setId(id))
        .build();
  }

  private void answer(String id) {
    Objects.requireNonNull(work.get(id)).complete(response(id));
  }

  @Test
  void nextMessage_isReadOnlyWhenAResponseWasSent() {
    assertEquals(BatchStream.AHEAD, call.requested);
    stream.onMessage(message("a"));
    stream.onMessage(message("b"));
    call.ready = false;

    answer("b");
    answer("a");

    assertEquals(List.of(), call.sent);
    assertEquals(BatchStream.AHEAD, call.requested);
    call.ready = true;
    stream.onReady();
    assertEquals(List.of(response("b"), response("a")), call.sent);
    assertEquals(BatchStream.AHEAD + 2, call.requested);
    long sent =
        2L * message("a").getSerializedSize() + 2L * response("a").getSerializedSize() + 4 * 5;
    assertEquals(sent, bytes.get());
  }

  @Test
  void stream_endsWhenTheLastResponseOfAHalfClosedCallWasSent() {
    stream.onMessage(message("a"));
    stream.onHalfClose();
    assertNull(call.status);
    call.ready = false;
    answer("a");
    assertNull(call.status);

    call.ready = true;
    stream.onReady();

    assertEquals(Status.Code.OK, Objects.requireNonNull(call.status).getCode());
    assertEquals(List.of(response("a")), call.sent);
  }

  @Test
  void stream_withoutMessages_endsWell() {
    stream.onHalfClose();

    assertEquals(Status.Code.OK, Objects.requireNonNull(call.status).getCode());
    assertTrue(call.headers);
  }

  @Test
  void callerWhoIsGone_endsTheWork_andNothingIsSentAnyMore() {
    stream.onMessage(message("a"));
    stream.onMessage(message("b"));
    call.ready = false;
    answer("a");

    stream.cancelled(Context.ROOT);

    call.ready = true;
    stream.onReady();
    stream.onHalfClose();
    assertEquals(List.of("b"), cancelled);
    assertEquals(List.of(), call.sent);
    assertNull(call.status);
  }

  @Test
  void faultOfTheBroker_endsTheCallOnce() {
    stream.onMessage(message("a"));
    stream.onMessage(message("b"));

    Objects.requireNonNull(work.get("a")).fail(new IllegalStateException("a fault"));

    assertEquals(Status.Code.INTERNAL, Objects.requireNonNull(call.status).getCode());
    assertEquals(List.of("b"), cancelled);
    answer("b");
    assertEquals(List.of(), call.sent);
  }

  private static final class ScriptedCall
      extends ServerCall<RewrapDeksRequest, RewrapDeksResponse> {
    final List<RewrapDeksResponse> sent = new ArrayList<>();
    boolean ready = true;
    boolean headers;
    int requested;
    @Nullable Status status;

    @Override
    public void request(int messages) {
      requested += messages;
    }

    @Override
    public boolean isReady() {
      return ready && status == null;
    }

    @Override
    public void sendHeaders(Metadata metadata) {
      assertTrue(!headers);
      headers = true;
    }

    @Override
    public void sendMessage(RewrapDeksResponse message) {
      assertTrue(headers && isReady());
      sent.add(message);
    }

    @Override
    public void close(Status how, Metadata trailers) {
      assertNull(status);
      status = how;
    }

    @Override
    public boolean isCancelled() {
      return false;
    }

    @Override
    public MethodDescriptor<RewrapDeksRequest, RewrapDeksResponse> getMethodDescriptor() {
      return KeyBrokerGrpc.getRewrapDeksMethod();
    }
  }
}
