package dev.keybroker.audit.postgres;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.keybroker.audit.AuditEvent;
import dev.keybroker.audit.ChainCheck;
import dev.keybroker.audit.ChainHead;
import dev.keybroker.audit.ChainedRecord;
import dev.keybroker.audit.CheckpointLines;
import dev.keybroker.audit.Finding;
import dev.keybroker.audit.Outcome;
import dev.keybroker.audit.RecordHash;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Verifies the chains in PostgreSQL and names, for each that is broken, the first record that is
/// altered, missing or inserted. Reads only, in one snapshot for each chain.
public final class AuditVerify {
  private static final int FETCH = 2_000;
  private static final long PROGRESS_EVERY = 1_000_000;

  private static final String CHAINS =
      "select id, key_id, start_time, head_time from audit_chain order by start_time, id";

  /// Walks from one chain to the next by the index, whatever the number of records.
  private static final String CHAINS_OF_RECORDS =
      """
      with recursive known(chain) as (
        (select chain from audit_record order by chain limit 1)
        union all
        select (select r.chain from audit_record r where r.chain > k.chain order by r.chain limit 1)
        from known k where k.chain is not null)
      select chain from known where chain is not null
      """;

  private static final String HEAD = "select head_seq, head_hash from audit_chain where id = ?";

  private static final String CHECKPOINTS =
      "select seq, hash from audit_checkpoint where chain = ? and kind = ?";

  private static final String RECORDS =
      "select chain, "
          + RecordColumns.NAMES.replace("context_values", "context_values::text as context_values")
          + " from audit_record where chain = ? order by seq, time";

  private final Connection connection;
  private final AuditVerifyOptions options;
  private final byte @Nullable [] macKey;
  private final PrintStream out;
  private final PrintStream progress;
  private final CheckpointLines outside = new CheckpointLines();

  private record Chain(UUID id, @Nullable String keyId, boolean known) {}

  /// @param macKey of the broker; null where it has none
  public AuditVerify(
      Connection connection,
      AuditVerifyOptions options,
      byte @Nullable [] macKey,
      PrintStream out,
      PrintStream progress) {
    this.connection = connection;
    this.options = options;
    this.macKey = macKey;
    this.out = out;
    this.progress = progress;
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
    Map<UUID, Chain> chains = chains();
    for (Chain chain : chains.values()) {
      ChainCheck check = check(chain, records);
      records += check.records();
      broken += check.findings().isEmpty() ? 0 : 1;
    }
    for (UUID chain : outside.chains()) {
      if (options.wants(chain) && !chains.containsKey(chain) && options.from() == null) {
        broken++;
        out.printf(
            "%s%n",
            new Finding(
                Finding.Kind.MISSING, chain, 1, "the whole chain: only a checkpoint knows it"));
      }
    }
    out.printf(
        "%d chains, %d records: %s%n",
        chains.size(), records, broken == 0 ? "all verified" : broken + " chains are broken");
    return broken == 0;
  }

  private void readCheckpoints(Path file) {
    // Whatever the bytes of other lines are: a checkpoint is ASCII.
    try (Stream<String> lines = Files.lines(file, ISO_8859_1)) {
      lines.forEach(outside::read);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Map<UUID, Chain> chains() throws SQLException {
    Map<UUID, Chain> chains = new LinkedHashMap<>();
    List<UUID> skipped = new ArrayList<>();
    try (PreparedStatement statement = connection.prepareStatement(CHAINS);
        ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        UUID id = rows.getObject(1, UUID.class);
        Instant headTime = rows.getObject(4, OffsetDateTime.class).toInstant();
        if (options.wants(id) && options.reaches(headTime)) {
          chains.put(id, new Chain(id, rows.getString(2), true));
        } else {
          skipped.add(id);
        }
      }
    }
    try (PreparedStatement statement = connection.prepareStatement(CHAINS_OF_RECORDS);
        ResultSet rows = statement.executeQuery()) {
      while (rows.next()) {
        UUID id = rows.getObject(1, UUID.class);
        if (options.wants(id) && !chains.containsKey(id) && !skipped.contains(id)) {
          chains.put(id, new Chain(id, null, false));
        }
      }
    }
    connection.commit();
    return chains;
  }

  private ChainCheck check(Chain chain, long before) throws SQLException {
    RecordHash hash = RecordHash.of(chain.keyId == null ? null : macKey);
    ChainCheck check =
        new ChainCheck(chain.id, hash, checkpoints(chain.id, "DROPPED"), known(chain.id));
    Finding unverifiable = unverifiable(chain, hash);
    if (unverifiable != null) {
      check.find(unverifiable);
      connection.commit();
      report(chain, check, check.findings());
      return check;
    }
    for (long sequence : outside.contradictions(chain.id)) {
      check.find(
          new Finding(
              Finding.Kind.ALTERED,
              chain.id,
              sequence,
              "the checkpoints given hold different hashes of it: one of them is forged"));
    }
    ChainHead head = head(chain.id);
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
    report(chain, check, check.end(head));
    return check;
  }

  private @Nullable Finding unverifiable(Chain chain, RecordHash hash) {
    if (!Objects.equals(chain.keyId, hash.keyId())) {
      return new Finding(
          Finding.Kind.UNVERIFIABLE,
          chain.id,
          1,
          "its MAC key is %s, and that is not keybroker.audit.mac-key".formatted(chain.keyId));
    }
    if (chain.keyId == null && macKey != null && !options.acceptsUnkeyed()) {
      return new Finding(
          Finding.Kind.UNVERIFIABLE,
          chain.id,
          1,
          "it is without a MAC, though keybroker.audit.mac-key is set (--accept-unkeyed)");
    }
    return null;
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

  /// A change under way, or one that its broker's end left open: no fault of the chain.
  private void reportOpenIntents(Chain chain, ChainCheck check) {
    for (long sequence : check.openIntents()) {
      out.printf(
          "chain %s: seq %d is the intent of a change whose outcome is not on record: it may have been"
              + " made or not%n",
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
    Map<Long, byte[]> known = checkpoints(chain, "HEAD");
    // Those from outside count where both speak.
    known.putAll(outside.hashes(chain));
    return known;
  }

  private Map<Long, byte[]> checkpoints(UUID chain, String kind) throws SQLException {
    Map<Long, byte[]> checkpoints = new HashMap<>();
    try (PreparedStatement statement = connection.prepareStatement(CHECKPOINTS)) {
      statement.setObject(1, chain);
      statement.setString(2, kind);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          checkpoints.put(rows.getLong(1), rows.getBytes(2));
        }
      }
    }
    return checkpoints;
  }

  /// Null where the row holds what no broker writes.
  private static @Nullable ChainedRecord record(ResultSet row) throws SQLException {
    try {
      String callerKind = row.getString("caller_kind");
      return new ChainedRecord(
          row.getObject("chain", UUID.class),
          row.getLong("seq"),
          row.getBytes("previous_hash"),
          new AuditEvent(
              row.getObject("time", OffsetDateTime.class).toInstant(),
              row.getString("action"),
              callerKind == null
                  ? null
                  : new AuditEvent.Actor(
                      callerKind, Objects.requireNonNullElse(row.getString("caller"), "")),
              row.getString("tenant"),
              row.getString("keystore"),
              new AuditEvent.Detail(
                  row.getObject("kek", UUID.class),
                  row.getString("destination"),
                  row.getBytes("context_digest"),
                  RecordColumns.pairs(row.getString("context_values")),
                  row.getString("kms_request_id")),
              row.getString("peer"),
              row.getString("trace_id"),
              Outcome.valueOf(row.getString("outcome")),
              row.getString("reason"),
              row.getLong("refers_to")),
          row.getBytes("hash"));
    } catch (RuntimeException e) {
      return null;
    }
  }
}
