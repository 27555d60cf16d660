package dev.keybroker.kubernetes;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.google.protobuf.ByteString;
import com.google.protobuf.util.Durations;
import dev.keybroker.PackagedBroker;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.kms.LocalCredentials;
import dev.keybroker.embedded.kms.LocalKms;
import dev.keybroker.grpc.BrokerClient;
import dev.keybroker.grpc.Eventually;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.RootKey;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.WrapDekRequest;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsClient;

/// Prometheus itself on the packaged broker under load: every query of `k8s/monitoring` is
/// answered, by series that are there. With `-Dupdate-docs -Ddashboard.seconds=240` it runs longer
/// and draws the dashboard's panels, `src/docs/dashboard.svg`.
class MonitoringIT {
  private static final Duration LOAD =
      Duration.ofSeconds(Integer.getInteger("dashboard.seconds", 8));
  private static final Path PICTURE = Path.of("src/docs/dashboard.svg");

  /// Metrics that a broker has only where the deployment has what they are of.
  private static final Set<String> NOT_HERE =
      Set.of(
          "keybroker_wrap_last_known_total",
          "keybroker_kms_failovers_total",
          "keybroker_tls_certificate_expiry",
          "keybroker_access_file_age_seconds",
          "keybroker_token_key_age_seconds");

  @TempDir Path folder = Path.of("");
  private final HttpClient http = HttpClient.newHttpClient();
  private int prometheusPort;

  @Test
  void queries_ofAlertsDashboardAndAdapter_areAnsweredByPrometheus() throws Exception {
    String prometheus = Promtool.command("prometheus");
    try (EmbeddedServices services = EmbeddedServices.start(folder.resolve("services"));
        PackagedBroker broker =
            PackagedBroker.in(folder)
                .with(services.configuration())
                .with("quarkus.management.port", Integer.toString(PackagedBroker.freePort()))
                .with("keybroker.audit.stream", "file:" + folder.resolve("audit.jsonl"))
                .startAndAwaitReady()) {
      Process server = start(prometheus, broker);
      try {
        long begin = System.currentTimeMillis();
        load(services, broker);
        Eventually.holds(
            Duration.ofSeconds(60),
            () -> assertTrue(!query("keybroker_rotations_overdue").isEmpty()));
        assertAnswers();
        if (System.getProperty("update-docs") != null) {
          draw(begin / 1_000.0, System.currentTimeMillis() / 1_000.0);
        }
      } finally {
        server.destroy();
        assertTrue(server.waitFor(30, TimeUnit.SECONDS));
      }
    }
  }

  private void assertAnswers() throws IOException {
    Set<String> there = new TreeSet<>();
    get("/api/v1/label/__name__/values").get("data").forEach(name -> there.add(name.textValue()));
    Set<String> missing = new TreeSet<>();
    for (Queries.Query query : Queries.all()) {
      for (String metric : query.metrics()) {
        if (!there.contains(metric) && !NOT_HERE.contains(metric)) {
          missing.add(query.title() + ": " + metric);
        }
      }
      query(query.query());
    }
    assertEquals(Set.of(), missing);
    // A panel without a line has a label or a value that the broker does not have.
    Set<String> empty = new TreeSet<>();
    for (Queries.Query query : Queries.dashboard()) {
      if (!query.metrics().isEmpty()
          && NOT_HERE.stream().noneMatch(query.metrics()::contains)
          && query(query.query()).isEmpty()) {
        empty.add(query.title() + ": " + query.query());
      }
    }
    assertEquals(Set.of(), empty);
    for (Queries.Query alert : Queries.alerts()) {
      if (alert.title().equals("KeybrokerForgedCacheEntries")
          || alert.title().equals("KeybrokerDown")
          || alert.title().equals("KeybrokerUnwrapsShed")) {
        assertTrue(query(alert.query()).isEmpty(), alert.title() + " is quiet");
      }
    }
  }

  private Process start(String prometheus, PackagedBroker broker) throws IOException {
    prometheusPort = PackagedBroker.freePort();
    Path configuration = folder.resolve("prometheus.yml");
    Files.writeString(
        configuration,
        """
        global:
          scrape_interval: 1s
        scrape_configs:
          - job_name: keybroker/keybroker
            metrics_path: /q/metrics
            static_configs:
              - targets: ["127.0.0.1:%d"]
                labels:
                  namespace: keybroker
                  pod: keybroker-0
        """
            .formatted(broker.management("/").getPort()));
    return new ProcessBuilder(
            prometheus,
            "--config.file=" + configuration,
            "--storage.tsdb.path=" + folder.resolve("tsdb"),
            "--web.listen-address=127.0.0.1:" + prometheusPort)
        .redirectErrorStream(true)
        .redirectOutput(folder.resolve("prometheus.log").toFile())
        .start();
  }

  /// Wraps and unwraps in waves, some unwraps of the wrong context, some while KMS refuses.
  private void load(EmbeddedServices services, PackagedBroker broker) throws Exception {
    BrokerClient client = broker.client();
    List<String> keystores = new ArrayList<>();
    for (KeyPairSpec spec :
        List.of(KeyPairSpec.KEY_PAIR_SPEC_RSA_3072, KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256)) {
      keystores.add(create(services, client, spec));
    }
    List<ByteString> wrapped = new ArrayList<>();
    long end = System.nanoTime() + LOAD.toNanos();
    for (int i = 0; System.nanoTime() < end; i++) {
      String keystore = keystores.get(i % 2);
      ByteString dek =
          client
              .broker()
              .wrapDek(WrapDekRequest.newBuilder().setKeystore(keystore).build())
              .getWrappedDek();
      if (i % 3 == 0) {
        unwrap(client, keystore, dek, Map.of());
      }
      if (i % 50 == 0) {
        unwrap(client, keystore, dek, Map.of("recording", "another"));
        wrapped.add(dek);
      }
      double since = 1 - (end - System.nanoTime()) / (double) LOAD.toNanos();
      // Waves: the load ebbs and flows.
      Thread.sleep((long) (2 + 12 * Math.abs(Math.cos(since * Math.PI * 3))));
    }
    assertTrue(!wrapped.isEmpty());
  }

  private static void unwrap(
      BrokerClient client, String keystore, ByteString dek, Map<String, String> context) {
    try {
      client
          .broker()
          .unwrapDek(
              UnwrapDekRequest.newBuilder()
                  .setKeystore(keystore)
                  .setWrappedDek(dek)
                  .putAllEncryptionContext(context)
                  .build());
      assertTrue(context.isEmpty());
    } catch (StatusRuntimeException e) {
      assertTrue(!context.isEmpty(), e.getMessage());
    }
  }

  private static String create(EmbeddedServices services, BrokerClient client, KeyPairSpec spec) {
    LocalCredentials admin =
        services
            .kms()
            .principal(EmbeddedServices.BROKER_ACCOUNT, "admin", LocalKms.ADMINISTRATOR_ACCESS);
    try (KmsClient kms =
        KmsClient.builder()
            .endpointOverride(services.kms().endpoint())
            .httpClient(UrlConnectionHttpClient.create())
            .region(Region.of(EmbeddedServices.REGION))
            .credentialsProvider(
                StaticCredentialsProvider.create(
                    AwsBasicCredentials.create(admin.accessKeyId(), admin.secretAccessKey())))
            .build()) {
      return client
          .keystores()
          .createKeystore(
              CreateKeystoreRequest.newBuilder()
                  .setParent("tenants/monitoring")
                  .setKeystoreId(spec.name().toLowerCase(java.util.Locale.ROOT).replace('_', '-'))
                  .setKeystore(
                      Keystore.newBuilder()
                          .setRootKey(
                              RootKey.newBuilder()
                                  .setAwsKms(
                                      AwsKmsKey.newBuilder()
                                          .setKeyArn(kms.createKey().keyMetadata().arn())))
                          .setPrivateKekLifetime(Durations.fromSeconds(5))
                          .setKeyPairSpec(spec))
                  .build())
          .getName();
    }
  }

  private JsonNode query(String promql) {
    JsonNode answer =
        get("/api/v1/query?query=" + URLEncoder.encode(promql, StandardCharsets.UTF_8));
    assertEquals("success", answer.get("status").textValue(), promql + ": " + answer);
    return answer.at("/data/result");
  }

  private JsonNode get(String path) {
    try {
      return new JsonMapper()
          .readTree(
              http.send(
                      HttpRequest.newBuilder(
                              URI.create("http://127.0.0.1:" + prometheusPort + path))
                          .build(),
                      HttpResponse.BodyHandlers.ofByteArray())
                  .body());
    } catch (IOException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
  }

  /// The panels that are lines, with what Prometheus has of the time.
  private void draw(double begin, double end) throws IOException {
    Map<String, Map<String, JsonNode>> panels = new LinkedHashMap<>();
    for (Queries.Query query : Queries.dashboard()) {
      Map<String, JsonNode> lines =
          panels.computeIfAbsent(query.title(), title -> new LinkedHashMap<>());
      JsonNode answer =
          get(
              "/api/v1/query_range?query="
                  + URLEncoder.encode(
                      query.query().replace("[1m]", "[15s]"), StandardCharsets.UTF_8)
                  + "&start="
                  + begin
                  + "&end="
                  + end
                  + "&step="
                  + Math.max(1, (end - begin) / 120));
      for (JsonNode series : answer.at("/data/result")) {
        List<String> labels = new ArrayList<>();
        series.get("metric").forEach(label -> labels.add(label.textValue()));
        lines.put(lines.size() + " " + String.join(" ", labels), series.get("values"));
      }
    }
    Files.writeString(PICTURE, DashboardPicture.of(panels, begin, end));
  }
}
