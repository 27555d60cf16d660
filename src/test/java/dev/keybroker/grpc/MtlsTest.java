package dev.keybroker.grpc;

import static dev.keybroker.grpc.SecuredBroker.CERTIFICATE;
import static dev.keybroker.grpc.SecuredBroker.CLIENTS;
import static dev.keybroker.grpc.SecuredBroker.CLIENT_AUTHORITIES;
import static dev.keybroker.grpc.SecuredBroker.KEY;
import static dev.keybroker.grpc.SecuredBroker.MEDIA_SERVER;
import static dev.keybroker.grpc.SecuredBroker.SERVERS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.security.TestAuthority;
import dev.keybroker.security.TestAuthority.Issued;
import dev.keybroker.security.TestAuthority.Request;
import dev.keybroker.telemetry.Metrics;
import dev.keybroker.v1.KeyBrokerGrpc;
import grpc.health.v1.HealthGrpc;
import grpc.health.v1.HealthOuterClass.HealthCheckRequest;
import grpc.health.v1.HealthOuterClass.HealthCheckResponse.ServingStatus;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.io.IOException;
import java.nio.file.Files;
import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Map;
import java.util.function.Consumer;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// TLS and client certificates, over the network.
@QuarkusTest
@TestProfile(SecuredBroker.class)
class MtlsTest extends BrokerTestCase {
  @Inject MeterRegistry meters;

  private int port() {
    return address.grpcPort();
  }

  @Override
  ManagedChannelBuilder<?> channelTo(int port) {
    return SecuredBroker.builder(port, MEDIA_SERVER);
  }

  @AfterEach
  void restoreFiles() {
    X509Certificate good = SecuredBroker.writeFiles();
    await(() -> good.equals(presented()));
  }

  private void as(@Nullable Issued client, Consumer<KeyBrokerGrpc.KeyBrokerBlockingStub> work) {
    ManagedChannel secured = SecuredBroker.channel(port(), client);
    try {
      work.accept(KeyBrokerGrpc.newBlockingStub(secured));
    } finally {
      secured.shutdownNow();
    }
  }

  private void wrap(KeyBrokerGrpc.KeyBrokerBlockingStub stub) {
    stub.wrapDek(wrapRequest(keystores.shared(KeyPairSpec.ECC_NIST_P256).name(), Map.of()));
  }

  private void assertUnreachable(KeyBrokerGrpc.KeyBrokerBlockingStub stub) {
    assertEquals(
        Code.UNAVAILABLE,
        assertThrows(StatusRuntimeException.class, () -> wrap(stub)).getStatus().getCode());
  }

  /// The certificate that a new connection sees.
  private X509Certificate presented() {
    try {
      KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
      trusted.load(null, null);
      trusted.setCertificateEntry("servers", SERVERS.certificate());
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(trusted);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, trust.getTrustManagers(), null);
      try (SSLSocket socket =
          (SSLSocket) context.getSocketFactory().createSocket("localhost", port())) {
        socket.startHandshake();
        return (X509Certificate) socket.getSession().getPeerCertificates()[0];
      }
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void clientCertificate_isLetIn() {
    as(MEDIA_SERVER, this::wrap);
  }

  @Test
  void noClientCertificate_isRefusedWithItsReason() {
    as(null, stub -> assertRefused(Code.UNAUTHENTICATED, "CREDENTIALS_MISSING", () -> wrap(stub)));
  }

  @Test
  void clientCertificate_thatNamesNobody_isRefusedWithItsReason() {
    as(
        CLIENTS.issue("common name", new Request()),
        stub -> assertRefused(Code.UNAUTHENTICATED, "CERTIFICATE_UNUSABLE", () -> wrap(stub)));
  }

  @Test
  void clientCertificate_ofAStranger_doesNotConnect() {
    as(
        TestAuthority.create("clients").issue("media", new Request().uri(SecuredBroker.MEDIA)),
        this::assertUnreachable);
  }

  @Test
  void clientCertificate_thatIsOver_doesNotConnect() {
    as(
        CLIENTS.issue(
            "media", new Request().uri(SecuredBroker.MEDIA).until(Instant.now().minusSeconds(60))),
        this::assertUnreachable);
  }

  @Test
  void plaintext_isNotAnswered() {
    ManagedChannel plaintext =
        ManagedChannelBuilder.forAddress("localhost", port()).usePlaintext().build();
    try {
      assertUnreachable(KeyBrokerGrpc.newBlockingStub(plaintext));
    } finally {
      plaintext.shutdownNow();
    }
  }

  @Test
  void health_isOpen() {
    ManagedChannel secured = SecuredBroker.channel(port(), null);
    try {
      assertEquals(
          ServingStatus.SERVING,
          HealthGrpc.newBlockingStub(secured)
              .check(HealthCheckRequest.newBuilder().setService("keybroker.v1.KeyBroker").build())
              .getStatus());
    } finally {
      secured.shutdownNow();
    }
  }

  @Test
  void tls12_isNotSpoken() throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, null, null);
    try (SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket("localhost", port())) {
      socket.setEnabledProtocols(new String[] {"TLSv1.2"});
      assertThrows(SSLHandshakeException.class, socket::startHandshake);
    }
  }

  @Test
  void newCertificate_isPresentedWithoutARestart_andItsEndIsMetered() {
    X509Certificate next = SecuredBroker.writeFiles();
    await(() -> next.equals(presented()));
    assertEquals(
        next.getNotAfter().toInstant().getEpochSecond(),
        meters.get(Metrics.TLS_CERTIFICATE_EXPIRY).gauge().value());
  }

  @Test
  void clientAuthorities_changed_countForNewConnections() throws IOException {
    TestAuthority next = TestAuthority.create("clients");
    Issued client = next.issue("media", new Request().uri(SecuredBroker.MEDIA));
    as(client, this::assertUnreachable);

    TestAuthority.replace(CLIENT_AUTHORITIES, next.pem());

    await(() -> connects(client));
    assertTrue(!connects(MEDIA_SERVER), "the old authority is still trusted");
  }

  private boolean connects(Issued client) {
    ManagedChannel secured = SecuredBroker.channel(port(), client);
    try {
      wrap(KeyBrokerGrpc.newBlockingStub(secured));
      return true;
    } catch (StatusRuntimeException e) {
      return false;
    } finally {
      secured.shutdownNow();
    }
  }

  /// What a broken state of the files does: nothing but alarm.
  private void assertKept(X509Certificate before) {
    double failures = failures();
    await(() -> failures() >= failures + 2);
    assertEquals(before, presented());
    as(MEDIA_SERVER, this::wrap);
  }

  private double failures() {
    return meters.get(Metrics.TLS_RELOAD_FAILURES).counter().count();
  }

  @Test
  void brokenCertificateFile_leavesTheOldOneInForce() throws IOException {
    X509Certificate before = presented();
    TestAuthority.replace(CERTIFICATE, "no certificate");
    assertKept(before);
  }

  @Test
  void missingKeyFile_leavesTheOldOneInForce() throws IOException {
    X509Certificate before = presented();
    Files.delete(KEY);
    assertKept(before);
  }

  @Test
  void certificateWithoutItsKey_leavesTheOldOneInForce() throws IOException {
    X509Certificate before = presented();
    TestAuthority.replace(CERTIFICATE, SERVERS.server().certificatePem());
    assertKept(before);
  }

  @Test
  void certificateThatIsOver_leavesTheOldOneInForce() throws IOException {
    X509Certificate before = presented();
    SERVERS
        .issue("broker", new Request().dns("localhost").until(Instant.now().minusSeconds(1)))
        .write(CERTIFICATE, KEY);
    assertKept(before);
  }

  @Test
  void brokenClientAuthorities_leaveTheOldOnesInForce() throws IOException {
    X509Certificate before = presented();
    TestAuthority.replace(CLIENT_AUTHORITIES, "");
    assertKept(before);
  }
}
