package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.access.Caller;
import dev.keybroker.concurrent.Soon;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.dek.DekFailure;
import dev.keybroker.telemetry.Trace;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.WrapDekRequest;
import dev.keybroker.v1.WrapDekResponse;
import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.Status;
import io.smallrye.mutiny.Uni;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class UnaryCallTest {
  private static final Metadata.Key<String> HEADER =
      Metadata.Key.of("test", Metadata.ASCII_STRING_MARSHALLER);

  private final Context.CancellableContext context =
      Context.ROOT
          .withValue(CallOrigin.KEY, new CallOrigin(Caller.ANONYMOUS, "peer", Trace.NONE))
          .withCancellation();
  private final Sent sent = new Sent();
  private final AtomicInteger begun = new AtomicInteger();
  private final List<String> withheld = new ArrayList<>();
  private final SecretBytes dek = SecretBytes.copyOf(new byte[] {1, 2, 3});

  private static final class Sent extends ServerCall<WrapDekRequest, WrapDekResponse> {
    private @Nullable Metadata headers;
    private @Nullable WrapDekResponse message;
    private @Nullable Status status;

    @Override
    public void request(int messages) {}

    @Override
    public void sendHeaders(Metadata sent) {
      headers = sent;
    }

    @Override
    public void sendMessage(WrapDekResponse sent) {
      message = sent;
    }

    @Override
    public void close(Status sent, Metadata trailers) {
      assertNull(status, "closed twice");
      status = sent;
    }

    @Override
    public boolean isCancelled() {
      return false;
    }

    @Override
    public MethodDescriptor<WrapDekRequest, WrapDekResponse> getMethodDescriptor() {
      return KeyBrokerGrpc.getWrapDekMethod();
    }
  }

  private Answer<SecretBytes> answer() {
    return new Answer<>(dek, withheld::add);
  }

  private void call(BiFunction<CallOrigin, WrapDekRequest, Soon<Answer<SecretBytes>>> work) {
    context.run(
        () -> {
          ServerCall.Listener<WrapDekRequest> call =
              UnaryCall.<WrapDekRequest, SecretBytes, WrapDekResponse>handler(
                      (origin, request) -> {
                        begun.incrementAndGet();
                        return work.apply(origin, request);
                      },
                      (result, headers) -> {
                        headers.put(HEADER, "added");
                        return WrapDekResponse.newBuilder().setKek("kek").build();
                      })
                  .startCall(sent, new Metadata());
          call.onMessage(WrapDekRequest.getDefaultInstance());
          call.onHalfClose();
        });
  }

  private void assertAnswered() {
    assertEquals(Status.OK, sent.status);
    assertEquals("kek", sent.message == null ? null : sent.message.getKek());
    assertEquals("added", sent.headers == null ? null : sent.headers.get(HEADER));
    assertEquals(List.of(), withheld);
  }

  private void assertNothingSent() {
    assertNull(sent.headers);
    assertNull(sent.message);
    assertNull(sent.status);
  }

  @Test
  void answer_thatIsAvailable_isSentAtOnce() {
    call((origin, request) -> new Soon.Now<>(answer()));

    assertAnswered();
  }

  @Test
  void answer_thatComesLater_isSentThen() {
    CompletableFuture<Answer<SecretBytes>> later = new CompletableFuture<>();
    call((origin, request) -> new Soon.Later<>(Uni.createFrom().completionStage(later)));
    assertNothingSent();

    later.complete(answer());

    assertAnswered();
    context.cancel(null);
    assertAnswered();
  }

  @Test
  void work_whoseCallerHasLeft_doesNotBegin() {
    context.cancel(null);

    call((origin, request) -> new Soon.Now<>(answer()));

    assertEquals(0, begun.get());
    assertNothingSent();
  }

  @Test
  void work_whoseCallerLeaves_isCancelled() {
    AtomicBoolean cancelled = new AtomicBoolean();
    call(
        (origin, request) ->
            new Soon.Later<>(
                Uni.createFrom()
                    .<Answer<SecretBytes>>nothing()
                    .onCancellation()
                    .invoke(() -> cancelled.set(true))));
    assertFalse(cancelled.get());

    context.cancel(null);

    assertTrue(cancelled.get());
    assertNothingSent();
  }

  @Test
  void answer_whoseCallerLeavesMeanwhile_isWithheldAndWiped() {
    call(
        (origin, request) -> {
          context.cancel(null);
          return new Soon.Now<>(answer());
        });

    assertEquals(List.of("CANCELLED"), withheld);
    assertThrows(IllegalStateException.class, dek::toByteArray);
    assertNothingSent();
  }

  @Test
  void failureNow_isTheStatus() {
    call(
        (origin, request) -> {
          throw new DekFailure.NotAuthentic();
        });

    assertEquals(Status.Code.INVALID_ARGUMENT, sent.status == null ? null : sent.status.getCode());
    assertNull(sent.message);
  }

  @Test
  void failureLater_isTheStatus() {
    call(
        (origin, request) ->
            new Soon.Later<>(Uni.createFrom().failure(new DekFailure.Overloaded())));

    assertEquals(
        Status.Code.RESOURCE_EXHAUSTED, sent.status == null ? null : sent.status.getCode());
    assertNull(sent.message);
  }
}
