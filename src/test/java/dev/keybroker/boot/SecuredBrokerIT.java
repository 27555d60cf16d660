package dev.keybroker.boot;

import static dev.keybroker.keystore.TenantAccount.BROKER_STATEMENT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.PackagedBroker;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.grpc.BrokerClient;
import dev.keybroker.keystore.TenantAccount;
import dev.keybroker.security.TestAuthority;
import dev.keybroker.security.TestAuthority.Issued;
import dev.keybroker.security.TestAuthority.Request;
import dev.keybroker.security.TestIssuer;
import dev.keybroker.v1.AuditEvent;
import dev.keybroker.v1.AuditOutcome;
import dev.keybroker.v1.ListAuditEventsRequest;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.WrapDekRequest;
import dev.keybroker.v1.WrapDekResponse;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// The packaged broker as it is deployed: TLS, client certificates and tokens on one port, and an
/// access file.
class SecuredBrokerIT {
  private static final String TENANT = "tenants/secured";
  private static final String NAME = TENANT + "/keystores/calls";
  private static final String DOMAIN = "spiffe://example.org/";
  private static final String ACCESS =
      """
      version: 1
      grants:
        - callers: ["spiffe://example.org/admin"]
          permissions: [keystore.view, keystore.edit, audit.view]
          on: ["tenants/secured"]
        - callers: ["spiffe://example.org/media"]
          permissions: [dek.wrap]
          on: ["tenants/*"]
        - callers: ["spiffe://example.org/playback", "jwt:export"]
          permissions: [dek.unwrap]
          on: ["tenants/secured"]
      """;

  private final TestAuthority servers = TestAuthority.create("servers");
  private final TestAuthority clients = TestAuthority.create("clients");
  private final PublicJsonWebKey tokens = TestIssuer.ec("tokens");
  private final Path folder = folder();

  private static Path folder() {
    try {
      Path parent = Files.createDirectories(Path.of("target", "secured"));
      return Files.createTempDirectory(parent, "run-").toAbsolutePath();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void callers_overTls_mayDoWhatTheAccessFileSays_andAChangedCertificateIsTaken() throws Exception {
    try (EmbeddedServices services = EmbeddedServices.start(folder.resolve("services"));
        TenantAccount account = new TenantAccount(services, "666677778888");
        TestIssuer issuer = TestIssuer.start(folder.resolve("jwks.json"));
        PackagedBroker broker =
            PackagedBroker.in(folder)
                .with(configuration(services))
                .with("keybroker.jwt.jwks-url", issuer.url().toString())
                .startAndAwaitReady();
        BrokerClient admin = client(broker, "admin");
        BrokerClient media = client(broker, "media");
        BrokerClient playback = client(broker, "playback");
        BrokerClient nobody = new BrokerClient(channel(broker, null).build());
        BrokerClient export = bearer(broker, TestIssuer.token(tokens, "export"));
        BrokerClient foreign = bearer(broker, TestIssuer.token(tokens, "spiffe://x"))) {
      admin.create(TENANT, "calls", account.newKey(BROKER_STATEMENT));
      WrapDekResponse wrapped =
          media.broker().wrapDek(WrapDekRequest.newBuilder().setKeystore(NAME).build());
      UnwrapDekRequest unwrap =
          UnwrapDekRequest.newBuilder()
              .setKeystore(NAME)
              .setWrappedDek(wrapped.getWrappedDek())
              .build();

      assertEquals(wrapped.getDek(), playback.broker().unwrapDek(unwrap).getDek());
      assertDenied(() -> media.broker().unwrapDek(unwrap));
      assertDenied(() -> admin.broker().unwrapDek(unwrap));
      assertDenied(
          () -> playback.broker().wrapDek(WrapDekRequest.newBuilder().setKeystore(NAME).build()));
      assertEquals(wrapped.getDek(), export.broker().unwrapDek(unwrap).getDek());
      assertDenied(
          () -> export.broker().wrapDek(WrapDekRequest.newBuilder().setKeystore(NAME).build()));
      assertDenied(() -> foreign.broker().unwrapDek(unwrap));
      assertEquals(
          "UNAUTHENTICATED/CREDENTIALS_MISSING",
          BrokerClient.reason(
              assertThrows(StatusRuntimeException.class, () -> nobody.broker().unwrapDek(unwrap))));
      assertOnRecord(admin, "SPIFFE", DOMAIN + "playback");
      assertOnRecord(admin, "JWT", "export");

      servers.server().write(folder.resolve("tls.crt"), folder.resolve("tls.key"));
      awaitLine(broker, "TLS reloaded");
      try (BrokerClient after = client(broker, "playback")) {
        assertEquals(wrapped.getDek(), after.broker().unwrapDek(unwrap).getDek());
      }
    }
  }

  private Map<String, String> configuration(EmbeddedServices services) throws IOException {
    servers.server().write(folder.resolve("tls.crt"), folder.resolve("tls.key"));
    Files.writeString(folder.resolve("ca.crt"), clients.pem());
    Files.writeString(folder.resolve("access.yaml"), ACCESS);
    TestIssuer.publish(folder.resolve("jwks.json"), tokens);
    Map<String, String> settings = new HashMap<>(services.configuration());
    settings.put("keybroker.insecure", "false");
    settings.put("keybroker.access.file", folder.resolve("access.yaml").toString());
    settings.put("keybroker.tls.reload-period", "0.5s");
    settings.put("keybroker.jwt.issuer", TestIssuer.ISSUER);
    settings.put("keybroker.jwt.audience", TestIssuer.AUDIENCE);
    settings.put(
        "quarkus.tls.keybroker.key-store.pem.0.cert", folder.resolve("tls.crt").toString());
    settings.put("quarkus.tls.keybroker.key-store.pem.0.key", folder.resolve("tls.key").toString());
    settings.put(
        "keybroker.mtls.spiffe-bundles.\"example.org\"", folder.resolve("ca.crt").toString());
    return settings;
  }

  private BrokerClient client(PackagedBroker broker, String name) throws IOException {
    Issued shown = clients.issue(name, new Request().uri(DOMAIN + name));
    return new BrokerClient(channel(broker, shown).build());
  }

  private BrokerClient bearer(PackagedBroker broker, String token) throws IOException {
    Metadata headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER), "Bearer " + token);
    return new BrokerClient(
        channel(broker, null)
            .intercept(MetadataUtils.newAttachHeadersInterceptor(headers))
            .build());
  }

  private NettyChannelBuilder channel(PackagedBroker broker, @Nullable Issued shown)
      throws IOException {
    SslContextBuilder tls = GrpcSslContexts.forClient().trustManager(servers.certificate());
    if (shown != null) {
      tls.keyManager(shown.key(), shown.certificate());
    }
    return NettyChannelBuilder.forAddress("localhost", broker.grpcPort()).sslContext(tls.build());
  }

  private static void assertDenied(Runnable call) {
    assertEquals(
        "PERMISSION_DENIED/PERMISSION_DENIED",
        BrokerClient.reason(assertThrows(StatusRuntimeException.class, call::run)));
  }

  /// An unwrap that was granted is on record under the caller whose proof it was.
  private static void assertOnRecord(BrokerClient admin, String kind, String caller) {
    List<AuditEvent> events =
        admin
            .audit()
            .listAuditEvents(ListAuditEventsRequest.newBuilder().setParent(TENANT).build())
            .getEventsList();
    assertTrue(
        events.stream()
            .anyMatch(
                event ->
                    event.getRpc().equals("UnwrapDek")
                        && event.getOutcome() == AuditOutcome.AUDIT_OUTCOME_GRANTED
                        && event.getCallerKind().equals(kind)
                        && event.getCaller().equals(caller)),
        events::toString);
  }

  private static void awaitLine(PackagedBroker broker, String text) throws InterruptedException {
    long end = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (broker.logged(text) == 0) {
      assertTrue(System.nanoTime() - end < 0, broker::log);
      Thread.sleep(100);
    }
  }
}
