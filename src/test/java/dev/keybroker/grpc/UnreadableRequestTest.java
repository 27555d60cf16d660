package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.io.ByteStreams;
import com.google.rpc.BadRequest;
import com.google.rpc.Status;
import dev.keybroker.v1.AuditLogGrpc;
import dev.keybroker.v1.BatchUnwrapDeksRequest;
import dev.keybroker.v1.GetPublicKekRequest;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.KeystoresGrpc;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.WrapDekRequest;
import grpc.health.v1.HealthGrpc;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Compressor;
import io.grpc.CompressorRegistry;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.logging.LogRecord;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Bytes that are no message of the rpc: the caller's fault, told as such, and no matter for the
/// broker's log.
@QuarkusTest
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class UnreadableRequestTest extends BrokerTestCase {
  private static final String KEYSTORE = "tenants/unreadable/keystores/calls";
  private static final byte[] GARBAGE = {(byte) 0xFF, (byte) 0xFF, 0x01};
  private static final int INBOUND_LIMIT = 12 * 1024 * 1024;
  private static final int CALLS = 20;

  @Inject DataSource database;

  private enum Bytes implements MethodDescriptor.Marshaller<byte[]> {
    AS_THEY_ARE;

    @Override
    public InputStream stream(byte[] value) {
      return new ByteArrayInputStream(value);
    }

    @Override
    public byte[] parse(InputStream stream) {
      try {
        return ByteStreams.toByteArray(stream);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /// Says gzip and does nothing of the kind.
  private static final class NoGzip implements Compressor {
    @Override
    public String getMessageEncoding() {
      return "gzip";
    }

    @Override
    public OutputStream compress(OutputStream out) {
      return out;
    }
  }

  private static MethodDescriptor<byte[], byte[]> raw(MethodDescriptor<?, ?> method) {
    return method.toBuilder(Bytes.AS_THEY_ARE, Bytes.AS_THEY_ARE).build();
  }

  private static void send(Channel channel, MethodDescriptor<?, ?> method, byte[] request) {
    send(channel, method, request, CallOptions.DEFAULT);
  }

  private static void send(
      Channel channel, MethodDescriptor<?, ?> method, byte[] request, CallOptions options) {
    ClientCalls.blockingUnaryCall(
        channel, raw(method), options.withDeadlineAfter(20, TimeUnit.SECONDS), request);
  }

  private Status assertUnreadable(MethodDescriptor<?, ?> method, byte[] request) {
    Status status =
        assertRefused(
            Code.INVALID_ARGUMENT, "REQUEST_INVALID", () -> send(channel, method, request));
    BadRequest violations = detail(status, BadRequest.class);
    assertEquals(1, violations.getFieldViolationsCount());
    assertEquals("", violations.getFieldViolations(0).getField());
    return status;
  }

  static Stream<MethodDescriptor<?, ?>> methods() {
    return Stream.of(
            KeyBrokerGrpc.getServiceDescriptor().getMethods(),
            KeystoresGrpc.getServiceDescriptor().getMethods(),
            AuditLogGrpc.getServiceDescriptor().getMethods(),
            List.<MethodDescriptor<?, ?>>of(HealthGrpc.getCheckMethod()))
        .flatMap(Collection::stream);
  }

  @ParameterizedTest
  @MethodSource("methods")
  void garbage_isTheCallersFault(MethodDescriptor<?, ?> method) {
    assertUnreadable(method, GARBAGE);
  }

  /// A wrap whose encryption context has a value in Latin-1.
  private static byte[] latin1() {
    byte[] request = wrapRequest(KEYSTORE, Map.of("city", "Z?rich-secret")).toByteArray();
    for (int i = 0; i < request.length; i++) {
      if (request[i] == '?') {
        request[i] = (byte) 0xFC;
      }
    }
    return request;
  }

  @Test
  void textInLatin1_isToldAsSuch_withoutTheText() {
    Status status = assertUnreadable(KeyBrokerGrpc.getWrapDekMethod(), latin1());

    assertTrue(status.getMessage().contains("UTF-8"), status.getMessage());
    assertTrue(status.getMessage().contains("WrapDekRequest"), status.getMessage());
    assertFalse(status.toString().contains("rich"), "the value was told");
  }

  @Test
  void truncatedMessage_isTheCallersFault() {
    byte[] whole = wrapRequest(KEYSTORE, Map.of("key", "value")).toByteArray();

    assertUnreadable(KeyBrokerGrpc.getWrapDekMethod(), Arrays.copyOf(whole, whole.length - 1));
  }

  @Test
  void batch_withOneItemThatCannotBeRead_failsAsAWhole() {
    BatchUnwrapDeksRequest batch =
        BatchUnwrapDeksRequest.newBuilder()
            .addRequests(UnwrapDekRequest.newBuilder().setKeystore(KEYSTORE))
            .addRequests(UnwrapDekRequest.newBuilder().putEncryptionContext("k", "?"))
            .build();
    byte[] request = batch.toByteArray();
    for (int i = 0; i < request.length; i++) {
      if (request[i] == '?') {
        request[i] = (byte) 0xE9;
      }
    }

    assertUnreadable(KeyBrokerGrpc.getBatchUnwrapDeksMethod(), request);
  }

  private static CompletableFuture<io.grpc.Status> end(
      Channel channel, MethodDescriptor<?, ?> method, byte[]... messages) {
    ClientCall<byte[], byte[]> call =
        channel.newCall(
            method.toBuilder(Bytes.AS_THEY_ARE, Bytes.AS_THEY_ARE)
                .setType(MethodDescriptor.MethodType.BIDI_STREAMING)
                .build(),
            CallOptions.DEFAULT);
    CompletableFuture<io.grpc.Status> end = new CompletableFuture<>();
    call.start(
        new ClientCall.Listener<>() {
          @Override
          public void onClose(io.grpc.Status status, Metadata trailers) {
            end.complete(status);
          }
        },
        new Metadata());
    call.request(1);
    for (byte[] message : messages) {
      call.sendMessage(message);
    }
    call.halfClose();
    return end;
  }

  @Test
  void callWithoutMessage_isTheCallersFault() throws Exception {
    io.grpc.Status status =
        end(channel, KeyBrokerGrpc.getWrapDekMethod()).get(20, TimeUnit.SECONDS);

    assertEquals(Code.INVALID_ARGUMENT, status.getCode(), status::toString);
  }

  @Test
  void secondMessage_isTheCallersFault() throws Exception {
    byte[] message = wrapRequest(KEYSTORE, Map.of()).toByteArray();

    io.grpc.Status status =
        end(channel, KeyBrokerGrpc.getWrapDekMethod(), message, message).get(20, TimeUnit.SECONDS);

    assertEquals(Code.INVALID_ARGUMENT, status.getCode(), status::toString);
  }

  private ManagedChannel compressing(Compressor compressor) {
    CompressorRegistry registry = CompressorRegistry.newEmptyInstance();
    registry.register(compressor);
    return channelTo(address.grpcPort()).compressorRegistry(registry).build();
  }

  @Test
  void moreThanTheLimitAfterDecompression_isTooLarge() {
    ManagedChannel gzip = compressing(new io.grpc.Codec.Gzip());
    try {
      assertRefused(
          Code.RESOURCE_EXHAUSTED,
          "REQUEST_TOO_LARGE",
          () ->
              send(
                  gzip,
                  KeyBrokerGrpc.getWrapDekMethod(),
                  wrapRequest("k".repeat(INBOUND_LIMIT), Map.of()).toByteArray(),
                  CallOptions.DEFAULT.withCompression("gzip")));
    } finally {
      gzip.shutdownNow();
    }
  }

  @Test
  void bytesThatAreNotCompressedAsAnnounced_areTheCallersFault() {
    ManagedChannel noGzip = compressing(new NoGzip());
    try {
      assertRefused(
          Code.INVALID_ARGUMENT,
          "REQUEST_INVALID",
          () ->
              send(
                  noGzip,
                  KeyBrokerGrpc.getWrapDekMethod(),
                  wrapRequest(KEYSTORE, Map.of()).toByteArray(),
                  CallOptions.DEFAULT.withCompression("gzip")));
    } finally {
      noGzip.shutdownNow();
    }
  }

  @Test
  void compressedRequest_isRead() {
    ManagedChannel gzip = compressing(new io.grpc.Codec.Gzip());
    try {
      assertRefused(
          Code.NOT_FOUND,
          "KEYSTORE_NOT_FOUND",
          () ->
              send(
                  gzip,
                  KeyBrokerGrpc.getWrapDekMethod(),
                  wrapRequest(KEYSTORE, Map.of("key", "v".repeat(1_000))).toByteArray(),
                  CallOptions.DEFAULT.withCompression("gzip")));
    } finally {
      gzip.shutdownNow();
    }
  }

  /// The transport ends this call, before the broker sees it.
  @Test
  void messageAboveTheLimit_isTooLarge_andNoMatterForTheLog() {
    ManagedChannel plain = channelTo(address.grpcPort()).build();
    try {
      List<String> log =
          logged(
              () -> {
                StatusRuntimeException ended =
                    assertThrows(
                        StatusRuntimeException.class,
                        () ->
                            send(
                                plain,
                                KeyBrokerGrpc.getWrapDekMethod(),
                                new byte[INBOUND_LIMIT + 1]));
                assertEquals(Code.RESOURCE_EXHAUSTED, ended.getStatus().getCode());
              });
      assertEquals(List.of(), log);
    } finally {
      plain.shutdownNow();
    }
  }

  private List<String> logged(Runnable work) {
    return LoggedWarnings.during(
            () -> {
              work.run();
              // On the same event loop: what came before it is logged by then.
              assertRefused(
                  Code.NOT_FOUND,
                  "KEYSTORE_NOT_FOUND",
                  () ->
                      broker.getPublicKek(
                          GetPublicKekRequest.newBuilder().setKeystore(KEYSTORE).build()));
            })
        .stream()
        .map(LogRecord::getMessage)
        .toList();
  }

  @Test
  void manyCalls_leaveNothingInTheLog() {
    List<String> log =
        logged(
            () -> {
              for (int i = 0; i < CALLS; i++) {
                assertUnreadable(KeyBrokerGrpc.getWrapDekMethod(), GARBAGE);
              }
            });

    assertEquals(List.of(), log);
  }

  private long records(String action) throws SQLException {
    try (Connection connection = database.getConnection();
        PreparedStatement statement =
            connection.prepareStatement(
                """
                select count(*) from audit_record
                where action = ? and caller_kind = 'ANONYMOUS' and tenant is null
                and outcome = 'REFUSED' and reason = 'REQUEST_INVALID'
                """)) {
      statement.setString(1, action);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    }
  }

  @Test
  void call_isOnRecord_withItsCallerAndWithoutTenant() throws SQLException {
    long before = records("UnwrapDek");
    assertUnreadable(KeyBrokerGrpc.getUnwrapDekMethod(), GARBAGE);

    await(
        () -> {
          try {
            return records("UnwrapDek") == before + 1;
          } catch (SQLException e) {
            throw new AssertionError(e);
          }
        });
  }

  @Test
  void readableRequest_isReadAsBefore() {
    assertRefused(
        Code.NOT_FOUND,
        "KEYSTORE_NOT_FOUND",
        () ->
            send(
                channel,
                KeyBrokerGrpc.getWrapDekMethod(),
                WrapDekRequest.newBuilder().setKeystore(KEYSTORE).build().toByteArray()));
  }
}
