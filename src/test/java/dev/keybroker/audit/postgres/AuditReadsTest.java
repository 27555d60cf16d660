package dev.keybroker.audit.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.keybroker.access.Caller;
import dev.keybroker.audit.AuditFailure;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.grpc.Eventually;
import io.quarkus.reactive.datasource.ReactiveDataSource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.smallrye.mutiny.subscription.Cancellable;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

/// Queries of people on real PostgreSQL: each has its turn and its end.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class AuditReadsTest {
  private static final Caller ADA = new Caller(Caller.Kind.DNS, "ada.example");
  private static final Caller BOB = new Caller(Caller.Kind.DNS, "bob.example");
  private static final Duration LONGEST = Duration.ofMinutes(1);
  private static final String FOREVER = "select pg_sleep(3600)";

  @Inject
  @ReactiveDataSource("audit-query")
  Pool pool;

  @Inject DataSource database;

  private static RowSet<Row> run(AuditReads reads, Caller reader, String sql) {
    return reads.run(reader, sql, Tuple.tuple()).await().atMost(LONGEST);
  }

  private List<Integer> sessions(String condition) {
    try (Connection connection = database.getConnection();
        Statement on = connection.createStatement();
        ResultSet rows = on.executeQuery("select pid from pg_stat_activity where " + condition)) {
      List<Integer> sessions = new ArrayList<>();
      while (rows.next()) {
        sessions.add(rows.getInt(1));
      }
      return sessions;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private List<Integer> sleeping() {
    return sessions("state = 'active' and query = '" + FOREVER + "'");
  }

  private void awaitSleeping(int count) {
    long end = System.nanoTime() + LONGEST.toNanos();
    while (sleeping().size() != count) {
      if (System.nanoTime() - end > 0) {
        assertEquals(count, sleeping().size());
      }
      LockSupport.parkNanos(1_000_000);
    }
  }

  @Test
  void query_thatTakesTooLong_isEndedByPostgres_andTheNextOneRuns() {
    AuditReads reads = new AuditReads(pool, Duration.ofMillis(200));
    for (int i = 0; i < 3; i++) {
      assertThrows(AuditFailure.TooLarge.class, () -> run(reads, ADA, FOREVER));
    }
    assertEquals(List.of(), sleeping());
    assertEquals(1, run(reads, ADA, "select 1").size());
  }

  @Test
  void query_changesNothing() {
    AuditReads reads = new AuditReads(pool, LONGEST);
    assertThrows(AuditFailure.Unreadable.class, () -> run(reads, ADA, "delete from audit_record"));
  }

  @Test
  void query_thatNobodyWaitsForAnyMore_isEndedInPostgres_andOneRunsForEachReader() {
    AuditReads reads = new AuditReads(pool, LONGEST);
    for (int i = 0; i < 20; i++) {
      Cancellable query =
          reads.run(ADA, FOREVER, Tuple.tuple()).subscribe().with(rows -> {}, failure -> {});
      awaitSleeping(1);
      assertThrows(AuditFailure.Busy.class, () -> run(reads, ADA, "select 1"));
      assertEquals(1, run(reads, BOB, "select 1").size());
      int session = sleeping().getFirst();
      query.cancel();
      awaitSleeping(0);
      awaitTurn(reads);
      // A late request to cancel would end another reader's query there.
      Eventually.holds(() -> assertEquals(List.of(), sessions("pid = " + session)));
      assertEquals(1, run(reads, BOB, "select pg_sleep(0.01)").size());
    }
  }

  /// The turn ends a little after the query: when its connection is free.
  private static void awaitTurn(AuditReads reads) {
    long end = System.nanoTime() + LONGEST.toNanos();
    while (true) {
      try {
        assertEquals(1, run(reads, ADA, "select 1").size());
        return;
      } catch (AuditFailure.Busy e) {
        if (System.nanoTime() - end > 0) {
          throw e;
        }
        LockSupport.parkNanos(1_000_000);
      }
    }
  }
}
