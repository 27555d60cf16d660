package dev.keybroker.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.keybroker.PackagedBroker;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.security.TestAuthority;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Status;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The packaged broker starts closed, or open where that is asked for by name, and not otherwise.
@SuppressWarnings("NullAway.Init") // set before all tests
class StartUpIT {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static Path folder;
  private static EmbeddedServices services;
  private static Map<String, String> tls;

  @BeforeAll
  static void start() throws IOException {
    Path parent = Files.createDirectories(Path.of("target", "start-up"));
    folder = Files.createTempDirectory(parent, "run-").toAbsolutePath();
    services = EmbeddedServices.start(folder.resolve("services"));
    TestAuthority authority = TestAuthority.create("all");
    authority.server().write(folder.resolve("tls.crt"), folder.resolve("tls.key"));
    Files.writeString(folder.resolve("ca.crt"), authority.pem());
    tls =
        Map.of(
            "quarkus.tls.keybroker.key-store.pem.0.cert", folder.resolve("tls.crt").toString(),
            "quarkus.tls.keybroker.key-store.pem.0.key", folder.resolve("tls.key").toString());
  }

  @AfterAll
  static void stop() {
    services.close();
  }

  private static PackagedBroker.Launch broker(String name, Map<String, String> settings) {
    Map<String, String> configuration = new HashMap<>(services.configuration());
    configuration.put("keybroker.insecure", "false");
    configuration.putAll(settings);
    return PackagedBroker.in(folder).named(name).with(configuration);
  }

  private static void assertRefused(
      String name, Map<String, String> settings, String... namesOfSettings) throws Exception {
    try (PackagedBroker broker = broker(name, settings).start()) {
      assertNotEquals(0, broker.awaitEnd(Duration.ofSeconds(120)));
      for (String it : namesOfSettings) {
        assertTrue(broker.log().contains(it), () -> it + " is not named:\n" + broker.log());
      }
    }
  }

  private static JsonNode security(PackagedBroker broker) throws Exception {
    for (JsonNode check : JSON.readTree(broker.get("/q/health/ready")).path("checks")) {
      if (check.path("name").asText().equals("security")) {
        return check.path("data");
      }
    }
    throw new AssertionError("nothing of security in the health data");
  }

  @Test
  void broker_withNothingConfigured_doesNotStart_andSaysWhatIsMissing() throws Exception {
    assertRefused(
        "nothing",
        Map.of(),
        "quarkus.tls.keybroker.key-store.pem.0.cert",
        "keybroker.mtls.spiffe-bundles",
        "keybroker.mtls.dns-authorities",
        "keybroker.jwt.issuer",
        "keybroker.insecure");
  }

  @Test
  void broker_withTlsAlone_doesNotStart() throws Exception {
    assertRefused("tls", tls, "keybroker.jwt.issuer", "keybroker.insecure");
  }

  @Test
  void console_withoutAnOpenIdProvider_doesNotStart() throws Exception {
    Map<String, String> settings = new HashMap<>(tls);
    settings.put("keybroker.jwt.issuer", "https://issuer.example");
    settings.put("keybroker.jwt.audience", "keybroker");
    settings.put("keybroker.jwt.jwks-url", "https://issuer.example/jwks");
    settings.put("keybroker.console.enabled", "true");
    assertRefused("console", settings, "quarkus.oidc.auth-server-url", "quarkus.oidc.client-id");
    settings.remove("keybroker.console.enabled");
    settings.put("quarkus.http.host-enabled", "true");
    assertRefused("http", settings, "quarkus.oidc.auth-server-url");
  }

  @Test
  void broker_withHalfOfAnything_doesNotStart() throws Exception {
    Map<String, String> half = new HashMap<>(tls);
    half.put("keybroker.insecure", "true");
    half.put("keybroker.jwt.issuer", "https://issuer.example");
    half.put("keybroker.mtls.trust-domains", "example.org");
    half.put("quarkus.grpc.server.ssl.client-auth", "REQUIRED");
    half.put("keybroker.connection.max-age-grace", "1s");
    assertRefused(
        "half",
        half,
        "keybroker.jwt.audience is missing",
        "keybroker.jwt.jwks-url is missing",
        "keybroker.mtls.trust-domains",
        "quarkus.grpc.server.ssl.client-auth has no effect",
        "keybroker.connection.max-age-grace");
  }

  @Test
  void settings_outOfTheirBounds_areNamedTogether_beforeAnythingStarts() throws Exception {
    Map<String, String> settings =
        Map.of(
            "keybroker.insecure", "true",
            "keybroker.connection.max", "0",
            "keybroker.wrap-session.lifetime", "11m",
            "keybroker.redis.mac-key", "c2VjcmV0");
    try (PackagedBroker broker = broker("bounds", settings).start()) {
      assertNotEquals(0, broker.awaitEnd(Duration.ofSeconds(120)));
      for (String it :
          new String[] {
            "keybroker.connection.max must be at least 1",
            "keybroker.wrap-session.lifetime must be above 0 and at most 10 min",
            "keybroker.redis.mac-key must be the base64 of at least 32 bytes"
          }) {
        assertTrue(broker.log().contains(it), () -> it + " is missing:\n" + broker.log());
      }
      assertFalse(broker.log().contains("c2VjcmV0"), broker::log);
      assertEquals(0, broker.logged("audit chain"), broker::log);
    }
  }

  private Map<String, String> oldForm(String... trustDomains) {
    Map<String, String> settings = new HashMap<>(tls);
    settings.put(
        "quarkus.tls.keybroker.trust-store.pem.certs", folder.resolve("ca.crt").toString());
    if (trustDomains.length > 0) {
      settings.put("keybroker.mtls.trust-domains", String.join(",", trustDomains));
    }
    return settings;
  }

  @Test
  void oldTrustStore_thatDoesNotSayWhichNamesItMayVouchFor_endsTheStart() throws Exception {
    String replacement = "set keybroker.mtls.spiffe-bundles.";
    assertRefused("trust-any", oldForm(), replacement, "keybroker.mtls.dns-authorities");
    assertRefused("trust-two", oldForm("example.org", "partner.example"), replacement);
    Map<String, String> both = oldForm("example.org");
    both.put("keybroker.mtls.spiffe-bundles.\"example.org\"", folder.resolve("ca.crt").toString());
    assertRefused("trust-both", both, "quarkus.tls.keybroker.trust-store is set together with");
  }

  @Test
  void oldTrustStore_ofOneTrustDomain_starts_andNamesItsReplacement() throws Exception {
    Map<String, String> old = oldForm("example.org");
    Path access = Files.writeString(folder.resolve("access.yaml"), "version: 1\ngrants: []\n");
    old.put("keybroker.access.file", access.toString());
    try (PackagedBroker broker = broker("trust-old", old).startAndAwaitReady()) {
      assertTrue(
          broker.log().contains("the old form of keybroker.mtls.spiffe-bundles.\"example.org\""),
          broker::log);
      assertTrue(broker.log().contains("authorities of spiffe://example.org (1)"), broker::log);
    }
  }

  @Test
  void bundles_thatCannotBeUsed_endTheStart() throws Exception {
    Map<String, String> unquoted = new HashMap<>(tls);
    unquoted.put("keybroker.mtls.spiffe-bundles.example.org", folder.resolve("ca.crt").toString());
    unquoted.put("keybroker.mtls.dns-authorities", folder.resolve("ca.crt").toString());
    assertRefused("unquoted", unquoted, "keybroker.mtls.spiffe-bundles.example.org does not name");
    Map<String, String> inline = new HashMap<>(tls);
    inline.put("keybroker.mtls.spiffe-bundles", "example.org=" + folder.resolve("ca.crt"));
    assertRefused("inline", inline, "keybroker.mtls.spiffe-bundles does not name");
    Map<String, String> missing = new HashMap<>(tls);
    missing.put(
        "keybroker.mtls.spiffe-bundles.\"example.org\"", folder.resolve("none.pem").toString());
    Path access = Files.writeString(folder.resolve("access.yaml"), "version: 1\ngrants: []\n");
    missing.put("keybroker.access.file", access.toString());
    assertRefused("missing", missing, "none.pem", "there is no such file");
  }

  @Test
  void broker_thatIsClosed_starts_andSaysSo() throws Exception {
    Map<String, String> closed = new HashMap<>(tls);
    closed.put("keybroker.mtls.dns-authorities", folder.resolve("ca.crt").toString());
    Path access = Files.writeString(folder.resolve("access.yaml"), "version: 1\ngrants: []\n");
    closed.put("keybroker.access.file", access.toString());
    try (PackagedBroker broker = broker("closed", closed).startAndAwaitReady()) {
      JsonNode data = security(broker);
      assertFalse(data.path("insecure").asBoolean(true), data::toString);
      assertTrue(data.path("tls").asBoolean(), data::toString);
      assertTrue(data.path("client-certificates").asBoolean(), data::toString);
      assertTrue(data.path("client-certificates-required").asBoolean(), data::toString);
      assertTrue(broker.get("/q/metrics").contains("keybroker_insecure 0"), "the gauge");
      assertTrue(broker.get("/q/metrics").contains("keybroker_tls_certificate_expiry"));
      assertFalse(broker.log().contains("INSECURE"), broker::log);
    }
  }

  @Test
  void broker_thatIsOpenByItsSetting_starts_andSaysSo() throws Exception {
    try (PackagedBroker broker =
        broker("open", Map.of("keybroker.insecure", "true")).startAndAwaitReady()) {
      assertTrue(security(broker).path("insecure").asBoolean());
      assertTrue(broker.get("/q/metrics").contains("keybroker_insecure 1"), "the gauge");
      assertTrue(broker.logged("INSECURE") == 1, broker::log);
      assertNoReflection(broker);
    }
  }

  /// Reflection is off unless a deployment asks for it, whoever may call.
  private static void assertNoReflection(PackagedBroker broker) throws Exception {
    ManagedChannel channel =
        ManagedChannelBuilder.forAddress("127.0.0.1", broker.grpcPort()).usePlaintext().build();
    CompletableFuture<Throwable> end = new CompletableFuture<>();
    try {
      ServerReflectionGrpc.newStub(channel)
          .serverReflectionInfo(
              new StreamObserver<>() {
                @Override
                public void onNext(ServerReflectionResponse response) {
                  end.completeExceptionally(new AssertionError("reflection answers: " + response));
                }

                @Override
                public void onError(Throwable failure) {
                  end.complete(failure);
                }

                @Override
                public void onCompleted() {}
              })
          .onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
      assertEquals(
          Status.Code.UNIMPLEMENTED, Status.fromThrowable(end.get(20, TimeUnit.SECONDS)).getCode());
    } finally {
      channel.shutdownNow();
    }
  }

  @Test
  void broker_thatIsOpen_mustBeToldWhereItMayBeReached() throws Exception {
    try (PackagedBroker broker =
        broker("host", Map.of("keybroker.insecure", "true"))
            .without("quarkus.grpc.server.host")
            .start()) {
      assertNotEquals(0, broker.awaitEnd(Duration.ofSeconds(120)));
      assertTrue(broker.log().contains("quarkus.grpc.server.host is missing"), broker::log);
    }
  }
}
