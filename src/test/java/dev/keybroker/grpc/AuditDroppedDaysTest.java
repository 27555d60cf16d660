package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.keybroker.audit.postgres.AuditPartitions;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What the retention drops while the trail is under a MAC key, and what somebody without the key
/// makes look like it.
@QuarkusTest
@TestProfile(AuditDroppedDaysTest.Keyed.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class AuditDroppedDaysTest extends AuditChainTestCase {
  private static final byte[] KEY = new byte[32];
  private static final byte[] OTHER_KEY = "another key of thirty-two bytes.".getBytes();

  @Inject AuditPartitions partitions;

  private String table;

  /// Records of the last week are kept, under a MAC key.
  public static final class Keyed implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      return Map.of(
          "keybroker.audit.retention",
          "7d",
          "keybroker.audit.mac-key",
          Base64.getEncoder().encodeToString(KEY));
    }
  }

  @AfterEach
  void drop() throws SQLException {
    if (table != null) {
      sql("drop table if exists " + table);
    }
  }

  /// The first twenty are of a day that is too old, but two that were committed before their times'
  /// order: 10, which is of the next day, and 25, which is of the old one.
  private LocalDate dropHonestly() throws SQLException {
    Instant old = Instant.now().truncatedTo(ChronoUnit.DAYS).minus(Duration.ofDays(8));
    partitions.run().await().atMost(LONGEST);
    whileDaysStay(
        () -> {
          writeAnew(KEY, old.plus(Duration.ofDays(1)).minusMillis(20), Map.of(9, 40L, 24, -10L));
          table = partition(old);
          assertEquals(20, count(table));
        });
    partitions.run().await().atMost(LONGEST);
    assertEquals(10, count("audit_record"));
    return LocalDate.ofInstant(old, ZoneOffset.UTC);
  }

  @Test
  void droppedDay_isRememberedExactly_andTheRestVerifies() throws SQLException {
    LocalDate day = dropHonestly();

    Answer answer = verify(KEY, "--retention", "7");
    answer.assertVerified();
    answer.assertPrinted("seq 1 to 9 of " + day + " dropped by retention, authenticated");
    answer.assertPrinted("seq 11 to 20 of " + day + " dropped by retention, authenticated");
    answer.assertPrinted("seq 25 to 25 of " + day + " dropped by retention, authenticated");
    verify(KEY).assertVerified();
    verify(KEY, "--retention", "9d").assertFound("seq 1: MISSING");
    verify(null).assertFound("UNVERIFIABLE");
  }

  @ParameterizedTest
  @ValueSource(ints = {10, 21, 24, 26, 30})
  void recordThatWasNotDropped_removed_isNamed(int sequence) throws SQLException {
    dropHonestly();
    assertEquals(1, sql("delete from audit_record where chain = CHAIN and seq = " + sequence));
    verify(KEY).assertFound("seq " + sequence + ": MISSING: one record");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "seq = 26",
        "first_seq = 11, seq = 24",
        "hash = previous_hash",
        "previous_hash = hash",
        "day = day - 1",
        "key_id = null",
        "mac = null",
        "mac = set_byte(mac, 0, get_byte(mac, 0) # 1)",
        "mac = ''"
      })
  void droppedRange_altered_isNamed(String change) throws SQLException {
    dropHonestly();
    assertEquals(
        1,
        sql(
            "update audit_checkpoint set %s where chain = CHAIN and kind = 'DROPPED' and seq = 25"
                .formatted(change)));
    verify(KEY).assertFound("INSERTED: a dropped range");
  }

  @Test
  void droppedRange_ofAnotherChain_countsForNone() throws SQLException {
    dropHonestly();
    sql("update audit_checkpoint set chain = gen_random_uuid() where chain = CHAIN");
    verify(KEY).assertFound("seq 1: MISSING");
  }

  /// With the MAC key and checkpoints from outside in place.
  @ParameterizedTest
  @CsvSource({"4, 12", "21, 30", "1, 30"})
  void removedRecords_withAPlantedDrop_areNamed(int first, int last, @TempDir Path folder)
      throws Exception {
    writeAnew(KEY, Instant.now());
    Path checkpoints = folder.resolve("broker.log");
    Files.writeString(checkpoints, checkpointLine(SIZE, hashOf(SIZE)));
    sql("delete from audit_record where chain = CHAIN and seq between " + first + " and " + last);
    for (String seal :
        new String[] {"null, null", keyIdAnd("'\\x00'"), keyIdAnd("'\\x" + "0".repeat(64) + "'")}) {
      sql("delete from audit_checkpoint where chain = CHAIN");
      sql(
          """
          insert into audit_checkpoint
            (chain, seq, hash, time, kind, first_seq, previous_hash, day, key_id, mac)
          values (CHAIN, %d, '\\x%s', now(), 'DROPPED', %d, '\\x%s', '2026-01-01', %s)
          """
              .formatted(
                  last,
                  hashOf(last),
                  first,
                  HexFormat.of().formatHex(records.get(first - 1).previousHash()),
                  seal));
      Answer answer = verify(KEY, "--all", "--checkpoints", checkpoints.toString());
      answer.assertFound("seq " + last + ": INSERTED: a dropped range with");
      answer.assertFound(
          "seq %d: MISSING: %d records, to seq %d".formatted(first, last - first + 1, last));
    }
  }

  private String keyIdAnd(String mac) throws SQLException {
    return "'" + single("select key_id from audit_chain where id = CHAIN") + "', " + mac;
  }

  /// After the key was replaced, one run verifies what is under either.
  @Test
  void keysFromFiles_verifyWhatIsUnderThem(@TempDir Path folder) throws Exception {
    writeAnew(OTHER_KEY, Instant.now());
    verify(KEY).assertFound("seq 1: UNVERIFIABLE");
    String later = Instant.now().plus(Duration.ofDays(1)).toString();
    verify(KEY, "--from", later).assertFound("seq 1: UNVERIFIABLE");
    Path file = folder.resolve("old.key");
    Files.writeString(file, Base64.getEncoder().encodeToString(OTHER_KEY) + "\n");
    verify(KEY, "--mac-key", file.toString()).assertVerified();
    verify(null, "--mac-key", file.toString()).assertVerified();
  }
}
