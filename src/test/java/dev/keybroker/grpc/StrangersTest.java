package dev.keybroker.grpc;

import static dev.keybroker.grpc.SecuredBroker.JWKS;
import static dev.keybroker.grpc.SecuredBroker.MEDIA_SERVER;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.security.TestAuthority.Issued;
import dev.keybroker.security.TestIssuer;
import dev.keybroker.telemetry.Metrics;
import dev.keybroker.v1.KeyBrokerGrpc;
import grpc.health.v1.HealthGrpc;
import grpc.health.v1.HealthOuterClass.HealthCheckRequest;
import io.grpc.Attributes;
import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.logging.LogRecord;
import org.jboss.logmanager.ExtLogRecord;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Peers that prove no caller hold connections for a short time only, and lock out nobody. Real
/// sockets, of many addresses of the loopback network.
@QuarkusTest
@TestProfile(StrangersTest.Small.class)
class StrangersTest extends BrokerTestCase {
  private static final int MAX = 20;
  private static final int MAX_PER_PEER = 6;
  private static final String LET_IN = "NOT_FOUND/KEYSTORE_NOT_FOUND";
  private static final PublicJsonWebKey KEY = TestIssuer.ec("of-strangers");
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  /// The first bytes of a TLS handshake: a record that announces more than follows.
  private static final byte[] HALF_A_HELLO = {0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01};

  @Inject MeterRegistry meters;

  private final List<ManagedChannel> channels = new ArrayList<>();
  private final List<Socket> sockets = new ArrayList<>();

  /// Certificates or tokens, and small limits.
  public static final class Small implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      Map<String, String> settings = new HashMap<>(new SecuredBroker().getConfigOverrides());
      settings.put("keybroker.connection.max", Integer.toString(MAX));
      settings.put("keybroker.connection.max-per-peer", Integer.toString(MAX_PER_PEER));
      settings.put("keybroker.connection.proof-timeout", "4s");
      settings.put("quarkus.grpc.server.handshake-timeout", "60s");
      return settings;
    }
  }

  @Override
  ManagedChannelBuilder<?> channelTo(int port) {
    return SecuredBroker.builder(port, MEDIA_SERVER);
  }

  @BeforeEach
  void publish() throws IOException {
    TestIssuer.publish(JWKS, KEY);
    // The broker may have fetched the keys of another test a moment ago.
    ManagedChannel first = channel("127.0.0.1", null);
    await(() -> LET_IN.equals(call(first, TestIssuer.token(KEY, "recorder"))));
    first.shutdownNow();
    channels.clear();
    await(() -> connections() == 0);
  }

  @AfterEach
  void closeAll() throws IOException {
    channels.forEach(ManagedChannel::shutdownNow);
    for (Socket each : sockets) {
      each.close();
    }
    await(() -> connections() <= 1);
  }

  private double connections() {
    return meters.get(Metrics.CONNECTIONS).gauge().value();
  }

  private double refused(String cause) {
    return meters.get(Metrics.CONNECTIONS_REFUSED).tag(Metrics.CAUSE, cause).counter().count();
  }

  /// A TCP connection on which nothing is sent.
  private Socket connect(String from) throws IOException {
    Socket socket = new Socket();
    sockets.add(socket);
    socket.bind(new InetSocketAddress(InetAddress.getByName(from), 0));
    socket.connect(new InetSocketAddress("127.0.0.1", address.grpcPort()));
    return socket;
  }

  private ManagedChannel channel(String from, @Nullable Issued client) throws IOException {
    InetSocketAddress local = new InetSocketAddress(InetAddress.getByName(from), 0);
    NettyChannelBuilder builder = SecuredBroker.builder(address.grpcPort(), client);
    ManagedChannel channel =
        builder
            .localSocketPicker(
                new NettyChannelBuilder.LocalSocketPicker() {
                  @Override
                  public SocketAddress createSocketAddress(
                      SocketAddress remote, Attributes attributes) {
                    return local;
                  }
                })
            .build();
    channels.add(channel);
    return channel;
  }

  /// The reason for which the broker refuses a call for a keystore that does not exist.
  private static String call(ManagedChannel channel, @Nullable String token) {
    Metadata headers = new Metadata();
    if (token != null) {
      headers.put(AUTHORIZATION, "Bearer " + token);
    }
    return BrokerClient.reasonOrCode(
        assertThrows(
            StatusRuntimeException.class,
            () ->
                KeyBrokerGrpc.newBlockingStub(channel)
                    .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers))
                    .wrapDek(wrapRequest("tenants/none/keystores/none", Map.of()))));
  }

  private static void health(ManagedChannel channel) {
    HealthGrpc.newBlockingStub(channel).check(HealthCheckRequest.getDefaultInstance());
  }

  /// How often the channel's connection has ended from now on.
  private static AtomicInteger ends(ManagedChannel channel) {
    AtomicInteger ends = new AtomicInteger();
    watch(channel, ends);
    return ends;
  }

  private static void watch(ManagedChannel channel, AtomicInteger ends) {
    ConnectivityState before = channel.getState(false);
    channel.notifyWhenStateChanged(
        before,
        () -> {
          if (before == ConnectivityState.READY) {
            ends.incrementAndGet();
          }
          if (channel.getState(false) != ConnectivityState.SHUTDOWN) {
            watch(channel, ends);
          }
        });
  }

  /// Whether the broker has closed this connection.
  private static boolean isClosed(Socket socket) throws IOException {
    try {
      socket.setSoTimeout(1);
      while (socket.getInputStream().read() >= 0) {
        // What the broker says before it closes.
      }
      return true;
    } catch (SocketTimeoutException e) {
      return false;
    } catch (SocketException closedByReset) {
      return true;
    }
  }

  private static boolean closed(Socket socket) {
    try {
      return isClosed(socket);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void thousandConnections_ofOneAddress_holdFewAndLockOutNobody() throws IOException {
    double refusedBefore = refused("too_many_of_peer");
    for (int i = 0; i < 1_000; i++) {
      connect("127.0.0.9");
      assertTrue(connections() <= MAX_PER_PEER + 1, "those of one address");
    }
    await(() -> refused("too_many_of_peer") >= refusedBefore + 1_000 - MAX_PER_PEER);

    assertEquals(LET_IN, call(channel("127.0.0.1", MEDIA_SERVER), null));
    assertEquals(
        LET_IN, call(channel("127.0.0.2", null), TestIssuer.token(KEY, "recorder")), "a token");
    assertEquals(LET_IN, call(channel("127.0.0.9", MEDIA_SERVER), null), "of the same address");
  }

  @Test
  void connections_ofManyAddresses_lockOutNobody() throws IOException {
    double refusedBefore = refused("too_many");
    ManagedChannel first = channel("127.0.0.1", MEDIA_SERVER);
    assertEquals(LET_IN, call(first, null));
    AtomicInteger ends = ends(first);
    for (int i = 1; i <= 10 * MAX; i++) {
      connect("127.0.1." + i);
    }
    await(() -> refused("too_many") >= refusedBefore + 9 * MAX);

    assertTrue(connections() <= MAX, "the maximum");
    assertEquals(LET_IN, call(channel("127.0.0.2", MEDIA_SERVER), null));
    assertEquals(LET_IN, call(channel("127.0.0.3", null), TestIssuer.token(KEY, "recorder")));
    assertEquals(LET_IN, call(first, null));
    assertEquals(0, ends.get(), "a proven connection made room");
  }

  @Test
  void connections_ofOneCaller_haveTheirNumberToo() throws IOException {
    double refusedBefore = refused("too_many_of_peer");
    for (int i = 0; i < MAX_PER_PEER; i++) {
      assertEquals(LET_IN, call(channel("127.0.0.5", MEDIA_SERVER), null));
    }

    assertEquals("UNAVAILABLE", call(channel("127.0.0.5", MEDIA_SERVER), null));
    assertTrue(refused("too_many_of_peer") > refusedBefore);
    assertEquals(LET_IN, call(channel("127.0.0.6", MEDIA_SERVER), null));
    channels.getFirst().shutdownNow();
    await(() -> LET_IN.equals(callOfNext("127.0.0.5")));
  }

  private String callOfNext(String from) {
    try {
      return call(channel(from, MEDIA_SERVER), null);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void idleConnection_andSlowHandshake_areClosedInTime() throws IOException {
    double unprovenBefore = refused("unproven");
    Socket idle = connect("127.0.0.1");
    Socket plaintext = connect("127.0.0.2");
    Socket slow = connect("127.0.0.3");
    plaintext.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    slow.getOutputStream().write(HALF_A_HELLO);

    await(
        () -> {
          try {
            // Always some more of it, so that the connection is never idle.
            slow.getOutputStream().write(0);
          } catch (IOException closed) {
            // Closed, as it must be.
          }
          return closed(slow) && closed(idle) && closed(plaintext);
        });
    assertEquals(unprovenBefore + 2, refused("unproven"));
  }

  @Test
  void plaintext_isRefused_andNoneOfItIsLogged() {
    String secret = "authorization: Bearer secret";
    double refusedBefore = refused("handshake");

    List<LogRecord> logged =
        LoggedWarnings.during(
            () -> {
              for (int i = 1; i <= 10; i++) {
                sendPlaintext("127.0.2." + i, secret);
              }
              await(() -> refused("handshake") >= refusedBefore + 10);
            });

    // One of ten is logged whatever came before in this minute.
    List<String> lines =
        logged.stream().map(it -> ExtLogRecord.wrap(it).getFormattedMessage()).toList();
    assertTrue(lines.stream().anyMatch(it -> it.contains("does not use TLS")), lines::toString);
    String hex = HexFormat.of().formatHex(secret.getBytes(StandardCharsets.US_ASCII));
    assertTrue(
        logged.stream().allMatch(it -> it.getThrown() == null)
            && lines.stream().noneMatch(it -> it.contains("secret") || it.contains(hex)),
        lines::toString);
  }

  private void sendPlaintext(String from, String text) {
    try {
      connect(from).getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void connection_onWhichNobodyIsProven_isClosedInTime() throws IOException {
    double unprovenBefore = refused("unproven");
    ManagedChannel stranger = channel("127.0.0.4", null);
    health(stranger);
    ManagedChannel liar = channel("127.0.0.5", null);
    assertEquals(
        "UNAUTHENTICATED/TOKEN_INVALID",
        call(liar, TestIssuer.token(TestIssuer.ec("of-strangers"), "recorder")));

    // Health goes on answering, and proves nobody.
    await(
        () -> {
          answersHealth(stranger);
          return refused("unproven") >= unprovenBefore + 2;
        });
    await(() -> answersHealth(stranger));
  }

  /// Whether health is answered; a connection that ends meanwhile takes its call along.
  private static boolean answersHealth(ManagedChannel channel) {
    try {
      health(channel);
      return true;
    } catch (StatusRuntimeException e) {
      assertEquals(Status.Code.UNAVAILABLE, e.getStatus().getCode(), e::toString);
      return false;
    }
  }

  @Test
  void connection_thatProvedItsCaller_mayIdle() throws IOException {
    ManagedChannel certified = channel("127.0.0.1", MEDIA_SERVER);
    assertEquals(LET_IN, call(certified, null));
    ManagedChannel connectedOnly = channel("127.0.0.2", MEDIA_SERVER);
    connectedOnly.getState(true);
    await(() -> connectedOnly.getState(false) == ConnectivityState.READY);
    ManagedChannel bearer = channel("127.0.0.3", null);
    health(bearer);
    assertEquals(LET_IN, call(bearer, TestIssuer.token(KEY, "recorder")));
    List<AtomicInteger> ends = List.of(ends(certified), ends(connectedOnly), ends(bearer));

    // One that came later and proved nobody is closed first, so the time of the others is over.
    Socket later = connect("127.0.0.4");
    await(() -> closed(later));

    assertEquals(0, meters.get(Metrics.CONNECTIONS_UNPROVEN).gauge().value());
    ends.forEach(it -> assertEquals(0, it.get()));
    assertEquals(LET_IN, call(certified, null));
    assertEquals(LET_IN, call(bearer, TestIssuer.token(KEY, "recorder")));
    ends.forEach(it -> assertEquals(0, it.get()));
  }
}
