package dev.keybroker.access.jwt;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.keybroker.security.TestIssuer;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.jose4j.jwk.JsonWebKey;
import org.jose4j.jwk.JsonWebKeySet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// An issuer whose answer stops in the middle.
@SuppressWarnings("NullAway.Init") // set before each test
class IssuerKeysTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final String KEYS =
      new JsonWebKeySet(TestIssuer.ec("ec-1")).toJson(JsonWebKey.OutputControlLevel.PUBLIC_ONLY);

  private final CountDownLatch end = new CountDownLatch(1);
  private final ExecutorService handlers = Executors.newCachedThreadPool();
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final AtomicLong nanos = new AtomicLong();
  private volatile boolean stalls;
  private HttpServer server;
  private IssuerKeys keys;

  @BeforeEach
  void start() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(handlers);
    server.createContext("/", this::answer);
    server.start();
    URI url = URI.create("http://127.0.0.1:" + server.getAddress().getPort() + "/jwks");
    keys =
        new IssuerKeys(
            new JwksEndpoint(url, Optional.empty(), Optional.empty(), Duration.ofSeconds(3)),
            Duration.ofMinutes(5),
            Duration.ofNanos(1),
            nanos::get,
            meters);
  }

  @AfterEach
  void stop() {
    end.countDown();
    keys.close();
    server.stop(0);
    handlers.shutdownNow();
  }

  private void answer(HttpExchange exchange) throws IOException {
    byte[] body = KEYS.getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(200, body.length);
    if (stalls) {
      exchange.getResponseBody().write(body, 0, 10);
      exchange.getResponseBody().flush();
      try {
        end.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    } else {
      exchange.getResponseBody().write(body);
    }
    exchange.close();
  }

  private boolean refresh() {
    nanos.addAndGet(Duration.ofSeconds(1).toNanos());
    return keys.refresh().await().atMost(LONG);
  }

  private double age() {
    return meters.get(Metrics.TOKEN_KEY_AGE).gauge().value();
  }

  @Test
  void body_thatStalls_endsWithinTheTimeoutAndTheNextFetchSucceeds() {
    stalls = true;
    assertFalse(refresh());
    assertEquals(0, keys.known().size());
    stalls = false;
    assertTrue(refresh());
    assertEquals(1, keys.known().size());
  }

  @Test
  void age_whileTheIssuerStalls_growsFromTheLastGoodFetch() {
    assertTrue(refresh());
    assertEquals(0, age());
    stalls = true;
    assertFalse(refresh());
    assertFalse(refresh());
    assertEquals(2, age());
    assertEquals(1, keys.known().size());
  }
}
