package dev.keybroker.kubernetes;

import static dev.keybroker.keystore.TenantAccount.BROKER_STATEMENT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.PackagedBroker;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.grpc.BrokerClient;
import dev.keybroker.grpc.Eventually;
import dev.keybroker.keystore.TenantAccount;
import dev.keybroker.security.TestAuthority;
import dev.keybroker.security.TestAuthority.Issued;
import dev.keybroker.security.TestAuthority.Request;
import dev.keybroker.security.TestIssuer;
import dev.keybroker.v1.AuditEvent;
import dev.keybroker.v1.ListAuditEventsRequest;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.WrapDekRequest;
import dev.keybroker.v1.WrapDekResponse;
import io.fabric8.kubernetes.api.model.PodSpec;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.GrpcSslContexts;
import io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.MetadataUtils;
import io.netty.handler.ssl.SslContextBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Each EKS overlay as rendered: the Job migrates PostgreSQL with the owner's role, the broker
/// starts with the service role, over TLS to both stores, and serves a caller that proves who it
/// is.
@SuppressWarnings("NullAway.Init") // set before each test
class EksOverlayIT {
  private static final String TENANT = "tenants/acme";
  private static final String NAME = TENANT + "/keystores/calls";
  private static final Duration LONGEST_JOB = Duration.ofMinutes(2);

  private final TestAuthority servers = TestAuthority.create("servers");
  private final TestAuthority clients = TestAuthority.create("clients");
  private final TestAuthority stores = TestAuthority.create("stores");
  private final PublicJsonWebKey tokens = TestIssuer.rsa("tokens");
  private final Map<String, String> rdsCa = new HashMap<>();
  private final Map<String, String> redisCa = new HashMap<>();
  private Path folder;
  private EmbeddedServices services;
  private SecuredStores secured;
  private TestIssuer apiServer;
  private RenderedPod rendered;

  @BeforeEach
  void start() throws Exception {
    Path parent = Files.createDirectories(Path.of("target", "eks"));
    folder = Files.createTempDirectory(parent, "run-").toAbsolutePath();
    services = EmbeddedServices.start(folder.resolve("services"));
    secured = SecuredStores.over(services, folder.resolve("stores"), stores);
    TestIssuer.publish(folder.resolve("jwks.json"), tokens);
    apiServer =
        TestIssuer.startLikeKubernetes(
            folder.resolve("jwks.json"), servers.server(), "token-of-the-pod");
    rdsCa.put("bundle.pem", stores.pem());
    redisCa.put("bundle.pem", stores.pem());
  }

  @AfterEach
  void stop() {
    apiServer.close();
    services.close();
  }

  @Test
  void irsa_asRendered_servesACallerWithACertificate() throws Exception {
    Overlay overlay = overlay("irsa");
    migrate(overlay);
    Issued shown = clients.issue("recorder", new Request().dns("recorder.media.svc"));
    assertServes(
        overlay,
        "dns:recorder.media.svc",
        broker -> new BrokerClient(channel(broker, shown).build()),
        broker -> new BrokerClient(channel(broker, null).build()));
  }

  @Test
  void podIdentity_asRendered_servesACallerWithAToken() throws Exception {
    Overlay overlay = overlay("pod-identity");
    migrate(overlay);
    String issuer = Settings.given(overlay).get("keybroker.jwt.issuer");
    String caller = "system:serviceaccount:media:recorder";
    assertServes(
        overlay,
        "jwt:" + caller,
        broker ->
            bearer(
                broker,
                TestIssuer.token(tokens, "RS256", caller, claims -> claims.setIssuer(issuer))),
        broker -> bearer(broker, TestIssuer.token(tokens, caller)));
  }

  /// A roll-out with a wrong authority ends at the first pod, and the log names the cause.
  @Test
  void broker_whosePostgresqlIsCertifiedByAnother_doesNotStart() throws Exception {
    Overlay overlay = overlay("pod-identity");
    rdsCa.put("bundle.pem", TestAuthority.create("another").pem());

    PackagedBroker broker = pod(overlay, brokerSpec(overlay), "untrusting").start();
    try (broker) {
      assertFalse(broker.awaitEnd(LONGEST_JOB) == 0);
    }
    assertTrue(
        broker.log().contains("this broker does not trust PostgreSQL's certificate"), broker.log());
  }

  /// Redis is a cache: brokers serve without it, and the log says why it is not used.
  @Test
  void broker_whoseRedisIsCertifiedByAnother_logsTheReason() throws Exception {
    Overlay overlay = overlay("pod-identity");
    migrate(overlay);
    redisCa.put("bundle.pem", TestAuthority.create("another").pem());

    try (PackagedBroker broker =
        pod(overlay, brokerSpec(overlay), "without-redis").startAndAwaitReady()) {
      Eventually.holds(
          Duration.ofMinutes(1),
          () ->
              assertTrue(
                  broker
                      .log()
                      .lines()
                      .anyMatch(
                          line ->
                              line.contains("no subscription to Redis")
                                  && line.contains("certification path")),
                  broker::log));
    }
  }

  private static Overlay overlay(String name) throws IOException {
    Path path = Kustomize.ROOT.resolve("overlays/eks").resolve(name);
    return Overlay.of(path.toString(), Kustomize.render(path));
  }

  private static PodSpec brokerSpec(Overlay overlay) {
    return overlay.broker().getSpec().getTemplate().getSpec();
  }

  private void migrate(Overlay overlay) throws Exception {
    PodSpec job = overlay.all(Job.class).getFirst().spec().template().getSpec();
    PackagedBroker migration = pod(overlay, job, "migrate").start();
    try (migration) {
      assertEquals(0, migration.awaitEnd(LONGEST_JOB), migration::log);
    }
    assertTrue(migration.log().contains("keybroker may read and write rows"), migration.log());
  }

  private PackagedBroker.Launch pod(Overlay overlay, PodSpec spec, String name) throws Exception {
    rendered =
        RenderedPod.of(
            overlay,
            spec,
            folder.resolve(name + "-root"),
            given(),
            text ->
                secured
                    .addressed(text)
                    .replace(
                        "https://kubernetes.default.svc/openid/v1/jwks",
                        apiServer.url().toString()));
    Map<String, String> kms = services.configuration();
    String credentials = "quarkus.kms.aws.credentials.static-provider.";
    return rendered
        .launch(folder, name)
        // As EKS' webhooks do for the service account.
        .environment("AWS_ACCESS_KEY_ID", kms.get(credentials + "access-key-id"))
        .environment("AWS_SECRET_ACCESS_KEY", kms.get(credentials + "secret-access-key"))
        .option("-Dquarkus.kms.endpoint-override=" + kms.get("quarkus.kms.endpoint-override"));
  }

  private PodFiles.Given given() throws IOException {
    Issued server = servers.server();
    return new PodFiles.Given(
        Map.of(
            "rds-ca",
            rdsCa,
            "redis-ca",
            redisCa,
            "keybroker-callers",
            Map.of("ca.crt", clients.pem()),
            "kube-root-ca.crt",
            Map.of("ca.crt", servers.pem())),
        Map.of(
            "keybroker-tls",
            Map.of(
                "tls.crt", server.certificatePem(),
                "tls.key", server.keyPem(),
                "ca.crt", servers.pem())),
        Map.of(
            "keybroker/database/username",
            "keybroker",
            "keybroker/database/password",
            SecuredStores.SERVICE_PASSWORD,
            "keybroker/database-owner/username",
            "keybroker_owner",
            "keybroker/database-owner/password",
            SecuredStores.OWNER_PASSWORD,
            "keybroker/redis/password",
            SecuredStores.REDIS_PASSWORD,
            "keybroker/redis-mac-key",
            services.configuration().get("keybroker.redis.mac-key")),
        "token-of-the-pod");
  }

  private interface Connect {
    BrokerClient to(PackagedBroker broker) throws IOException;
  }

  private void assertServes(Overlay overlay, String caller, Connect proven, Connect unproven)
      throws Exception {
    PackagedBroker.Launch launch = pod(overlay, brokerSpec(overlay), "broker");
    try (TenantAccount account = new TenantAccount(services, "666677778888");
        PackagedBroker broker = launch.startAndAwaitReady();
        BrokerClient client = proven.to(broker);
        BrokerClient stranger = unproven.to(broker)) {
      assertTrue(
          Set.of(Status.Code.UNAUTHENTICATED, Status.Code.UNAVAILABLE)
              .contains(refusal(() -> wrap(stranger)).getStatus().getCode()));
      // Nobody is granted anything yet; the broker knows who asks.
      assertEquals(
          Status.Code.PERMISSION_DENIED, refusal(() -> wrap(client)).getStatus().getCode());

      rendered.write(
          "/etc/keybroker/access/access.yaml",
          """
          version: 1
          grants:
            - callers: ["%s"]
              permissions: [keystore.edit, keystore.view, dek.wrap, dek.unwrap, audit.view]
              on: ["tenants/acme"]
          """
              .formatted(caller));
      String key = account.newKey(BROKER_STATEMENT);
      Eventually.holds(Duration.ofMinutes(1), () -> client.create(TENANT, "calls", key));

      assertCycle(client);
      Eventually.holds(Duration.ofMinutes(1), () -> assertTrue(partitions() >= 8));
      assertFalse(broker.log().contains("Unrecognized configuration key"), broker.log());
      assertFalse(broker.log().contains("permission denied for"), broker.log());
      assertFalse(broker.log().contains("NOPERM"), broker.log());
      assertFalse(broker.log().contains("no subscription to Redis"), broker.log());
    }
  }

  private static StatusRuntimeException refusal(Runnable call) {
    return assertThrows(StatusRuntimeException.class, call::run);
  }

  private static WrapDekResponse wrap(BrokerClient client) {
    return client.broker().wrapDek(WrapDekRequest.newBuilder().setKeystore(NAME).build());
  }

  /// What is wrapped before a rotation is opened after it, and all of it is on record.
  private static void assertCycle(BrokerClient client) {
    WrapDekResponse before = wrap(client);
    client.keystores().rotateKek(RotateKekRequest.newBuilder().setName(NAME).build());
    WrapDekResponse after = wrap(client);
    for (WrapDekResponse wrapped : List.of(before, after)) {
      assertEquals(
          wrapped.getDek(),
          client
              .broker()
              .unwrapDek(
                  UnwrapDekRequest.newBuilder()
                      .setKeystore(NAME)
                      .setWrappedDek(wrapped.getWrappedDek())
                      .build())
              .getDek());
    }
    Eventually.holds(
        Duration.ofMinutes(1),
        () -> {
          List<String> recorded =
              client
                  .audit()
                  .listAuditEvents(ListAuditEventsRequest.newBuilder().setParent(TENANT).build())
                  .getEventsList()
                  .stream()
                  .map(AuditEvent::getRpc)
                  .toList();
          assertTrue(
              recorded.containsAll(List.of("CreateKeystore", "WrapDek", "RotateKek", "UnwrapDek")),
              recorded::toString);
        });
  }

  /// The days of the audit trail that have a partition.
  private long partitions() {
    String url =
        services
            .configuration()
            .get("quarkus.datasource.jdbc.url")
            .replaceFirst("postgres$", "keybroker");
    try (Connection connection = DriverManager.getConnection(url, "postgres", "postgres");
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "select count(*) from pg_inherits where inhparent = 'audit_record'::regclass"
                    + " and inhrelid <> 'audit_record_default'::regclass")) {
      rows.next();
      return rows.getLong(1);
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
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
}
