package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.telemetry.Metrics;
import dev.keybroker.v1.BatchWrapDeksRequest;
import dev.keybroker.v1.BatchWrapDeksResponse;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.WrapDekRequest;
import dev.keybroker.v1.WrapDekResponse;
import grpc.health.v1.HealthGrpc;
import grpc.health.v1.HealthOuterClass.HealthCheckRequest;
import grpc.health.v1.HealthOuterClass.HealthCheckResponse;
import io.grpc.CallOptions;
import io.grpc.ClientCall;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;

/// A client that is idle, slow or greedy holds nothing for ever.
@QuarkusTest
@TestProfile(ConnectionLimitsTest.Small.class)
class ConnectionLimitsTest extends BrokerTestCase {
  private static final int MAX_CONNECTIONS = 8;
  private static final int MAX_CALLS = 3;
  private static final byte[] PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] EMPTY_SETTINGS = {0, 0, 0, 4, 0, 0, 0, 0, 0};

  @Inject MeterRegistry meters;

  /// Small limits, so that they are met at once.
  public static final class Small implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      return Map.ofEntries(
          Map.entry("keybroker.connection.max", Integer.toString(MAX_CONNECTIONS)),
          Map.entry("keybroker.connection.max-concurrent-calls", Integer.toString(MAX_CALLS)),
          Map.entry("keybroker.connection.max-call-duration", "4s"),
          Map.entry("keybroker.connection.max-age", "12s"),
          Map.entry("keybroker.connection.max-age-grace", "4s"),
          Map.entry("keybroker.connection.max-idle", "3s"),
          Map.entry("keybroker.connection.keep-alive-time", "1s"),
          // A busy machine may not read an answer to a ping for a second or two.
          Map.entry("keybroker.connection.keep-alive-timeout", "6s"),
          Map.entry("keybroker.connection.permit-keep-alive-time", "60s"),
          Map.entry("quarkus.grpc.server.handshake-timeout", "1s"),
          Map.entry("quarkus.grpc.server.max-inbound-metadata-size", "4096"));
    }
  }

  private ManagedChannel open() {
    return ManagedChannelBuilder.forAddress("127.0.0.1", address.grpcPort()).usePlaintext().build();
  }

  /// A keystore; its first call on a busy machine may take longer than calls may here.
  private String keystore() {
    AtomicReference<String> name = new AtomicReference<>();
    await(
        () -> {
          try {
            name.set(keystores.shared(KeyPairSpec.ECC_NIST_P256).name());
            return true;
          } catch (StatusRuntimeException tooSlow) {
            return false;
          }
        });
    return name.get();
  }

  /// How long it takes until the broker closes a connection on which nothing more is sent.
  private Duration untilClosed(byte[]... sent) throws IOException {
    long begin = System.nanoTime();
    try (Socket socket = new Socket("127.0.0.1", address.grpcPort())) {
      socket.setSoTimeout(20_000);
      for (byte[] bytes : sent) {
        socket.getOutputStream().write(bytes);
      }
      InputStream in = socket.getInputStream();
      byte[] read = new byte[4096];
      while (in.read(read) >= 0) {
        // What the broker says before it closes.
      }
    } catch (SocketException closedByReset) {
      // Closed, too.
    }
    return Duration.ofNanos(System.nanoTime() - begin);
  }

  private static void assertClosedSoon(Duration time) {
    assertTrue(time.toSeconds() < 15, time::toString);
  }

  @Test
  void connection_onWhichNothingIsSent_isClosed() throws IOException {
    assertClosedSoon(untilClosed());
  }

  @Test
  void connection_withHalfAPreface_isClosed() throws IOException {
    assertClosedSoon(untilClosed(Arrays.copyOf(PREFACE, 10)));
  }

  @Test
  void connection_thatAnswersNoPing_isCut() throws IOException {
    // The preface, and then nothing: no answer to PING, no call.
    assertClosedSoon(untilClosed(PREFACE, EMPTY_SETTINGS));
  }

  @Test
  void idleConnection_isClosed() {
    ManagedChannel idle = open();
    try {
      HealthGrpc.newBlockingStub(idle).check(HealthCheckRequest.getDefaultInstance());
      assertEquals(ConnectivityState.READY, idle.getState(false));
      await(() -> idle.getState(false) == ConnectivityState.IDLE);
    } finally {
      idle.shutdownNow();
    }
  }

  @Test
  void oldConnection_isReplaced_andNoCallFails() {
    long end = System.nanoTime() + Duration.ofSeconds(16).toNanos();
    AtomicInteger ends = new AtomicInteger();
    ManagedChannel used = open();
    try {
      watchEnds(used, ends);
      while (System.nanoTime() - end < 0) {
        HealthGrpc.newBlockingStub(used).check(HealthCheckRequest.getDefaultInstance());
      }
      assertTrue(ends.get() > 0, "the connection grew old");
    } finally {
      used.shutdownNow();
    }
  }

  private static void watchEnds(ManagedChannel channel, AtomicInteger ends) {
    ConnectivityState before = channel.getState(true);
    channel.notifyWhenStateChanged(
        before,
        () -> {
          if (before == ConnectivityState.READY) {
            ends.incrementAndGet();
          }
          if (channel.getState(false) != ConnectivityState.SHUTDOWN) {
            watchEnds(channel, ends);
          }
        });
  }

  /// A call that sends headers and then no message.
  private static CompletableFuture<Status> halfACall(ManagedChannel channel) {
    CompletableFuture<Status> closed = new CompletableFuture<>();
    ClientCall<WrapDekRequest, WrapDekResponse> call =
        channel.newCall(KeyBrokerGrpc.getWrapDekMethod(), CallOptions.DEFAULT);
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onClose(Status status, Metadata trailers) {
            closed.complete(status);
          }
        },
        new Metadata());
    call.request(1);
    return closed;
  }

  @Test
  void call_whoseMessageNeverComes_isCut() throws Exception {
    ManagedChannel slow = open();
    try {
      Status status = halfACall(slow).get(10, TimeUnit.SECONDS);
      assertFalse(status.isOk(), status::toString);
    } finally {
      slow.shutdownNow();
    }
  }

  @Test
  void answers_thatAreNeverRead_areCut() {
    // A window of 64 kB: the answers do not fit, and nobody asks for the rest.
    ManagedChannel deaf =
        NettyChannelBuilder.forAddress("127.0.0.1", address.grpcPort())
            .usePlaintext()
            .initialFlowControlWindow(64 * 1024)
            .build();
    try {
      BatchWrapDeksRequest request =
          BatchWrapDeksRequest.newBuilder()
              .addAllRequests(Collections.nCopies(1_000, wrapRequest(keystore(), Map.of())))
              .build();
      HealthGrpc.HealthBlockingStub health = HealthGrpc.newBlockingStub(deaf);
      health.check(HealthCheckRequest.getDefaultInstance());
      long begin = System.nanoTime();
      for (int i = 0; i < MAX_CALLS; i++) {
        ClientCall<BatchWrapDeksRequest, BatchWrapDeksResponse> call =
            deaf.newCall(KeyBrokerGrpc.getBatchWrapDeksMethod(), CallOptions.DEFAULT);
        call.start(new ClientCall.Listener<>() {}, new Metadata());
        call.sendMessage(request);
        call.halfClose();
        // Never request(…): the library reads nothing for the call.
      }
      // Until the answers fill the connection, or are cut before they could.
      while (answersWithin(health, Duration.ofMillis(500))
          && System.nanoTime() - begin < Duration.ofSeconds(4).toNanos()) {
        Thread.onSpinWait();
      }
      // They make room long before the connection is too old.
      health.withDeadlineAfter(9, TimeUnit.SECONDS).check(HealthCheckRequest.getDefaultInstance());
      assertTrue(System.nanoTime() - begin < Duration.ofSeconds(10).toNanos());
    } finally {
      deaf.shutdownNow();
    }
  }

  private static boolean answersWithin(HealthGrpc.HealthBlockingStub health, Duration longest) {
    try {
      health
          .withDeadlineAfter(longest.toMillis(), TimeUnit.MILLISECONDS)
          .check(HealthCheckRequest.getDefaultInstance());
      return true;
    } catch (StatusRuntimeException blocked) {
      return false;
    }
  }

  @Test
  void watchOfHealth_isNotCutLikeACall() throws Exception {
    ManagedChannel watching = open();
    CompletableFuture<Throwable> ended = new CompletableFuture<>();
    CompletableFuture<HealthCheckResponse> first = new CompletableFuture<>();
    try {
      HealthGrpc.newStub(watching)
          .watch(
              HealthCheckRequest.getDefaultInstance(),
              new StreamObserver<>() {
                @Override
                public void onNext(HealthCheckResponse status) {
                  first.complete(status);
                }

                @Override
                public void onError(Throwable failure) {
                  ended.complete(failure);
                }

                @Override
                public void onCompleted() {
                  ended.complete(new IllegalStateException("completed"));
                }
              });
      assertNotNull(first.get(10, TimeUnit.SECONDS));
      assertThrows(TimeoutException.class, () -> ended.get(6, TimeUnit.SECONDS));
    } finally {
      watching.shutdownNow();
    }
  }

  @Test
  void callsAboveTheirNumber_waitInTheClient() throws Exception {
    ManagedChannel greedy = open();
    try {
      List<CompletableFuture<Status>> held = new ArrayList<>();
      for (int i = 0; i < MAX_CALLS; i++) {
        held.add(halfACall(greedy));
      }
      await(() -> greedy.getState(false) == ConnectivityState.READY);
      HealthGrpc.HealthBlockingStub health = HealthGrpc.newBlockingStub(greedy);
      StatusRuntimeException refused =
          assertThrows(
              StatusRuntimeException.class,
              () ->
                  health
                      .withDeadlineAfter(500, TimeUnit.MILLISECONDS)
                      .check(HealthCheckRequest.getDefaultInstance()));
      assertEquals(Status.Code.DEADLINE_EXCEEDED, refused.getStatus().getCode());
      for (CompletableFuture<Status> it : held) {
        it.get(10, TimeUnit.SECONDS);
      }
      health.check(HealthCheckRequest.getDefaultInstance());
    } finally {
      greedy.shutdownNow();
    }
  }

  private double refused(String cause) {
    return meters.get(Metrics.CONNECTIONS_REFUSED).tag(Metrics.CAUSE, cause).counter().count();
  }

  @Test
  void connectionsAboveTheirNumber_areRefused_untilOneGoes() {
    double refusedBefore = refused("too_many");
    List<ManagedChannel> opened = new ArrayList<>();
    try {
      await(() -> meters.get(Metrics.CONNECTIONS).gauge().value() <= 1);
      AtomicInteger refusals = new AtomicInteger();
      for (int i = 0; i < MAX_CONNECTIONS + 2; i++) {
        ManagedChannel next = open();
        opened.add(next);
        try {
          HealthGrpc.newBlockingStub(next).check(HealthCheckRequest.getDefaultInstance());
        } catch (StatusRuntimeException e) {
          assertEquals(Status.Code.UNAVAILABLE, e.getStatus().getCode(), e::toString);
          refusals.incrementAndGet();
        }
      }
      assertTrue(refusals.get() >= 2, () -> refusals + " were refused");
      assertTrue(refused("too_many") > refusedBefore);
      assertTrue(meters.get(Metrics.CONNECTIONS).gauge().value() <= MAX_CONNECTIONS);
    } finally {
      opened.forEach(ManagedChannel::shutdownNow);
    }
    await(() -> meters.get(Metrics.CONNECTIONS).gauge().value() <= 1);
    broker.wrapDek(wrapRequest(keystore(), Map.of()));
  }

  @Test
  void headersAboveTheirSize_areRefused() {
    Metadata headers = new Metadata();
    headers.put(Metadata.Key.of("x-large", Metadata.ASCII_STRING_MARSHALLER), "x".repeat(5_000));
    ManagedChannel large = open();
    try {
      StatusRuntimeException refused =
          assertThrows(
              StatusRuntimeException.class,
              () ->
                  HealthGrpc.newBlockingStub(large)
                      .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
                      .check(HealthCheckRequest.getDefaultInstance()));
      assertFalse(refused.getStatus().isOk());
    } finally {
      large.shutdownNow();
    }
  }

  @Test
  void messageAboveItsSize_isRefused() {
    ManagedChannel large = open();
    try {
      StatusRuntimeException refused =
          assertThrows(
              StatusRuntimeException.class,
              () ->
                  KeyBrokerGrpc.newBlockingStub(large)
                      .wrapDek(
                          WrapDekRequest.newBuilder()
                              .setDek(ByteString.copyFrom(new byte[13 * 1024 * 1024]))
                              .build()));
      assertEquals(Status.Code.RESOURCE_EXHAUSTED, refused.getStatus().getCode());
    } finally {
      large.shutdownNow();
    }
  }
}
