package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.protobuf.ByteString;
import dev.keybroker.audit.aws.KinesisDouble;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.grpc.TestKeystores.TestKeystore;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.Test;

/// The delivery of the audit trail to a data stream by the whole broker, which starts before the
/// stream is there.
@QuarkusTest
@TestProfile(AuditIntoKinesisTest.Delivering.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class AuditIntoKinesisTest extends BrokerTestCase {
  private static final Duration LIMIT = Duration.ofMinutes(2);

  @ConfigProperty(name = "keybroker.audit.kinesis.endpoint-override")
  URI endpoint;

  /// Names a stream at an endpoint where nothing listens yet.
  public static final class Delivering implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        return Map.of(
            "keybroker.audit.kinesis.stream-arn",
            KinesisDouble.ARN,
            "keybroker.audit.kinesis.endpoint-override",
            "http://127.0.0.1:" + free.getLocalPort());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @Test
  void unwraps_whileKinesisIsAway_areDeliveredOnceItIsBack() throws Exception {
    TestKeystore keystore = keystores.shared(KeyPairSpec.RSA_2048);
    ByteString wrapped = wrap(keystore).getWrappedDek();
    unwrap(keystore, wrapped);

    Eventually.holds(
        LIMIT,
        () -> {
          String health = get("/q/health/ready");
          assertTrue(health.contains("\"state\": \"unreachable\""), health);
          assertTrue(health.contains("data-kinesis.eu-central-1.amazonaws.com"), health);
        });
    unwrap(keystore, wrapped);
    try (KinesisDouble kinesis = new KinesisDouble(endpoint.getPort())) {
      Eventually.holds(
          LIMIT,
          () ->
              assertTrue(
                  kinesis.puts().stream()
                          .flatMap(put -> put.lines().stream())
                          .filter(line -> isUnwrapOf(line, keystore))
                          .count()
                      >= 2));
      Eventually.holds(
          LIMIT,
          () -> {
            String metrics = get("/q/metrics");
            assertTrue(metrics.contains("\nkeybroker_audit_delivery_backlog 0.0"), metrics);
            assertTrue(get("/q/health/ready").contains("\"state\": \"ok\""));
          });
    }
  }

  private static boolean isUnwrapOf(JsonNode line, TestKeystore keystore) {
    return line.path("eventName").asText().equals("UnwrapDek")
        && keystore.name().endsWith(line.at("/requestParameters/keystore").asText());
  }

  private String get(String path) {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + address.managementPort() + path))
            .build();
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(request, HttpResponse.BodyHandlers.ofString()).body();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
