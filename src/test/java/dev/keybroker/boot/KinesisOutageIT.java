package dev.keybroker.boot;

import static dev.keybroker.keystore.TenantAccount.BROKER_STATEMENT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.PackagedBroker;
import dev.keybroker.audit.aws.KinesisDouble;
import dev.keybroker.audit.aws.KinesisDouble.Refusal;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.grpc.BrokerClient;
import dev.keybroker.grpc.Eventually;
import dev.keybroker.keystore.TenantAccount;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.WrapDekRequest;
import dev.keybroker.v1.WrapDekResponse;
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
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/// Two packaged brokers deliver the audit trail to a stream that is away while they serve calls,
/// and one of them is killed meanwhile.
class KinesisOutageIT {
  /// How long Kinesis is away: `-Dkeybroker.it.outage=PT1M` for a long run.
  private static final Duration OUTAGE =
      Duration.parse(System.getProperty("keybroker.it.outage", "PT4S"));

  private static final Duration LONGEST = Duration.ofMinutes(2);
  private static final String TENANT = "tenants/streamed";
  private static final String NAME = TENANT + "/keystores/calls";
  private static final Refusal AWAY = new Refusal(503, "ServiceUnavailable", "away");

  @Test
  void kinesisAway_underLoad_holdsUpNoCall_andEveryRecordArrivesInOrder() throws Exception {
    Path parent = Files.createDirectories(Path.of("target", "embedded-services"));
    Path folder = Files.createTempDirectory(parent, "outage-");
    CountDownLatch over = new CountDownLatch(1);
    try (EmbeddedServices services = EmbeddedServices.start(folder);
        TenantAccount account = new TenantAccount(services, "555566667777");
        KinesisDouble kinesis = new KinesisDouble();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        PackagedBroker killed = start("killed", folder, services, kinesis);
        PackagedBroker left = start("left", folder, services, kinesis)) {
      killed.client().create(TENANT, "calls", account.newKey(BROKER_STATEMENT));
      call(killed.client());
      Eventually.holds(LONGEST, () -> call(left.client()));
      Eventually.holds(LONGEST, () -> assertEquals(2, chains(kinesis)));

      AtomicInteger puts = new AtomicInteger();
      kinesis.refuse(
          chain -> {
            if (puts.getAndIncrement() % 2 == 1) {
              await(over);
            }
            return AWAY;
          });
      Future<Integer> callsOfKilled =
          threads.submit(() -> calls(killed.client(), OUTAGE.dividedBy(2)));
      Future<Integer> callsOfLeft = threads.submit(() -> calls(left.client(), OUTAGE));
      int calls = callsOfKilled.get();
      killed.signal("KILL");
      killed.awaitEnd(Duration.ofSeconds(10));
      calls += callsOfLeft.get();
      long waiting = count(services) - arrived(kinesis);
      kinesis.acceptAll();
      over.countDown();

      System.out.printf(
          "Kinesis away for %s: %,d calls, %d puts refused, %,d records waited%n",
          OUTAGE, calls, puts.get(), waiting);
      assertTrue(waiting > 0);
      endLeases(services);
      Eventually.holds(LONGEST, () -> assertAllArrived(services, kinesis));
    }
  }

  private static PackagedBroker start(
      String name, Path folder, EmbeddedServices services, KinesisDouble kinesis)
      throws IOException, InterruptedException {
    return PackagedBroker.in(folder)
        .named(name)
        .with(services.configuration())
        .with("keybroker.audit.wraps", "durable")
        // No call may fail because the machine is slow.
        .with("keybroker.postgres.timeout", "20s")
        .with("keybroker.postgres.transaction-timeout", "20s")
        .with("keybroker.audit.commit-timeout", "20s")
        .with("keybroker.audit.kinesis.stream-arn", KinesisDouble.ARN)
        .with("keybroker.audit.kinesis.endpoint-override", kinesis.endpoint().toString())
        .option("-Xmx300m")
        .startAndAwaitReady();
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /// Makes calls for a time, and fails with the first one that fails.
  private static int calls(BrokerClient client, Duration time) {
    long end = System.nanoTime() + time.toNanos();
    int calls = 0;
    do {
      call(client);
      calls += 2;
    } while (System.nanoTime() - end < 0);
    return calls;
  }

  private static void call(BrokerClient client) {
    WrapDekResponse wrapped =
        client.broker().wrapDek(WrapDekRequest.newBuilder().setKeystore(NAME).build());
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

  private static long chains(KinesisDouble kinesis) {
    return kinesis.puts().stream().map(KinesisDouble.Put::partitionKey).distinct().count();
  }

  private static long arrived(KinesisDouble kinesis) {
    return kinesis.puts().stream().mapToLong(put -> put.lines().size()).sum();
  }

  /// Another broker could take over the chain of the killed one only after a minute.
  private static void endLeases(EmbeddedServices services) throws SQLException {
    try (Connection connection = connect(services);
        Statement statement = connection.createStatement()) {
      statement.execute("update audit_delivery set held_until = now()");
    }
  }

  /// A consumer that leaves out numbers which are not above the highest so far has every record, in
  /// order.
  private static void assertAllArrived(EmbeddedServices services, KinesisDouble kinesis) {
    committed(services)
        .forEach(
            (chain, last) ->
                assertEquals(
                    LongStream.rangeClosed(1, last).boxed().toList(),
                    withoutRepetitions(kinesis.numbers(chain)),
                    chain));
  }

  private static List<Long> withoutRepetitions(List<Long> numbers) {
    long[] highest = {0};
    return numbers.stream()
        .filter(
            number -> {
              boolean isNew = number > highest[0];
              highest[0] = Math.max(number, highest[0]);
              return isNew;
            })
        .toList();
  }

  /// The highest number of each chain's records, each of which has as many.
  private static Map<String, Long> committed(EmbeddedServices services) {
    Map<String, Long> committed = new HashMap<>();
    try (Connection connection = connect(services);
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "select chain::text, max(seq), count(*) from audit_record group by chain")) {
      while (rows.next()) {
        assertEquals(rows.getLong(2), rows.getLong(3), "a gap in PostgreSQL");
        committed.put(rows.getString(1), rows.getLong(2));
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    assertEquals(2, committed.size());
    return committed;
  }

  private static long count(EmbeddedServices services) {
    return committed(services).values().stream().mapToLong(Long::longValue).sum();
  }

  private static Connection connect(EmbeddedServices services) throws SQLException {
    return DriverManager.getConnection(
        services.configuration().get("quarkus.datasource.jdbc.url"), "postgres", "postgres");
  }
}
