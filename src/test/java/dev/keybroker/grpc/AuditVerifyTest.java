package dev.keybroker.grpc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.access.Caller;
import dev.keybroker.access.Target;
import dev.keybroker.audit.AuditEvent;
import dev.keybroker.audit.AuditLog;
import dev.keybroker.audit.CallFacts;
import dev.keybroker.audit.ChainHead;
import dev.keybroker.audit.ChainedRecord;
import dev.keybroker.audit.Outcome;
import dev.keybroker.audit.RecordHash;
import dev.keybroker.audit.postgres.AuditPartitions;
import dev.keybroker.audit.postgres.AuditVerify;
import dev.keybroker.audit.postgres.AuditVerifyOptions;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Chains in PostgreSQL that somebody with write access has changed.
@QuarkusTest
@TestProfile(AuditVerifyTest.WithRetention.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class AuditVerifyTest extends BrokerTestCase {
  private static final int SIZE = 30;
  private static final Duration LONGEST = Duration.ofSeconds(20);

  @Inject AuditLog log;
  @Inject AuditPartitions partitions;
  @Inject DataSource database;

  private final UUID chain = UUID.randomUUID();
  private final List<ChainedRecord> records = new ArrayList<>();

  /// Records of the last week are kept.
  public static final class WithRetention implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      return Map.of("keybroker.audit.retention", "7d");
    }
  }

  private record Answer(boolean verified, String printed) {}

  @BeforeEach
  void write() {
    write(null, Instant.now());
  }

  private void write(byte[] macKey, Instant from) {
    RecordHash hash = RecordHash.of(macKey);
    log.open(chain, hash.keyId(), from).await().atMost(LONGEST);
    ChainHead head = ChainHead.START;
    for (int i = 0; i < SIZE; i++) {
      CallFacts facts = CallFacts.of(List.of("recording-id"));
      facts.kek(UUID.randomUUID());
      AuditEvent event =
          AuditEvent.of(
              from.plusMillis(i),
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

  private Answer verify(byte[] macKey, String... options) throws SQLException {
    List<String> arguments = new ArrayList<>(List.of("--chain", chain.toString()));
    arguments.addAll(List.of(options));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (Connection connection = database.getConnection();
        PrintStream printed = new PrintStream(out, true, UTF_8)) {
      boolean verified =
          new AuditVerify(connection, AuditVerifyOptions.parse(arguments), macKey, printed, printed)
              .run();
      connection.setReadOnly(false);
      connection.setAutoCommit(true);
      return new Answer(verified, out.toString(UTF_8));
    }
  }

  private void assertFound(String finding) throws SQLException {
    Answer answer = verify(null);
    assertFalse(answer.verified, answer.printed);
    assertTrue(answer.printed.startsWith("chain " + chain + " seq " + finding), answer.printed);
  }

  private int sql(String statement) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement on = connection.createStatement()) {
      return on.executeUpdate(statement.replace("CHAIN", "'" + chain + "'"));
    }
  }

  @Test
  void chain_untouched_verifies() throws SQLException {
    Answer answer = verify(null);
    assertTrue(answer.verified, answer.printed);
    assertTrue(answer.printed.contains("30 records verified"), answer.printed);
    assertTrue(answer.printed.contains("without a closing record"), answer.printed);
  }

  @Test
  void record_altered_isNamed() throws SQLException {
    assertEquals(
        1, sql("update audit_record set caller = 'somebody' where chain = CHAIN and seq = 12"));
    assertFound("12: ALTERED");
  }

  @Test
  void record_alteredToWhatNoBrokerWrites_isNamed() throws SQLException {
    sql("update audit_record set outcome = 'FINE' where chain = CHAIN and seq = 12");
    assertFound("12: ALTERED");
  }

  @Test
  void record_removed_isNamed() throws SQLException {
    assertEquals(1, sql("delete from audit_record where chain = CHAIN and seq = 17"));
    assertFound("17: MISSING");
  }

  @Test
  void record_inserted_isNamed() throws SQLException {
    sql(
        """
        insert into audit_record (chain, seq, time, previous_hash, hash, action, outcome, refers_to)
        select chain, seq, time + interval '1 microsecond', previous_hash, hash, action, outcome,
          refers_to
        from audit_record where chain = CHAIN and seq = 9
        """);
    assertFound("9: INSERTED");
  }

  @Test
  void records_swapped_areNamed() throws SQLException {
    sql(
        """
        update audit_record r set kek = o.kek, outcome = o.outcome, reason = o.reason
        from audit_record o
        where r.chain = CHAIN and o.chain = CHAIN and (r.seq, o.seq) in ((7, 8), (8, 7))
        """);
    assertFound("7: ALTERED");
  }

  @Test
  void tail_cut_isNamed() throws SQLException {
    sql("delete from audit_record where chain = CHAIN and seq > 25");
    assertFound("26: MISSING");
  }

  /// Who also moves the chain's entry back is found by a checkpoint from outside alone.
  @Test
  void tail_cutWithTheChainsEntry_isKnownToTheBrokersLog(@TempDir Path folder) throws Exception {
    sql("delete from audit_record where chain = CHAIN and seq > 25");
    sql(
        "update audit_chain set head_seq = 25, head_hash = (select hash from audit_record where"
            + " chain = CHAIN and seq = 25) where id = CHAIN");
    assertTrue(verify(null).verified);

    Path file = folder.resolve("broker.log");
    Files.writeString(
        file,
        "2026-11-22 12:00:00 INFO audit checkpoint chain=%s seq=%d hash=%s\n"
            .formatted(chain, SIZE, HexFormat.of().formatHex(records.getLast().hash())));
    Answer answer = verify(null, "--checkpoints", file.toString());
    assertFalse(answer.verified, answer.printed);
    assertTrue(answer.printed.contains("seq 26: MISSING"), answer.printed);
  }

  @Test
  void chain_removedWhole_isKnownToTheBrokersLog(@TempDir Path folder) throws Exception {
    sql("delete from audit_record where chain = CHAIN");
    sql("delete from audit_chain where id = CHAIN");
    Path file = folder.resolve("broker.log");
    Files.writeString(
        file,
        "audit checkpoint chain=%s seq=%d hash=%s\n"
            .formatted(chain, SIZE, HexFormat.of().formatHex(records.getLast().hash())));
    assertFalse(verify(null, "--checkpoints", file.toString()).verified);
  }

  @Test
  void checkpoints_amongOtherText_count_andWhatOnlyLooksLikeOneDoesNot(@TempDir Path folder)
      throws Exception {
    String line =
        "audit checkpoint chain=%s seq=%d hash=%s"
            .formatted(chain, SIZE, HexFormat.of().formatHex(records.getLast().hash()));
    Path file = folder.resolve("broker.log");
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    log.write(new byte[] {(byte) 0xFF, (byte) 0xC3, '\n'});
    for (String other :
        List.of(
            line.replace(chain.toString(), "-".repeat(36)),
            line.replace("seq=", "seq=99999999999999999999"),
            line.replace("seq=", "seq=0"),
            line + "0",
            "x " + line + " y")) {
      log.write((other + "\n").getBytes(UTF_8));
    }
    Files.write(file, log.toByteArray());
    Answer answer = verify(null, "--checkpoints", file.toString());
    assertTrue(answer.verified, answer.printed);
  }

  @Test
  void checkpoints_thatContradictEachOther_areNamed(@TempDir Path folder) throws Exception {
    String line =
        "audit checkpoint chain=%s seq=%d hash=%s\n"
            .formatted(chain, SIZE, HexFormat.of().formatHex(records.getLast().hash()));
    Path file = folder.resolve("broker.log");
    for (String forged : List.of("0".repeat(64), "f".repeat(64))) {
      Files.writeString(file, line + line.replaceAll("hash=.*", "hash=" + forged));
      Answer answer = verify(null, "--checkpoints", file.toString());
      assertFalse(answer.verified, answer.printed);
      assertTrue(answer.printed.contains("seq " + SIZE + ": ALTERED"), answer.printed);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "time = 'infinity'",
        "time = '294276-12-31'",
        "context_values = 'null'",
        "context_values = '{\"a\": null}'",
        "context_values = '[]'",
        "outcome = 'MAYBE'"
      })
  void record_thatNoBrokerWrites_isNamed(String change) throws SQLException {
    sql("update audit_record set " + change + " where chain = CHAIN and seq = 7");
    assertFound("7: ALTERED");
  }

  @Test
  void chain_withoutItsEntry_isNamed() throws SQLException {
    sql("delete from audit_chain where id = CHAIN");
    assertFound("30: MISSING");
  }

  @Test
  void chain_withoutMacThoughThereIsAKey_isNotVerified() throws SQLException {
    Answer answer = verify(new byte[32]);
    assertFalse(answer.verified, answer.printed);
    assertTrue(answer.printed.contains("UNVERIFIABLE"), answer.printed);
    assertTrue(verify(new byte[32], "--accept-unkeyed").verified);
  }

  private long count(String table) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement on = connection.createStatement();
        ResultSet rows =
            on.executeQuery("select count(*) from " + table + " where chain = '" + chain + "'")) {
      rows.next();
      return rows.getLong(1);
    }
  }

  /// A chain whose first part is older than the retention: that goes, and the rest, of the oldest
  /// day that is kept, verifies.
  @Test
  void days_areMadeAheadAndDropped_andTheRestVerifies() throws SQLException {
    partitions.run().await().atMost(LONGEST);
    assertEquals(SIZE, count("audit_record"));
    assertEquals(0, count("audit_record_default"), "the day's records are in the day's partition");

    Instant old = Instant.now().truncatedTo(ChronoUnit.DAYS).minus(Duration.ofDays(8));
    String day = old.toString().substring(0, 10);
    String table = "audit_record_" + day.replace("-", "");
    sql("delete from audit_record where chain = CHAIN");
    sql("delete from audit_chain where id = CHAIN");
    records.clear();
    // All but the last ten are of that day, by their times.
    write(null, old.plus(Duration.ofDays(1)).minusMillis(SIZE - 10));
    sql("create table " + table + " (like audit_record including all)");
    sql(
        "with moved as (delete from audit_record_default where time < '"
            + old.plus(Duration.ofDays(1))
            + "' returning *) insert into "
            + table
            + " select * from moved");
    sql(
        "alter table audit_record attach partition "
            + table
            + " for values from ('"
            + old
            + "') to ('"
            + old.plus(Duration.ofDays(1))
            + "')");
    assertEquals(SIZE - 10, count(table));

    partitions.run().await().atMost(LONGEST);
    assertEquals(10, count("audit_record"));
    Answer answer = verify(null);
    assertTrue(answer.verified, answer.printed);
    assertTrue(answer.printed.contains("before seq 21 dropped by retention"), answer.printed);

    sql("delete from audit_record where chain = CHAIN and seq = 21");
    assertFound("21: MISSING");
  }
}
