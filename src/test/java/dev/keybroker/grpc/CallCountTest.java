package dev.keybroker.grpc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.ByteString;
import dev.keybroker.grpc.TestKeystores.TestKeystore;
import dev.keybroker.kek.ChangeReader;
import dev.keybroker.v1.BatchWrapDeksRequest;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.UnwrapDekResponse;
import dev.keybroker.v1.WrapDekResult;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.net.URI;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.Jedis;

/// What calls cost behind the broker, by the counters of what is behind it.
@QuarkusTest
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class CallCountTest extends BrokerTestCase {
  private static final int KEYSTORES = 10;
  private static final int WRAPS_EACH = 10_000;
  private static final int BATCH = 1_000;
  private static final Pattern KEY_COMMANDS =
      Pattern.compile("cmdstat_(?:get|set|setex|mget|del|unlink|eval):calls=([0-9]+)");

  @Inject DataSource database;
  @Inject ChangeReader changes;

  private static long redisCalls(Jedis redis) {
    long calls = 0;
    Matcher matcher = KEY_COMMANDS.matcher(redis.info("commandstats"));
    while (matcher.find()) {
      calls += Long.parseLong(matcher.group(1));
    }
    return calls;
  }

  private static Timestamp databaseTime(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("select clock_timestamp()")) {
      result.next();
      return result.getTimestamp(1);
    }
  }

  /// Sessions whose last query read KEKs and began after that time.
  private static long kekReadsSince(Connection connection, Timestamp time) throws SQLException {
    try (PreparedStatement statement =
        connection.prepareStatement(
            """
            select count(*) from pg_stat_activity
            where pid <> pg_backend_pid() and query_start > ? and query ilike '%join kek %'
            """)) {
      statement.setTimestamp(1, time);
      try (ResultSet result = statement.executeQuery()) {
        result.next();
        return result.getLong(1);
      }
    }
  }

  /// Ten keystores with 10,000 wraps each: no record is old enough to be read ahead meanwhile.
  @Test
  void warmWraps_100000_callNeitherKmsNorRedisNorPostgres() throws SQLException {
    try (Jedis redis =
            new Jedis(
                URI.create(
                    Objects.requireNonNull(services.configuration().get("quarkus.redis.hosts"))));
        Connection connection = database.getConnection()) {
      for (int i = 0; i < KEYSTORES; i++) {
        TestKeystore keystore = keystores.fresh();
        awaitItsChanges();
        Timestamp cold = databaseTime(connection);
        wrap(keystore);
        assertEquals(1, kekReadsSince(connection, cold), "the cold read was not seen");
        byte[] entry = ("keybroker:active:" + keystore.name()).getBytes(UTF_8);
        await(() -> isRecord(redis.get(entry)));
        long kmsCalls = services.kms().calls().total();
        long redisCalls = redisCalls(redis);
        Timestamp warm = databaseTime(connection);

        warmWraps(keystore);

        assertEquals(0, services.kms().calls().total() - kmsCalls, "KMS");
        assertEquals(0, redisCalls(redis) - redisCalls, "Redis");
        assertEquals(0, kekReadsSince(connection, warm), "PostgreSQL");
      }
    }
  }

  /// A record is read again when the feed shows a change; here that of the keystore's creation. The
  /// first of the two reads may have started before it.
  private void awaitItsChanges() {
    changes.read().await().indefinitely();
    changes.read().await().indefinitely();
  }

  private void warmWraps(TestKeystore keystore) {
    BatchWrapDeksRequest request =
        BatchWrapDeksRequest.newBuilder()
            .addAllRequests(
                Collections.nCopies(BATCH, wrapRequest(keystore.name(), Map.of("a", "b"))))
            .build();
    for (int done = 0; done < WRAPS_EACH; done += BATCH) {
      assertEquals(
          BATCH,
          broker.batchWrapDeks(request).getResultsList().stream()
              .filter(WrapDekResult::hasResponse)
              .count());
    }
  }

  private long decrypts(TestKeystore keystore) {
    return services.kms().calls().on(keystore.keyArn(), "Decrypt");
  }

  @Test
  void coldUnwraps_1000AtOnce_makeOneDecrypt() throws Exception {
    TestKeystore keystore = keystores.fresh();
    ByteString wrapped = wrap(keystore).getWrappedDek();
    long before = decrypts(keystore);
    KeyBrokerGrpc.KeyBrokerFutureStub calls = KeyBrokerGrpc.newFutureStub(channel);
    UnwrapDekRequest request = unwrapRequest(keystore.name(), wrapped, Map.of());
    List<ListenableFuture<UnwrapDekResponse>> answers = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      answers.add(calls.unwrapDek(request));
    }

    for (UnwrapDekResponse answer : Futures.allAsList(answers).get()) {
      assertEquals(32, answer.getDek().size());
    }
    assertEquals(1, decrypts(keystore) - before);
  }

  @Test
  void unwraps_withLifetimeZero_makeOneDecryptEach() {
    TestKeystore keystore = keystores.create(Duration.ZERO);
    ByteString wrapped = wrap(keystore).getWrappedDek();
    long before = decrypts(keystore);
    for (int i = 1; i <= 5; i++) {
      unwrap(keystore, wrapped);
      assertEquals(i, decrypts(keystore) - before);
    }
  }
}
