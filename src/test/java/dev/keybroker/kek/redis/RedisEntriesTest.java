package dev.keybroker.kek.redis;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.grpc.Eventually;
import dev.keybroker.kek.redis.RedisEntries.Seen;
import io.quarkus.redis.datasource.ReactiveRedisDataSource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.smallrye.mutiny.TimeoutException;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Vertx;
import jakarta.inject.Inject;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.params.SetParams;

/// Reads of many entries at the same time, in a real Redis.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class RedisEntriesTest {
  private static final int MANY = 1_000;
  private static final Duration LIMIT = Duration.ofMinutes(1);
  private static final Pattern READS = Pattern.compile("total_reads_processed:([0-9]+)");

  @Inject ReactiveRedisDataSource redis;
  @Inject Vertx vertx;
  EmbeddedServices services;

  private final String prefix = "test-" + UUID.randomUUID() + ":";

  private Jedis jedis() {
    return new Jedis(
        URI.create(Objects.requireNonNull(services.configuration().get("quarkus.redis.hosts"))));
  }

  private List<String> keys() {
    return IntStream.range(0, MANY).mapToObj(i -> prefix + i).toList();
  }

  /// Asks for all of them in one turn of an event loop.
  private List<CompletableFuture<Seen>> atOnce(RedisEntries entries, List<String> keys) {
    CompletableFuture<List<CompletableFuture<Seen>>> asked = new CompletableFuture<>();
    vertx
        .getOrCreateContext()
        .runOnContext(
            turn ->
                asked.complete(
                    keys.stream()
                        .map(key -> entries.get(key).subscribeAsCompletionStage())
                        .toList()));
    return Uni.createFrom().completionStage(asked).await().atMost(LIMIT);
  }

  private static Seen seen(CompletableFuture<Seen> entry) {
    return entry.orTimeout(LIMIT.toSeconds(), TimeUnit.SECONDS).join();
  }

  private static long reads(Jedis jedis) {
    Matcher matcher = READS.matcher(jedis.info("stats"));
    assertTrue(matcher.find());
    return Long.parseLong(matcher.group(1));
  }

  @Test
  void entries_askedForAtOnce_areAllRead_byFewWritesToRedis() {
    List<String> keys = keys();
    try (Jedis jedis = jedis()) {
      for (String key : keys) {
        jedis.set(key, "entry of " + key, SetParams.setParams().ex(600));
      }
      jedis.del(keys.get(7));
      long before = reads(jedis);

      List<CompletableFuture<Seen>> found = atOnce(new RedisEntries(redis, LIMIT), keys);

      for (int i = 0; i < MANY; i++) {
        byte[] entry = seen(found.get(i)).entry();
        if (i == 7) {
          assertNull(entry);
        } else {
          assertArrayEquals(("entry of " + keys.get(i)).getBytes(UTF_8), entry);
        }
      }
      long reads = reads(jedis) - before;
      assertTrue(reads < MANY / 10, reads + " reads of sockets");
    }
  }

  @Test
  void entry_askedForAlone_isReadToo() {
    try (Jedis jedis = jedis()) {
      jedis.set(prefix + "alone", "entry", SetParams.setParams().ex(600));
    }
    RedisEntries entries = new RedisEntries(redis, LIMIT);

    assertArrayEquals(
        "entry".getBytes(UTF_8), entries.get(prefix + "alone").await().atMost(LIMIT).entry());
    assertNull(entries.get(prefix + "none").await().atMost(LIMIT).entry());
  }

  /// Redis accepts commands, and answers them after a second.
  @Test
  void reads_ofASilentRedis_failInTime_andLaterOnesDoNotWaitForThem() {
    RedisEntries impatient = new RedisEntries(redis, Duration.ofMillis(50));
    try (Jedis jedis = jedis()) {
      jedis.clientPause(1_000);
    }
    List<CompletableFuture<Seen>> unanswered = atOnce(impatient, keys());

    for (CompletableFuture<Seen> each : unanswered) {
      CompletionException failure = assertThrows(CompletionException.class, () -> seen(each));
      assertInstanceOf(TimeoutException.class, failure.getCause());
    }
    Eventually.holds(
        () -> assertDoesNotThrow(() -> impatient.get(prefix + "later").await().atMost(LIMIT)));
  }
}
