package dev.keybroker.audit.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.audit.DropSeal;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.grpc.Eventually;
import dev.keybroker.postgres.ClocksDisagree;
import dev.keybroker.postgres.DatabaseTime;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The days of the audit trail on a real PostgreSQL.
@SuppressWarnings("NullAway.Init") // set before all tests
class AuditPartitionsTest {
  private static final LocalDate TODAY = LocalDate.parse("2030-10-15");
  private static final Clock CLOCK =
      Clock.fixed(TODAY.atTime(12, 0).toInstant(ZoneOffset.UTC), ZoneOffset.UTC);
  private static final Duration LONGEST = Duration.ofMinutes(1);
  private static final int WRITERS = 4;

  /// One is enough, unless a lock is not free in time.
  private static final int RUNS = 20;

  private static EmbeddedServices services;
  private static Vertx vertx;
  private static Pool pool;
  private static String url;

  private final List<LocalDate> dropped = new ArrayList<>();

  @BeforeAll
  static void start(@TempDir Path folder) {
    services = EmbeddedServices.start(folder.resolve("services"));
    Map<String, String> configuration = services.configuration();
    url = configuration.get("quarkus.datasource.jdbc.url");
    Flyway.configure().dataSource(url, "postgres", "postgres").load().migrate();
    vertx = Vertx.vertx();
    pool =
        PgBuilder.pool()
            .with(new PoolOptions().setMaxSize(4))
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

  /// Everything goes that the test before has left.
  @BeforeEach
  void empty() throws SQLException {
    for (LocalDate day : days()) {
      execute("drop table " + table(day));
    }
    execute("truncate audit_record_default, audit_checkpoint");
  }

  private static String table(LocalDate day) {
    return "audit_record_" + day.toString().replace("-", "");
  }

  private static void execute(String... statements) throws SQLException {
    try (Connection connection = connection();
        Statement statement = connection.createStatement()) {
      for (String each : statements) {
        statement.execute(each);
      }
    }
  }

  private static Connection connection() throws SQLException {
    return DriverManager.getConnection(url, "postgres", "postgres");
  }

  private static long count(String table) throws SQLException {
    try (Connection connection = connection();
        Statement statement = connection.createStatement()) {
      return count(statement, "select count(*) from " + table);
    }
  }

  private static long count(Statement statement, String query) throws SQLException {
    try (ResultSet rows = statement.executeQuery(query)) {
      rows.next();
      return rows.getLong(1);
    }
  }

  private static List<LocalDate> days() throws SQLException {
    List<LocalDate> days = new ArrayList<>();
    try (Connection connection = connection();
        Statement statement = connection.createStatement();
        ResultSet rows =
            statement.executeQuery(
                "select to_date(right(inhrelid::regclass::text, 8), 'YYYYMMDD')::text from"
                    + " pg_inherits where inhparent = 'audit_record'::regclass and"
                    + " inhrelid::regclass::text ~ '[0-9]{8}$' order by 1")) {
      while (rows.next()) {
        days.add(LocalDate.parse(rows.getString(1)));
      }
    }
    return days;
  }

  private static void make(LocalDate day) throws SQLException {
    execute(
        "create table %s partition of audit_record for values from ('%sT00:00:00Z') to ('%sT00:00:00Z')"
            .formatted(table(day), day, day.plusDays(1)));
  }

  private static List<LocalDate> ahead() {
    return TODAY.datesUntil(TODAY.plusDays(8)).toList();
  }

  private static final class Writer implements AutoCloseable {
    private final Connection connection = connection();
    private final PreparedStatement insert =
        connection.prepareStatement(
            "insert into audit_record (chain, seq, time, previous_hash, hash, action, outcome,"
                + " refers_to) values (?::uuid, ?, ?::timestamptz, '', '', 'UnwrapDek', 'GRANTED',"
                + " 0)");
    private final String chain = UUID.randomUUID().toString();
    private long sequence;

    Writer() throws SQLException {}

    void write(Instant time) throws SQLException {
      insert.setString(1, chain);
      insert.setLong(2, ++sequence);
      insert.setString(3, time.toString());
      insert.executeUpdate();
    }

    @Override
    public void close() throws SQLException {
      connection.close();
    }
  }

  private static void write(LocalDate day, int records) throws SQLException {
    try (Writer writer = new Writer()) {
      for (int i = 0; i < records; i++) {
        writer.write(day.atTime(LocalTime.NOON).toInstant(ZoneOffset.UTC));
      }
    }
  }

  private void run(Duration retention) {
    run(retention, false);
  }

  private void run(Duration retention, boolean delivers) {
    new AuditPartitions(
            pool,
            Optional.ofNullable(retention),
            delivers,
            dropped::add,
            () -> io.vertx.core.Future.succeededFuture(CLOCK.instant()),
            DropSeal.of(null),
            CLOCK)
        .run()
        .await()
        .atMost(LONGEST);
  }

  @Test
  void comingDays_areMade() throws SQLException {
    run(null);
    assertEquals(ahead(), days());
    run(null);
    assertEquals(ahead(), days());
  }

  /// Records keep coming into the default partition from before the first statement until after the
  /// last one.
  @Test
  void today_whileRecordsAreAppendedWithoutEnd_isMadeAndLosesNone() throws Exception {
    write(TODAY, 1_000);
    AtomicBoolean made = new AtomicBoolean();
    AtomicLong written = new AtomicLong(1_000);
    List<String> failures = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<?>> writers = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        writers.add(
            threads.submit(
                () -> {
                  try (Writer writer = new Writer()) {
                    while (!made.get()) {
                      writer.write(CLOCK.instant());
                      written.incrementAndGet();
                    }
                  }
                  return null;
                }));
      }
      try {
        Eventually.holds(LONGEST, () -> assertTrue(written.get() > 1_100));
        for (int i = 0; i < RUNS && !days().contains(TODAY); i++) {
          try {
            run(null);
          } catch (RuntimeException e) {
            failures.add(e.getMessage());
          }
        }
      } finally {
        made.set(true);
      }
      for (Future<?> writer : writers) {
        writer.get();
      }
    }

    assertTrue(days().contains(TODAY), () -> "not made: " + failures);
    assertEquals(written.get(), count("audit_record"));
    assertEquals(written.get(), count(table(TODAY)));
    assertEquals(0, count("audit_record_default"));
  }

  /// A query sees each record in the default partition or in the day's, whether it is planned anew
  /// or, as the broker's prepared statements may be, once for all.
  @ParameterizedTest
  @ValueSource(strings = {"force_custom_plan", "force_generic_plan"})
  void read_whileRecordsMove_seesThemAll(String plans) throws Exception {
    write(TODAY, 10);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        Connection maker = connection();
        Connection reader = connection();
        Statement make = maker.createStatement();
        Statement read = reader.createStatement()) {
      read.execute("set plan_cache_mode = " + plans);
      read.execute(
          "prepare of_today as select count(*) from audit_record where time >= '%s' and time < '%s'"
              .formatted(TODAY + "T00:00:00Z", TODAY.plusDays(1) + "T00:00:00Z"));
      assertEquals(10, count(read, "execute of_today"));
      maker.setAutoCommit(false);
      make.execute("select audit_make_day('%s')".formatted(TODAY));

      Future<Long> records = threads.submit(() -> count(read, "execute of_today"));
      Eventually.holds(LONGEST, AuditPartitionsTest::assertWaits);
      maker.commit();

      assertEquals(10, records.get());
      assertEquals(10, count(read, "execute of_today"));
      assertEquals(10, count(table(TODAY)));
    }
  }

  private static void assertWaits() {
    try {
      assertEquals(1, count("pg_locks where not granted"));
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /// Whatever keeps today from being made.
  @Test
  void day_thatCannotBeMade_keepsNoOtherFromBeingMadeOrDropped() throws SQLException {
    run(null);
    LocalDate old = TODAY.minusDays(9);
    make(old);
    execute(
        "drop table " + table(TODAY),
        "drop table " + table(TODAY.plusDays(3)),
        "create table %s (stands_in_the_way int)".formatted(table(TODAY)));
    write(TODAY.minusDays(2), 3);
    try {
      assertThrows(RuntimeException.class, () -> run(Duration.ofDays(5)));

      List<LocalDate> made = days();
      assertTrue(made.contains(TODAY.plusDays(3)), made::toString);
      assertTrue(made.contains(TODAY.minusDays(2)), made::toString);
      assertFalse(made.contains(old), made::toString);
      assertEquals(List.of(old), dropped);
    } finally {
      execute("drop table " + table(TODAY));
    }
  }

  /// Nobody made these days in time: the brokers, or PostgreSQL, were away.
  @Test
  void pastDays_thatWaitInTheDefaultPartition_getTheirOwn_andGoWithTheRetention()
      throws SQLException {
    write(TODAY.minusDays(2), 20);
    write(TODAY.minusDays(30), 10);
    run(Duration.ofDays(5));

    assertEquals(0, count("audit_record_default"));
    assertEquals(20, count(table(TODAY.minusDays(2))));
    assertEquals(20, count("audit_record"));
    assertEquals(List.of(TODAY.minusDays(30)), dropped);
    assertEquals(1, count("audit_checkpoint where kind = 'DROPPED'"));
  }

  /// Whoever hears of a drop puts it on record: not before it is one.
  @Test
  void drop_recordsThatAreNotDelivered_keepsTheDayUntilTheyAre() throws SQLException {
    LocalDate old = TODAY.minusDays(9);
    make(old);
    String chain;
    try (Writer writer = new Writer()) {
      chain = writer.chain;
      writer.write(old.atTime(LocalTime.NOON).toInstant(ZoneOffset.UTC));
      writer.write(old.atTime(LocalTime.NOON).toInstant(ZoneOffset.UTC));
    }
    Duration retention = Duration.ofDays(5);

    run(retention, true);
    assertTrue(days().contains(old), "no cursor yet");
    execute(
        "insert into audit_delivery (chain, seq, time, held_until) values ('%s', 1, now(), now())"
            .formatted(chain));
    run(retention, true);
    assertTrue(days().contains(old), "one of two");
    assertEquals(List.of(), dropped);
    execute("update audit_delivery set seq = 2 where chain = '%s'".formatted(chain));
    run(retention, true);

    assertFalse(days().contains(old));
    assertEquals(List.of(old), dropped);
  }

  @Test
  void drop_clocksApart_dropsNothing() throws SQLException {
    LocalDate old = TODAY.minusDays(9);
    make(old);
    DatabaseTime time = new DatabaseTime(CLOCK, new SimpleMeterRegistry());
    AuditPartitions ahead =
        new AuditPartitions(
            pool,
            Optional.of(Duration.ofDays(5)),
            false,
            dropped::add,
            () -> time.agreedNow(pool),
            DropSeal.of(null),
            CLOCK);

    assertThrows(ClocksDisagree.class, () -> ahead.run().await().atMost(LONGEST));

    assertTrue(days().contains(old));
    assertEquals(List.of(), dropped);
  }

  @Test
  void drop_whoseCommitFails_isNotAnnounced() throws SQLException {
    LocalDate old = TODAY.minusDays(9);
    make(old);
    write(old, 5);
    execute(
        "create function refuse_drop() returns trigger language plpgsql as $$ begin raise exception"
            + " 'no'; end $$",
        "create constraint trigger refuse_drop after insert on audit_checkpoint deferrable"
            + " initially deferred for each row execute function refuse_drop()");
    try {
      assertThrows(RuntimeException.class, () -> run(Duration.ofDays(5)));
      assertTrue(days().contains(old));
      assertEquals(List.of(), dropped);
    } finally {
      execute("drop function refuse_drop() cascade");
    }

    run(Duration.ofDays(5));
    assertFalse(days().contains(old));
    assertEquals(List.of(old), dropped);
  }
}
