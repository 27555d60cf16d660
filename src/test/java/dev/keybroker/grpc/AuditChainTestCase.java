package dev.keybroker.grpc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.access.Caller;
import dev.keybroker.access.Target;
import dev.keybroker.audit.AuditEvent;
import dev.keybroker.audit.AuditStore;
import dev.keybroker.audit.CallFacts;
import dev.keybroker.audit.ChainHead;
import dev.keybroker.audit.ChainedRecord;
import dev.keybroker.audit.Outcome;
import dev.keybroker.audit.RecordHash;
import dev.keybroker.audit.postgres.AuditVerify;
import dev.keybroker.audit.postgres.AuditVerifyOptions;
import jakarta.inject.Inject;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.sql.DataSource;

/// A chain of 30 records in PostgreSQL that tests change, and the command that has to see it.
@SuppressWarnings("NullAway.Init") // filled by Quarkus
abstract class AuditChainTestCase extends BrokerTestCase {
  static final int SIZE = 30;
  static final Duration LONGEST = Duration.ofSeconds(20);

  @Inject AuditStore log;
  @Inject DataSource database;

  /// Some event.
  static final AuditEvent EVENT =
      AuditEvent.of(
          Instant.EPOCH,
          "UnwrapDek",
          Caller.ANONYMOUS,
          new Target("acme", null),
          CallFacts.of(List.of()),
          "peer",
          null,
          Outcome.GRANTED,
          null);

  final UUID chain = UUID.randomUUID();
  final List<ChainedRecord> records = new ArrayList<>();

  record Answer(boolean verified, String printed) {
    void assertVerified() {
      assertTrue(verified, printed);
    }

    void assertPrinted(String part) {
      assertTrue(printed.contains(part), printed);
    }

    void assertFound(String finding) {
      assertFalse(verified, printed);
      assertPrinted(finding);
    }
  }

  final void writeAnew(byte[] macKey, Instant from) throws SQLException {
    writeAnew(macKey, from, Map.of());
  }

  /// @param shifts milliseconds to add to the times of records, by their index
  final void writeAnew(byte[] macKey, Instant from, Map<Integer, Long> shifts) throws SQLException {
    sql("delete from audit_record where chain = CHAIN");
    sql("delete from audit_chain where id = CHAIN");
    records.clear();
    write(macKey, from, shifts);
  }

  final void write(byte[] macKey, Instant from, Map<Integer, Long> shifts) {
    RecordHash hash = RecordHash.of(macKey);
    log.open(chain, hash.keyId(), from).await().atMost(LONGEST);
    ChainHead head = ChainHead.START;
    for (int i = 0; i < SIZE; i++) {
      CallFacts facts = CallFacts.of(List.of("recording-id"));
      facts.kek(UUID.randomUUID());
      AuditEvent event =
          AuditEvent.of(
              from.plusMillis(i + shifts.getOrDefault(i, 0L)),
              "UnwrapDek",
              Caller.ANONYMOUS,
              new Target("verify-" + chain, "calls"),
              facts,
              "peer",
              null,
              i % 3 == 0 ? Outcome.REFUSED : Outcome.GRANTED,
              i % 3 == 0 ? "KEK_DISABLED" : null);
      ChainedRecord record = hash.next(chain, head, event);
      assertTrue(log.append(head, List.of(record)).await().atMost(LONGEST));
      head = new ChainHead(record.sequence(), record.hash());
      records.add(record);
    }
  }

  final Answer verify(byte[] macKey, String... options) throws SQLException {
    try (Connection connection = database.getConnection()) {
      return verify(connection, macKey, options);
    }
  }

  /// On a connection that the caller has prepared.
  final Answer verify(Connection connection, byte[] macKey, String... options) throws SQLException {
    List<String> arguments = new ArrayList<>(List.of("--chain", chain.toString()));
    arguments.addAll(List.of(options));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (PrintStream printed = new PrintStream(out, true, UTF_8)) {
      boolean verified =
          new AuditVerify(
                  connection,
                  AuditVerifyOptions.parse(arguments),
                  macKey,
                  printed,
                  printed,
                  Clock.systemUTC())
              .run();
      connection.setReadOnly(false);
      connection.setAutoCommit(true);
      return new Answer(verified, out.toString(UTF_8));
    }
  }

  final void assertFound(String finding) throws SQLException {
    Answer answer = verify(null);
    assertFalse(answer.verified, answer.printed);
    assertTrue(answer.printed.startsWith("chain " + chain + " seq " + finding), answer.printed);
  }

  final int sql(String statement) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement on = connection.createStatement()) {
      return on.executeUpdate(statement.replace("CHAIN", "'" + chain + "'"));
    }
  }

  final long count(String table) throws SQLException {
    return Long.parseLong(single("select count(*) from " + table + " where chain = CHAIN"));
  }

  final String single(String query) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement on = connection.createStatement();
        ResultSet rows = on.executeQuery(query.replace("CHAIN", "'" + chain + "'"))) {
      assertTrue(rows.next());
      return rows.getString(1);
    }
  }

  /// A checkpoint as the broker's logger writes it in the text format.
  final String checkpointLine(long sequence, String hash) {
    return "2026-11-22 12:00:00,123 INFO  [dev.key.aud.checkpoint] (audit) "
        + checkpoint(sequence, hash)
        + "\n";
  }

  final String checkpoint(long sequence, String hash) {
    return "audit checkpoint chain=%s seq=%d hash=%s".formatted(chain, sequence, hash);
  }

  final String hashOf(int sequence) {
    return HexFormat.of().formatHex(records.get(sequence - 1).hash());
  }

  /// What a test does between two runs of the timer that makes and drops days.
  interface Step {
    void run() throws SQLException;
  }

  /// Keeps the broker's own timer from the days meanwhile, by its lock.
  final void whileDaysStay(Step step) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement on = connection.createStatement()) {
      on.execute("select pg_advisory_lock(7739271)");
      try {
        step.run();
      } finally {
        on.execute("select pg_advisory_unlock(7739271)");
      }
    }
  }

  /// Moves the chain's records of a day out of the default partition into a separate one.
  final String partition(Instant day) throws SQLException {
    String table = "audit_record_" + day.toString().substring(0, 10).replace("-", "");
    Instant next = day.plus(1, ChronoUnit.DAYS);
    sql("create table " + table + " (like audit_record including all)");
    sql(
        "with moved as (delete from audit_record_default where time >= '"
            + day
            + "' and time < '"
            + next
            + "' returning *) insert into "
            + table
            + " select * from moved");
    sql(
        "alter table audit_record attach partition %s for values from ('%s') to ('%s')"
            .formatted(table, day, next));
    return table;
  }
}
