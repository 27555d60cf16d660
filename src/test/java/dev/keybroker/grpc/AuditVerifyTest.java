package dev.keybroker.grpc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.audit.AuditEvent;
import dev.keybroker.audit.ChainHead;
import dev.keybroker.audit.ChainedRecord;
import dev.keybroker.audit.Outcome;
import dev.keybroker.audit.RecordHash;
import dev.keybroker.audit.postgres.AuditPartitions;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Chains in PostgreSQL that somebody with write access has changed.
@QuarkusTest
@TestProfile(AuditVerifyTest.WithRetention.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class AuditVerifyTest extends AuditChainTestCase {
  @Inject AuditPartitions partitions;

  /// Records of the last week are kept.
  public static final class WithRetention implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      return Map.of("keybroker.audit.retention", "7d");
    }
  }

  @BeforeEach
  void write() {
    write(null, Instant.now(), Map.of());
  }

  @Test
  void chain_untouched_verifies() throws SQLException {
    Answer answer = verify(null);
    assertTrue(answer.verified(), answer.printed());
    assertTrue(answer.printed().contains("30 records verified"), answer.printed());
    assertTrue(answer.printed().contains("without a closing record"), answer.printed());
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
    assertTrue(verify(null).verified());

    Path file = folder.resolve("broker.log");
    Files.writeString(file, checkpointLine(SIZE, hashOf(SIZE)));
    Answer answer = verify(null, "--checkpoints", file.toString());
    assertFalse(answer.verified(), answer.printed());
    assertTrue(answer.printed().contains("seq 26: MISSING"), answer.printed());
  }

  @Test
  void chain_removedWhole_isKnownToTheBrokersLog(@TempDir Path folder) throws Exception {
    sql("delete from audit_record where chain = CHAIN");
    sql("delete from audit_chain where id = CHAIN");
    Path file = folder.resolve("broker.log");
    Files.writeString(file, checkpointLine(SIZE, hashOf(SIZE)));
    for (String from : List.of("1970-01-01T00:00:00Z", "2100-01-01T00:00:00Z")) {
      verify(null, "--from", from, "--checkpoints", file.toString())
          .assertFound("seq 1: MISSING: the whole chain: only a checkpoint mentions it");
    }
    verify(null, "--checkpoints", file.toString()).assertFound("seq 1: MISSING");
  }

  /// With a hash that would be a finding, if the line counted.
  @Test
  void checkpoints_inLinesOfOtherLoggers_doNotCount(@TempDir Path folder) throws Exception {
    String forged = checkpoint(SIZE, "0".repeat(64));
    Path file = folder.resolve("broker.log");
    ByteArrayOutputStream log = new ByteArrayOutputStream();
    log.write(new byte[] {(byte) 0xFF, (byte) 0xC3, '\n'});
    String line = checkpointLine(SIZE, "0".repeat(64)).strip();
    for (String other :
        List.of(
            forged,
            "2026-11-22 12:00:00,123 WARN  [dev.key.acc.Denials] (executor) Denied: " + forged,
            "2026-11-22 12:00:00,123 WARN  [dev.key.acc.Denials] (x) Denied 1 times: JWT " + line,
            line.replace(chain.toString(), "-".repeat(36)),
            line.replace("seq=", "seq=99999999999999999999"),
            line.replace("seq=30", "seq=0"),
            line + "0",
            line + " y")) {
      log.write((other + "\n").getBytes(UTF_8));
    }
    Files.write(file, log.toByteArray());
    verify(null, "--checkpoints", file.toString()).assertVerified();

    Files.writeString(file, line);
    verify(null, "--checkpoints", file.toString()).assertFound("seq 30: ALTERED");
  }

  @Test
  void checkpoints_thatContradictEachOther_areNamed(@TempDir Path folder) throws Exception {
    String line = checkpointLine(SIZE, hashOf(SIZE));
    Path file = folder.resolve("broker.log");
    for (String forged : List.of("0".repeat(64), "f".repeat(64))) {
      Files.writeString(file, line + line.replaceAll("hash=.*", "hash=" + forged));
      Answer answer = verify(null, "--checkpoints", file.toString());
      assertFalse(answer.verified(), answer.printed());
      assertTrue(answer.printed().contains("seq " + SIZE + ": ALTERED"), answer.printed());
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

  /// Who removes records can also set the time of the chain's entry, or that of a record.
  @Test
  void from_leavesOutOnlyWhatVerifiablyEndedBefore() throws SQLException {
    String later = Instant.now().plus(Duration.ofDays(1)).toString();
    verify(null, "--from", later).assertPrinted("1 chains ended before");
    verify(null, "--from", later).assertVerified();
    sql("update audit_chain set head_time = '2020-01-01T00:00:00Z' where id = CHAIN");
    String earlier = Instant.now().minus(Duration.ofHours(1)).toString();
    verify(null, "--from", earlier).assertPrinted("30 records verified");

    sql("delete from audit_record where chain = CHAIN and seq > 20");
    verify(null, "--from", earlier).assertFound("seq 21: MISSING");
    verify(null, "--from", later).assertFound("seq 21: MISSING");
    sql("update audit_record set time = '2020-01-01T00:00:00Z' where chain = CHAIN");
    verify(null, "--from", earlier).assertFound("seq 1: ALTERED");
  }

  @Test
  void from_leavesOutNoChainThatACheckpointKnowsToGoOn(@TempDir Path folder) throws Exception {
    sql("delete from audit_record where chain = CHAIN and seq > 25");
    sql(
        "update audit_chain set head_seq = 25, head_hash = (select hash from audit_record where"
            + " chain = CHAIN and seq = 25) where id = CHAIN");
    Path file = folder.resolve("broker.log");
    Files.writeString(file, checkpointLine(SIZE, hashOf(SIZE)));
    String later = Instant.now().plus(Duration.ofDays(1)).toString();
    verify(null, "--from", later, "--checkpoints", file.toString()).assertFound("26: MISSING");
  }

  @Test
  void chain_thatOnlyARowOfCheckpointsKnows_isNamed() throws SQLException {
    sql("delete from audit_record where chain = CHAIN");
    sql("delete from audit_chain where id = CHAIN");
    verify(null).assertVerified();
    sql(
        "insert into audit_checkpoint (chain, seq, hash, time, kind) values"
            + " (CHAIN, 5, '\\x00', now(), 'HEAD')");
    verify(null).assertFound("MISSING: the chain's own entry is missing");
  }

  /// Whoever may insert a row says that the retention dropped what was removed.
  @ParameterizedTest
  @CsvSource({"4, 12", "21, 30", "1, 30"})
  void removedRecords_withAPlantedDrop_areNotHidden(int first, int last, @TempDir Path folder)
      throws Exception {
    sql("delete from audit_record where chain = CHAIN and seq between " + first + " and " + last);
    plant(first, last, Instant.now());
    assertFound(last + ": UNVERIFIABLE");
    verify(null, "--retention", "7").assertFound("seq " + first + ": MISSING");

    // As old as the forger likes: without a MAC, checkpoints from outside tell.
    Instant old = Instant.now().minus(Duration.ofDays(20));
    plant(first, last, old);
    Answer answer = verify(null, "--retention", "7");
    answer.assertPrinted("seq %d to %d".formatted(first, last));
    answer.assertPrinted("NOT authenticated");
    Path file = folder.resolve("broker.log");
    Files.writeString(
        file, checkpointLine(first, hashOf(first)).strip() + " time=" + Instant.now() + "\n");
    verify(null, "--retention", "7", "--checkpoints", file.toString())
        .assertFound("seq " + first + ": MISSING");
  }

  private void plant(int first, int last, Instant day) throws SQLException {
    sql("delete from audit_checkpoint where chain = CHAIN and kind = 'DROPPED'");
    sql(
        """
        insert into audit_checkpoint
          (chain, seq, hash, time, kind, first_seq, previous_hash, day)
        values (CHAIN, %d, '\\x%s', now(), 'DROPPED', %d, '\\x%s', '%s')
        """
            .formatted(
                last,
                hashOf(last),
                first,
                HexFormat.of().formatHex(records.get(first - 1).previousHash()),
                day));
  }

  @Test
  void plantedDrop_beyondTheChainsEnd_isNamed() throws SQLException {
    sql("delete from audit_record where chain = CHAIN and seq > 25");
    sql(
        "update audit_chain set head_seq = 25, head_hash = (select hash from audit_record where"
            + " chain = CHAIN and seq = 25) where id = CHAIN");
    plant(26, 30, Instant.now().minus(Duration.ofDays(20)));
    verify(null, "--retention", "7").assertFound("seq 30: INSERTED");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "first_seq = null",
        "first_seq = 0",
        "first_seq = 13",
        "previous_hash = null",
        "previous_hash = '\\x00'",
        "hash = '\\x00'",
        "day = null",
        "day = 'infinity'"
      })
  void plantedDrop_thatNoBrokerWrites_isNamed(String change) throws SQLException {
    sql("delete from audit_record where chain = CHAIN and seq between 4 and 12");
    plant(4, 12, Instant.now().minus(Duration.ofDays(20)));
    sql("update audit_checkpoint set " + change + " where chain = CHAIN and kind = 'DROPPED'");
    verify(null, "--retention", "7").assertFound("seq 12: INSERTED");
  }

  /// Any change of any column of any record, of those that PostgreSQL lets a writer make.
  @Test
  void everyChange_ofAnyColumn_isFound() throws SQLException {
    Random random = new Random(4711);
    writeEverything();
    verify(null).assertVerified();
    sql("create table saved as select * from audit_record where chain = CHAIN");
    try {
      int changes = 0;
      for (int round = 0; round < 400; round++) {
        String column = COLUMNS.get(random.nextInt(COLUMNS.size()));
        List<String> kinds = changes(column);
        String change = kinds.get(random.nextInt(kinds.size())).replace("COLUMN", column);
        int seq = random.nextInt(1, SIZE + 1);
        if (isChanged("update audit_record set %s = %s".formatted(column, change), seq)) {
          changes++;
          Answer answer = verify(null);
          assertFalse(answer.verified(), () -> "seq %d: %s = %s".formatted(seq, column, change));
          sql("delete from audit_record where chain = CHAIN or tenant = 'verify-' || CHAIN");
          sql("insert into audit_record select * from saved");
        }
      }
      assertTrue(changes > 200, "only " + changes + " changes");
      verify(null).assertVerified();
    } finally {
      sql("drop table saved");
    }
  }

  private static final List<String> COLUMNS =
      List.of(
          "chain, seq, time, previous_hash, hash, action, caller_kind, caller, tenant, keystore,"
              .concat(" kek, destination, context_digest, context_values, peer, trace_id,")
              .concat(" kms_request_id, outcome, reason, refers_to")
              .split(", "));

  private static List<String> changes(String column) {
    return switch (column) {
      case "chain", "kek" -> List.of("gen_random_uuid()", "null");
      case "seq", "refers_to" -> List.of("COLUMN + 1", "COLUMN - 1", "-COLUMN", "COLUMN << 32");
      case "time" ->
          List.of(
              "COLUMN + interval '1 microsecond'",
              "COLUMN - interval '1 microsecond'",
              "COLUMN + interval '1 day'",
              "date_trunc('milliseconds', COLUMN)",
              "'infinity'",
              "'-infinity'");
      case "previous_hash", "hash", "context_digest" ->
          List.of(
              "COLUMN || '\\x00'",
              "substring(COLUMN from 1 for 31)",
              "set_byte(COLUMN, 7, get_byte(COLUMN, 7) # 1)",
              "''",
              "null");
      case "context_values" ->
          List.of(
              "replace(COLUMN::text, '\"1234\"', '1234')::jsonb",
              "replace(COLUMN::text, '\"true\"', 'true')::jsonb",
              "replace(COLUMN::text, '\"null\"', 'null')::jsonb",
              "replace(COLUMN::text, 'vvv\"', 'vvvv\"')::jsonb",
              "replace(COLUMN::text, 'vvv\"', 'vv\"')::jsonb",
              "COLUMN || '{\"more\": \"1\"}'",
              "COLUMN - 'number'",
              "to_jsonb(COLUMN::text)",
              "jsonb_build_array(COLUMN)",
              "upper(COLUMN::text)::jsonb",
              "'{}'",
              "'[]'",
              "'null'",
              "null");
      default ->
          List.of(
              "COLUMN || 'x'",
              "COLUMN || ' '",
              "' ' || COLUMN",
              "COLUMN || U&'\\200b'",
              "left(COLUMN, -1)",
              "upper(COLUMN)",
              "lower(COLUMN)",
              "normalize(COLUMN, NFD)",
              "replace(COLUMN, 'a', U&'\\0430')",
              "coalesce(COLUMN, '')",
              "coalesce(COLUMN, 'x')",
              "''",
              "null");
    };
  }

  /// Whether the table holds something else then; PostgreSQL refuses some changes.
  private boolean isChanged(String update, int seq) throws SQLException {
    try {
      sql(update + " where chain = CHAIN and seq = " + seq);
    } catch (SQLException e) {
      return false;
    }
    return !single(
                """
                select count(*) from (
                  select r::text from audit_record r where chain = CHAIN
                  except select s::text from saved s) changed
                """)
            .equals("0")
        || !single("select count(*) from audit_record where chain = CHAIN")
            .equals(String.valueOf(SIZE));
  }

  /// Records with something in every column, among it texts that were cut and values that look like
  /// other types of JSON.
  private void writeEverything() throws SQLException {
    sql("delete from audit_record where chain = CHAIN");
    sql("delete from audit_chain where id = CHAIN");
    RecordHash hash = RecordHash.of(null);
    log.open(chain, null, Instant.now()).await().atMost(LONGEST);
    ChainHead head = ChainHead.START;
    for (int i = 0; i < SIZE; i++) {
      boolean full = i % 5 != 0;
      AuditEvent event =
          new AuditEvent(
              Instant.now().truncatedTo(ChronoUnit.MICROS),
              "UnwrapDek",
              full ? new AuditEvent.Actor("JWT", "Caf\u00e9 bar") : null,
              "verify-" + chain,
              full ? "calls" : null,
              new AuditEvent.Detail(
                  full ? UUID.randomUUID() : null,
                  full ? "tenants/acme/keystores/archive" : null,
                  full ? hash.next(chain, head, AuditChainTestCase.EVENT).hash() : null,
                  full
                      ? Map.of(
                          "number", "1234", "flag", "true", "none", "null", "long", "v".repeat(256))
                      : Map.of(),
                  full ? "kms" + "k".repeat(509) : null),
              full ? "/10.0.0.1:4711" + "p".repeat(498) : null,
              full ? "trace" : null,
              Outcome.values()[i % 4],
              full ? "reason" : null,
              full ? 3 : 0);
      ChainedRecord record = hash.next(chain, head, event);
      assertTrue(log.append(head, List.of(record)).await().atMost(LONGEST));
      head = new ChainHead(record.sequence(), record.hash());
    }
  }

  /// In a column of `json` there is room for what reads as the same pairs.
  @Test
  void columnOfAnotherType_isNamed() throws SQLException {
    sql("create schema altered");
    try (Connection connection = database.getConnection();
        Statement on = connection.createStatement()) {
      on.execute("create table altered.audit_record (like public.audit_record)");
      on.execute(
          "alter table altered.audit_record alter column context_values type json"
              + " using context_values::text::json");
      on.execute("set search_path = altered, public");
      try {
        verify(connection, null).assertFound("audit_record.context_values: ALTERED");
      } finally {
        on.execute("reset search_path");
      }
    } finally {
      sql("drop schema altered cascade");
    }
  }

  @Test
  void chain_withoutItsEntry_isNamed() throws SQLException {
    sql("delete from audit_chain where id = CHAIN");
    assertFound("30: MISSING");
  }

  @Test
  void chain_withoutMacThoughThereIsAKey_isNotVerified() throws SQLException {
    Answer answer = verify(new byte[32]);
    assertFalse(answer.verified(), answer.printed());
    assertTrue(answer.printed().contains("UNVERIFIABLE"), answer.printed());
    assertTrue(verify(new byte[32], "--accept-unkeyed").verified());
  }

  /// A chain whose first part is older than the retention: that goes, and the rest, of the oldest
  /// day that is kept, verifies.
  @Test
  void days_areMadeAheadAndDropped_andTheRestVerifies() throws SQLException {
    partitions.run().await().atMost(LONGEST);
    assertEquals(SIZE, count("audit_record"));
    assertEquals(0, count("audit_record_default"), "the day's records are in the day's partition");

    Instant old = Instant.now().truncatedTo(ChronoUnit.DAYS).minus(Duration.ofDays(8));
    // All but the last ten are of that day, by their times.
    whileDaysStay(
        () -> {
          writeAnew(null, old.plus(Duration.ofDays(1)).minusMillis(SIZE - 10));
          assertEquals(SIZE - 10, count(partition(old)));
        });
    partitions.run().await().atMost(LONGEST);
    assertEquals(10, count("audit_record"));
    Answer answer = verify(null, "--retention", "7");
    answer.assertVerified();
    answer.assertPrinted("before seq 21 dropped by retention");
    answer.assertPrinted("seq 1 to 20 of " + old.toString().substring(0, 10));
    answer.assertPrinted("NOT authenticated");
    verify(null, "--retention", "30").assertFound("seq 1: MISSING: to seq 20 dropped");
    assertFound("20: UNVERIFIABLE");

    sql("delete from audit_record where chain = CHAIN and seq = 21");
    verify(null, "--retention", "7").assertFound("seq 21: MISSING");
  }
}
