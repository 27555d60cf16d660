package dev.keybroker.audit.postgres;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.keybroker.audit.ChainCheck;
import dev.keybroker.audit.ChainHead;
import dev.keybroker.audit.ChainedRecord;
import dev.keybroker.audit.CheckpointLines;
import dev.keybroker.audit.Finding;
import dev.keybroker.audit.RecordHash;
import dev.keybroker.audit.Verification;
import dev.keybroker.crypto.MacKey;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Verifies the chains in PostgreSQL and names, for each broken chain, the first record that is
/// altered, missing or inserted. Only reads, in one snapshot for each chain, unless the result is
/// to be recorded.
public final class AuditVerify {
  private static final int FETCH = 2_000;
  private static final long PROGRESS_EVERY = 1_000_000;

  private static final String CHAINS = "select id, key_id from audit_chain order by start_time, id";

  /// Steps from one chain to the next by the index, independent of the number of records.
  private static final String CHAINS_OF_RECORDS =
      """
      with recursive known(chain) as (
        (select chain from audit_record order by chain limit 1)
        union all
        select (select r.chain from audit_record r where r.chain > k.chain order by r.chain limit 1)
        from known k where k.chain is not null)
      select chain from known where chain is not null
      """;

  /// Chains that may no longer appear anywhere else.
  private static final String CHAINS_OF_CHECKPOINTS = "select distinct chain from audit_checkpoint";

  private static final String HEAD = "select head_seq, head_hash from audit_chain where id = ?";

  private static final String CHECKPOINTS =
      "select seq, hash from audit_checkpoint where chain = ? and kind = 'HEAD'";

  private static final String DROPPED =
      """
      select seq, hash, first_seq, previous_hash, day, key_id, mac from audit_checkpoint
      where chain = ? and kind = 'DROPPED' order by seq
      """;

  private static final String RECORDS =
      "select chain, "
          + RecordColumns.NAMES.replace("context_values", "context_values::text as context_values")
          + " from audit_record where chain = ? order by seq, time";

  private static final String LAST =
      RECORDS.replace("order by seq, time", "order by seq desc, time desc limit 1");

  private static final String RECORDS_SINCE =
      "select exists (select 1 from audit_record where chain = ? and time >= ?)";

  private final Connection connection;
  private final AuditVerifyOptions options;
  private final byte @Nullable [] macKey;
  private final VerifyingKeys keys;
  private final PrintStream out;
  private final PrintStream progress;
  private final Clock clock;
  private final CheckpointLines outside = new CheckpointLines();

  private record Chain(UUID id, @Nullable String keyId) {}

  /// @param macKey the broker's key; null if it has none
  public AuditVerify(
      Connection connection,
      AuditVerifyOptions options,
      byte @Nullable [] macKey,
      PrintStream out,
      PrintStream progress,
      Clock clock) {
    this.connection = connection;
    this.options = options;
    this.macKey = macKey == null ? null : macKey.clone();
    this.keys = keys(macKey, options);
    this.out = out;
    this.progress = progress;
    this.clock = clock;
  }

  private static VerifyingKeys keys(byte @Nullable [] macKey, AuditVerifyOptions options) {
    List<byte[]> keys = new ArrayList<>();
    if (macKey != null) {
      keys.add(macKey);
    }
    for (Path file : options.macKeys()) {
      try {
        keys.add(MacKey.parse(file.toString(), Files.readString(file)));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return new VerifyingKeys(keys);
  }

  /// Whether all chains verify.
  public boolean run() throws SQLException {
    for (Path file : options.checkpoints()) {
      readCheckpoints(file);
    }
    connection.setAutoCommit(false);
    connection.setReadOnly(true);
    connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
    long records = 0;
    int broken = 0;
    for (String difference : TableShape.differences(connection)) {
      broken = 1;
      out.printf("%s%n", difference);
    }
    int verified = 0;
    int before = 0;
    Map<UUID, Chain> chains = chains();
    for (Chain chain : chains.values()) {
      if (endedBefore(chain)) {
        before++;
        continue;
      }
      ChainCheck check = check(chain, records);
      verified++;
      records += check.records();
      broken += check.findings().isEmpty() ? 0 : 1;
    }
    for (UUID chain : outside.chains()) {
      if (options.wants(chain) && !chains.containsKey(chain)) {
        broken++;
        out.printf(
            "%s%n",
            new Finding(
                Finding.Kind.MISSING, chain, 1, "the whole chain: only a checkpoint mentions it"));
      }
    }
    if (before > 0) {
      out.printf("%d chains ended before %s and were left out%n", before, options.from());
    }
    out.printf(
        "%d chains, %d records: %s%n",
        verified, records, broken == 0 ? "all verified" : broken + " chains are broken");
    if (options.records()) {
      record(
          new Verification(
              clock.instant(), verified, records, broken, options.chain() != null || before > 0));
    }
    return broken == 0;
  }

  /// Fails only if everything verified: a broken chain is the more important news.
  private void record(Verification verification) throws SQLException {
    try {
      out.printf(
          "the result is on record in chain %s%n",
          VerificationChain.write(connection, RecordHash.of(macKey), verification));
    } catch (SQLException e) {
      if (verification.passed()) {
        throw e;
      }
      progress.printf("the result could not be recorded: %s%n", e.getMessage());
    }
  }

  private void readCheckpoints(Path file) {
    // A checkpoint is ASCII, so the bytes of other lines do not matter.
    try (Stream<String> lines = Files.lines(file, ISO_8859_1)) {
      lines.forEach(outside::read);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Map<UUID, Chain> chains() throws SQLException {
    Map<UUID, Chain> chains = new LinkedHashMap<>();
    try (PreparedStatement statement = connection.prepareStatement(CHAINS);
        ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        UUID id = rows.getObject(1, UUID.class);
        if (options.wants(id)) {
          chains.put(id, new Chain(id, rows.getString(2)));
        }
      }
    }
    for (String others : List.of(CHAINS_OF_RECORDS, CHAINS_OF_CHECKPOINTS)) {
      try (PreparedStatement statement = connection.prepareStatement(others);
          ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          UUID id = rows.getObject(1, UUID.class);
          if (options.wants(id)) {
            chains.putIfAbsent(id, new Chain(id, null));
          }
        }
      }
    }
    connection.commit();
    return chains;
  }

  /// Whether `--from` can skip a chain. Its entry alone is not evidence, because an attacker with
  /// the power to remove records can change that too. The chain's last record must exist, at the
  /// end that the entry names, with a verifiable earlier time, and no other source may know a later
  /// record.
  private boolean endedBefore(Chain chain) throws SQLException {
    Instant from = options.from();
    RecordHash hash = keys.hash(chain.keyId);
    if (from == null || hash == null || isMacMissing(chain)) {
      return false;
    }
    try {
      ChainHead head = head(chain.id);
      ChainedRecord last = last(chain.id);
      return head != null
          && last != null
          && head.equals(new ChainHead(last.sequence(), last.hash()))
          && hash.isOf(last)
          && last.event().time().isBefore(from)
          && known(chain.id).keySet().stream().allMatch(known -> known <= last.sequence())
          && !hasRecordsSince(chain.id, from);
    } finally {
      connection.commit();
    }
  }

  private @Nullable ChainedRecord last(UUID chain) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(LAST)) {
      statement.setObject(1, chain);
      try (ResultSet rows = statement.executeQuery()) {
        return rows.next() ? record(rows) : null;
      }
    }
  }

  private boolean hasRecordsSince(UUID chain, Instant from) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(RECORDS_SINCE)) {
      statement.setObject(1, chain);
      statement.setObject(2, RecordColumns.time(from));
      try (ResultSet rows = statement.executeQuery()) {
        return rows.next() && rows.getBoolean(1);
      }
    }
  }

  private ChainCheck check(Chain chain, long before) throws SQLException {
    ChainHead head = head(chain.id);
    DroppedRanges dropped = dropped(chain, head);
    RecordHash hash = keys.hash(chain.keyId);
    ChainCheck check =
        new ChainCheck(
            chain.id,
            hash == null ? RecordHash.of(null) : hash,
            dropped.believed(),
            known(chain.id));
    Finding unverifiable = unverifiable(chain);
    if (unverifiable != null) {
      check.find(unverifiable);
      connection.commit();
      report(chain, check, check.findings(), dropped);
      return check;
    }
    dropped.findings().forEach(check::find);
    for (long sequence : outside.contradictions(chain.id)) {
      check.find(
          new Finding(
              Finding.Kind.ALTERED,
              chain.id,
              sequence,
              "the given checkpoints have different hashes for it: one of them is forged"));
    }
    try (PreparedStatement statement = connection.prepareStatement(RECORDS)) {
      statement.setFetchSize(FETCH);
      statement.setObject(1, chain.id);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          ChainedRecord record = record(rows);
          if (record == null) {
            check.unreadable(rows.getLong("seq"));
          } else {
            check.accept(record);
          }
          if ((before + check.records()) % PROGRESS_EVERY == PROGRESS_EVERY - 1) {
            progress.printf("%d records%n", before + check.records());
          }
        }
      }
    }
    connection.commit();
    report(chain, check, check.end(head), dropped);
    return check;
  }

  private DroppedRanges dropped(Chain chain, @Nullable ChainHead head) throws SQLException {
    Duration retention = options.retention();
    DroppedRanges dropped =
        new DroppedRanges(
            chain.id,
            chain.keyId != null,
            head,
            keys,
            outside,
            retention == null
                ? null
                : LocalDate.ofInstant(clock.instant().minus(retention), ZoneOffset.UTC));
    try (PreparedStatement statement = connection.prepareStatement(DROPPED)) {
      statement.setObject(1, chain.id);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          dropped.accept(
              new DroppedRanges.Row(
                  rows.getLong(1),
                  rows.getBytes(2),
                  rows.getObject(3, Long.class),
                  rows.getBytes(4),
                  rows.getObject(5, LocalDate.class),
                  rows.getString(6),
                  rows.getBytes(7)));
        }
      }
    }
    return dropped;
  }

  /// Whether a chain has no MAC although there is a key.
  private boolean isMacMissing(Chain chain) {
    return chain.keyId == null && !keys.isEmpty() && !options.acceptsUnkeyed();
  }

  private @Nullable Finding unverifiable(Chain chain) {
    if (chain.keyId != null && keys.hash(chain.keyId) == null) {
      return new Finding(
          Finding.Kind.UNVERIFIABLE,
          chain.id,
          1,
          "its MAC key is %s, which is neither keybroker.audit.mac-key nor given by --mac-key"
              .formatted(chain.keyId));
    }
    if (isMacMissing(chain)) {
      return new Finding(
          Finding.Kind.UNVERIFIABLE,
          chain.id,
          1,
          "it is without a MAC, though keybroker.audit.mac-key is set (--accept-unkeyed)");
    }
    return null;
  }

  private void report(
      Chain chain, ChainCheck check, List<Finding> findings, DroppedRanges dropped) {
    report(chain, check, findings);
    dropped.report().forEach(line -> out.printf("%s%n", line));
  }

  private void report(Chain chain, ChainCheck check, List<Finding> findings) {
    if (!findings.isEmpty()) {
      findings.stream()
          .limit(options.all() ? Long.MAX_VALUE : 1)
          .forEach(finding -> out.printf("%s%n", finding));
      if (!options.all() && findings.size() > 1) {
        out.printf("chain %s: %d more findings (--all)%n", chain.id, findings.size() - 1);
      }
      return;
    }
    out.printf(
        "chain %s: %d records verified%s%s%n",
        chain.id,
        check.records(),
        check.firstSequence() > 1
            ? ", before seq %d dropped by retention".formatted(check.firstSequence())
            : "",
        check.isClosed() ? "" : "; without a closing record: the broker runs, or ended abruptly");
    reportOpenIntents(chain, check);
  }

  /// A change in progress, or one that was interrupted when its broker stopped. This is not a fault
  /// of the chain.
  private void reportOpenIntents(Chain chain, ChainCheck check) {
    for (long sequence : check.openIntents()) {
      out.printf(
          "chain %s: seq %d is the intent of a change whose outcome is not on record: it may have"
              + " been made or not%n",
          chain.id, sequence);
    }
  }

  private @Nullable ChainHead head(UUID chain) throws SQLException {
    try (PreparedStatement statement = connection.prepareStatement(HEAD)) {
      statement.setObject(1, chain);
      try (ResultSet rows = statement.executeQuery()) {
        return rows.next() ? new ChainHead(rows.getLong(1), rows.getBytes(2)) : null;
      }
    }
  }

  private Map<Long, byte[]> known(UUID chain) throws SQLException {
    Map<Long, byte[]> known = new HashMap<>();
    try (PreparedStatement statement = connection.prepareStatement(CHECKPOINTS)) {
      statement.setObject(1, chain);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          known.put(rows.getLong(1), rows.getBytes(2));
        }
      }
    }
    // If both sources have a hash, the outside one counts.
    known.putAll(outside.hashes(chain));
    return known;
  }

  /// Null if the row has values that a broker never writes.
  private static @Nullable ChainedRecord record(ResultSet row) throws SQLException {
    try {
      return RecordColumns.record(new JdbcRow(row));
    } catch (NotARecordException e) {
      return null;
    }
  }
}
