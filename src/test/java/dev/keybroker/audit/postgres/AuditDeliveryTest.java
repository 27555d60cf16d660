package dev.keybroker.audit.postgres;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.audit.AuditDelivery;
import dev.keybroker.audit.ChainedRecord;
import dev.keybroker.audit.DeliveryCursor;
import dev.keybroker.audit.DeliveryFailure;
import dev.keybroker.audit.DeliveryStore;
import dev.keybroker.audit.RecordStream;
import dev.keybroker.audit.aws.KinesisDouble;
import dev.keybroker.audit.aws.KinesisStream;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.kms.aws.AwsKms;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The delivery of committed records, on a real PostgreSQL and a server that speaks Kinesis'
/// protocol: nothing is lost, and each chain stays in order.
@SuppressWarnings("NullAway.Init") // set before all tests
class AuditDeliveryTest {
  private static final Duration LIMIT = Duration.ofMinutes(1);
  private static final Instant NOON = Instant.parse("2030-10-15T12:00:00Z");
  private static final KinesisDouble.Refusal AWAY =
      new KinesisDouble.Refusal(503, "ServiceUnavailable", "away");

  private static EmbeddedServices services;
  private static Vertx vertx;
  private static Pool pool;
  private static String url;

  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final AtomicLong nanos = new AtomicLong();
  private final MeterRegistry registry = new SimpleMeterRegistry();
  private DeliveryStore store;
  private KinesisDouble kinesis;
  private AwsKms aws;
  private RecordStream stream;

  @BeforeAll
  static void start(@TempDir Path folder) {
    services = EmbeddedServices.start(folder.resolve("services"));
    Map<String, String> configuration = services.configuration();
    url = configuration.get("quarkus.datasource.jdbc.url");
    Flyway.configure().dataSource(url, "postgres", "postgres").load().migrate();
    vertx = Vertx.vertx();
    pool =
        PgBuilder.pool()
            .with(new PoolOptions().setMaxSize(8))
            .connectingTo(
                PgConnectOptions.fromUri(configuration.get("quarkus.datasource.reactive.url"))
                    .setUser("postgres")
                    .setPassword("postgres"))
            .using(vertx)
            .build();
  }

  @AfterAll
  static void stop() {
    pool.close().toCompletionStage().toCompletableFuture().join();
    vertx.close().toCompletionStage().toCompletableFuture().join();
    services.close();
  }

  @BeforeEach
  void open() throws Exception {
    execute("truncate audit_record, audit_chain, audit_delivery");
    store = new PostgresDeliveryStore(pool);
    kinesis = new KinesisDouble();
    aws = KinesisDouble.aws(config -> config.withMaxAttempts(1));
    stream =
        new KinesisStream(KinesisDouble.ARN, KinesisDouble.Settings.of(kinesis.endpoint()), aws);
  }

  @AfterEach
  void close() {
    stream.close();
    aws.close();
    kinesis.close();
    threads.close();
  }

  private static void execute(String... statements) {
    try (Connection connection = DriverManager.getConnection(url, "postgres", "postgres");
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      for (String each : statements) {
        statement.execute(each);
      }
      connection.commit();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /// Commits records as a broker does: the chain's head moves in the same transaction.
  private static void append(UUID chain, long from, long to, Instant time, int peerBytes) {
    execute(
        """
        insert into audit_chain (id, start_time, head_seq, head_hash, head_time)
        values ('%s', '%s', %d, '', '%s')
        on conflict (id) do update set head_seq = excluded.head_seq, head_time = excluded.head_time
        """
            .formatted(chain, NOON, to, time),
        """
        insert into audit_record (chain, seq, time, previous_hash, hash, action, outcome, peer,
          refers_to)
        select '%s', n, '%s', '', '', 'UnwrapDek', 'GRANTED', repeat('p', %d), 0
        from generate_series(%d, %d) n
        """
            .formatted(chain, time, peerBytes, from, to));
  }

  private static void append(UUID chain, long from, long to) {
    append(chain, from, to, NOON, 10);
  }

  private AuditDelivery broker(DeliveryStore cursors) {
    return new AuditDelivery(
        cursors,
        stream,
        UUID.randomUUID(),
        threads,
        Clock.fixed(NOON.plusSeconds(90), ZoneOffset.UTC),
        nanos::get,
        registry);
  }

  private AuditDelivery broker() {
    return broker(store);
  }

  /// Runs once, after any back-off.
  private void run(AuditDelivery broker) {
    nanos.addAndGet(Duration.ofMinutes(1).toNanos());
    broker.run().await().atMost(LIMIT);
  }

  private void runUntilDelivered(AuditDelivery broker) {
    long end = System.nanoTime() + LIMIT.toNanos();
    while (store.backlog().await().atMost(LIMIT) > 0) {
      assertTrue(System.nanoTime() < end, "records are left");
      run(broker);
    }
  }

  private static void endLeases() {
    execute("update audit_delivery set held_until = '-infinity'");
  }

  private static List<Long> upTo(long last) {
    return LongStream.rangeClosed(1, last).boxed().toList();
  }

  /// What a consumer keeps that leaves out numbers which are not above the highest so far.
  private List<Long> withoutRepetitions(UUID chain) {
    long[] highest = {0};
    return kinesis.numbers(chain.toString()).stream()
        .filter(
            number -> {
              boolean isNew = number > highest[0];
              highest[0] = Math.max(number, highest[0]);
              return isNew;
            })
        .toList();
  }

  @Test
  void records_arriveOnce_inOrder_asTheFileStreamWritesThem() {
    UUID chain = UUID.randomUUID();
    append(chain, 1, 1200);
    AuditDelivery broker = broker();

    run(broker);
    append(chain, 1201, 1201);
    run(broker);
    run(broker);

    assertEquals(upTo(1201), kinesis.numbers(chain.toString()));
    assertEquals(
        """
        {"eventVersion":"1.0","eventTime":"2030-10-15T12:00:00Z","eventSource":"keybroker.dev",\
        "eventName":"UnwrapDek","userIdentity":{"type":"BROKER"},"sourceIPAddress":"pppppppppp",\
        "requestParameters":{},"outcome":"GRANTED","eventID":"%s/1",\
        "chain":{"id":"%s","sequenceNumber":1,"previousHash":"","hash":""}}\
        """
            .formatted(chain, chain),
        new String(kinesis.puts().getFirst().data(), UTF_8).lines().findFirst().orElseThrow());
    assertEquals(kinesis.puts().get(0).sequenceNumber(), kinesis.puts().get(1).after());
    assertEquals(1201, registry.counter("keybroker.audit.delivered").count());
  }

  @Test
  void kinesisAway_whileRecordsAreCommitted_losesNothing() throws Exception {
    List<UUID> chains = List.of(UUID.randomUUID(), UUID.randomUUID(), UUID.randomUUID());
    AuditDelivery broker = broker();
    kinesis.refuse(key -> AWAY);
    AtomicLong committed = new AtomicLong();
    CountDownLatch underLoad = new CountDownLatch(1);
    CompletableFuture<Void> load =
        CompletableFuture.runAsync(
            () -> {
              for (int i = 0; i < 60; i++) {
                long from = i * 20L + 1;
                chains.forEach(chain -> append(chain, from, from + 19));
                if (committed.addAndGet(20) == 600) {
                  underLoad.countDown();
                }
              }
            },
            threads);
    underLoad.await();
    run(broker);
    assertEquals(DeliveryFailure.Cause.UNREACHABLE, broker.failure().orElseThrow().reason());
    assertTrue(broker.backlog() >= 1800, () -> "backlog " + broker.backlog());
    assertEquals(90, registry.get("keybroker.audit.delivery.age").gauge().value());

    kinesis.acceptAll();
    while (!load.isDone()) {
      run(broker);
    }
    load.join();
    runUntilDelivered(broker);

    chains.forEach(chain -> assertEquals(upTo(1200), kinesis.numbers(chain.toString())));
    assertTrue(broker.failure().isEmpty());
    assertEquals(0, registry.get("keybroker.audit.delivery.age").gauge().value());
    assertTrue(
        registry.timer("keybroker.audit.delivery.puts", "outcome", "unreachable").count() > 0);
  }

  /// Passes calls on, and fails the moves of the cursor while it is told to.
  private static final class DyingStore implements DeliveryStore {
    private final DeliveryStore store;
    private final AtomicBoolean dies = new AtomicBoolean();

    DyingStore(DeliveryStore store) {
      this.store = store;
    }

    @Override
    public Uni<List<DeliveryCursor>> claim(UUID broker, int limit, Duration lease) {
      return store.claim(broker, limit, lease);
    }

    @Override
    public Uni<List<ChainedRecord>> next(DeliveryCursor cursor, int limit) {
      return store.next(cursor, limit);
    }

    @Override
    public Uni<Boolean> advance(
        UUID broker, DeliveryCursor from, long sequence, Instant time, Duration lease) {
      return dies.get()
          ? Uni.createFrom().failure(new IllegalStateException("killed"))
          : store.advance(broker, from, sequence, time, lease);
    }

    @Override
    public Uni<Void> release(UUID broker) {
      return dies.get()
          ? Uni.createFrom().failure(new IllegalStateException("killed"))
          : store.release(broker);
    }

    @Override
    public Uni<Long> backlog() {
      return store.backlog();
    }
  }

  @Test
  void brokerKilled_afterThePut_isRepeatedByTheNext() {
    UUID chain = UUID.randomUUID();
    append(chain, 1, 100);
    DyingStore dying = new DyingStore(store);
    dying.dies.set(true);
    run(broker(dying));
    append(chain, 101, 150);

    AuditDelivery next = broker();
    run(next);
    assertEquals(upTo(100), kinesis.numbers(chain.toString()), "the lease has not ended");
    endLeases();
    run(next);

    assertEquals(250, kinesis.numbers(chain.toString()).size());
    assertEquals(upTo(150), withoutRepetitions(chain));
    assertEquals(upTo(150), kinesis.numbers(chain.toString()).subList(100, 250));
  }

  @Test
  void brokerThatHangs_longerThanItsLease_putsNothingNewOutOfOrder() throws Exception {
    UUID chain = UUID.randomUUID();
    append(chain, 1, 100);
    CountDownLatch stored = new CountDownLatch(1);
    CountDownLatch goOn = new CountDownLatch(1);
    kinesis.beforeAnswer(
        () -> {
          stored.countDown();
          try {
            goOn.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
    AuditDelivery hanging = broker();
    CompletableFuture<Void> first = hanging.run().subscribeAsCompletionStage();
    stored.await();
    kinesis.beforeAnswer(() -> {});
    endLeases();
    append(chain, 101, 200);

    run(broker());
    append(chain, 201, 300);
    goOn.countDown();
    first.get();
    endLeases();
    runUntilDelivered(hanging);

    assertEquals(upTo(300), withoutRepetitions(chain));
    assertEquals(400, kinesis.numbers(chain.toString()).size(), "the cursor went back");
  }

  @Test
  void twoBrokers_atOnce_deliverOnceAndInOrder() {
    List<UUID> chains = LongStream.range(0, 20).mapToObj(it -> UUID.randomUUID()).toList();
    AtomicBoolean done = new AtomicBoolean();
    List<CompletableFuture<Void>> brokers =
        List.of(broker(), broker()).stream()
            .map(
                broker ->
                    CompletableFuture.runAsync(
                        () -> {
                          while (!done.get()) {
                            run(broker);
                          }
                          run(broker);
                        },
                        threads))
            .toList();
    for (int i = 0; i < 10; i++) {
      long from = i * 30L + 1;
      chains.forEach(chain -> append(chain, from, from + 29));
    }
    done.set(true);
    brokers.forEach(CompletableFuture::join);
    endLeases();
    runUntilDelivered(broker());

    chains.forEach(chain -> assertEquals(upTo(300), kinesis.numbers(chain.toString())));
  }

  @Test
  void oneChainRefused_doesNotStopTheOthers_andFollowsInOrder() {
    UUID refused = UUID.randomUUID();
    UUID other = UUID.randomUUID();
    append(refused, 1, 1500);
    append(other, 1, 1500);
    kinesis.refuse(
        key ->
            key.equals(refused.toString())
                ? new KinesisDouble.Refusal(
                    400, "ProvisionedThroughputExceededException", "Rate exceeded for shard")
                : null);
    AuditDelivery broker = broker();

    for (int i = 0; i < 3; i++) {
      run(broker);
    }
    assertEquals(upTo(1500), kinesis.numbers(other.toString()));
    assertEquals(List.of(), kinesis.numbers(refused.toString()));
    assertEquals(DeliveryFailure.Cause.THROTTLED, broker.failure().orElseThrow().reason());
    kinesis.acceptAll();
    run(broker);

    assertEquals(upTo(1500), kinesis.numbers(refused.toString()));
  }

  @Test
  void failure_isRetriedLaterAndLater() {
    append(UUID.randomUUID(), 1, 1);
    AtomicLong asked = new AtomicLong();
    kinesis.refuse(
        key -> {
          asked.incrementAndGet();
          return new KinesisDouble.Refusal(400, "KMSDisabledException", "disabled");
        });
    AuditDelivery broker = broker();
    long[] waits = {0, 1, 2, 4, 8, 16, 30, 30};
    for (int i = 0; i < waits.length; i++) {
      if (waits[i] > 0) {
        nanos.addAndGet(Duration.ofSeconds(waits[i]).toNanos() - 1);
        broker.run().await().atMost(LIMIT);
        assertEquals(i, asked.get(), "too early");
        nanos.incrementAndGet();
      }
      broker.run().await().atMost(LIMIT);
      assertEquals(i + 1, asked.get());
    }
    assertEquals(DeliveryFailure.Cause.KEY_DISABLED, broker.failure().orElseThrow().reason());
  }

  @Test
  void largeRecords_goInPutsThatKinesisTakes() {
    UUID chain = UUID.randomUUID();
    append(chain, 1, 150, NOON, 10_000);
    append(chain, 151, 151, NOON, 700_000);
    append(chain, 152, 152);

    run(broker());

    assertEquals(upTo(152), kinesis.numbers(chain.toString()));
    kinesis.puts().stream()
        .filter(put -> put.lines().size() > 1)
        .forEach(put -> assertTrue(put.data().length <= AuditDelivery.LONGEST_PUT));
  }

  @Test
  void timesWithinAChain_mayBeFarApartAndBackwards() {
    UUID chain = UUID.randomUUID();
    append(chain, 1, 2);
    append(chain, 3, 4, NOON.plus(Duration.ofDays(9)), 10);
    append(chain, 5, 6, NOON.minus(Duration.ofDays(3)), 10);
    append(chain, 7, 8);

    run(broker());

    assertEquals(upTo(8), kinesis.numbers(chain.toString()));
  }

  @Test
  void recordsThatRetentionDropped_areLeftOut() {
    UUID chain = UUID.randomUUID();
    UUID gone = UUID.randomUUID();
    append(chain, 1, 10);
    append(gone, 1, 10);
    execute(
        "delete from audit_record where chain = '%s' or chain = '%s' and seq <= 7"
            .formatted(gone, chain));
    AuditDelivery broker = broker();

    run(broker);

    assertEquals(List.of(8L, 9L, 10L), kinesis.numbers(chain.toString()));
    assertEquals(List.of(), kinesis.numbers(gone.toString()));
    assertEquals(0, broker.backlog());
  }

  @Test
  void brokerThatStops_leavesItsChainsToOthersAtOnce() {
    UUID chain = UUID.randomUUID();
    append(chain, 1, 10);
    AuditDelivery leaving = broker();
    run(leaving);
    append(chain, 11, 20);
    AuditDelivery next = broker();
    run(next);
    assertEquals(upTo(10), kinesis.numbers(chain.toString()), "the lease has not ended");

    leaving.stop().await().atMost(LIMIT);
    run(leaving);
    run(next);

    assertEquals(upTo(20), kinesis.numbers(chain.toString()));
  }

  @Test
  void storeAway_isReportedAndRetried() {
    UUID chain = UUID.randomUUID();
    append(chain, 1, 10);
    AuditDelivery broker = broker();
    execute("alter table audit_delivery rename to hidden");
    try {
      run(broker);
      assertEquals(DeliveryFailure.Cause.STORE, broker.failure().orElseThrow().reason());
    } finally {
      execute("alter table hidden rename to audit_delivery");
    }
    run(broker);

    assertEquals(upTo(10), kinesis.numbers(chain.toString()));
    assertFalse(broker.failure().isPresent());
  }
}
