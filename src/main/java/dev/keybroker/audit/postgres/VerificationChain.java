package dev.keybroker.audit.postgres;

import dev.keybroker.audit.AuditEvent;
import dev.keybroker.audit.ChainHead;
import dev.keybroker.audit.ChainedRecord;
import dev.keybroker.audit.RecordHash;
import dev.keybroker.audit.Verification;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Instant;
import java.util.UUID;

/// Records the result of a verification in a new chain, which has nothing else.
final class VerificationChain {
  private static final String OPEN =
      """
      insert into audit_chain (id, key_id, start_time, head_seq, head_hash, head_time)
      values (?, ?, ?, ?, ?, ?)
      """;

  private static final String APPEND =
      """
      insert into audit_record
        (chain, seq, time, previous_hash, hash, action, destination, outcome, reason, refers_to)
      values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      """;

  private VerificationChain() {}

  /// Commits the chain as a whole.
  ///
  /// @param connection with no open transaction
  /// @return the id of the chain
  static UUID write(Connection connection, RecordHash hash, Verification verification)
      throws SQLException {
    UUID chain = UUID.randomUUID();
    connection.setReadOnly(false);
    ChainHead head = ChainHead.START;
    try (PreparedStatement append = connection.prepareStatement(APPEND)) {
      for (AuditEvent event : verification.events()) {
        ChainedRecord record = hash.next(chain, head, event);
        append.setObject(1, chain);
        append.setLong(2, record.sequence());
        append.setObject(3, RecordColumns.time(event.time()));
        append.setBytes(4, record.previousHash());
        append.setBytes(5, record.hash());
        append.setString(6, event.action());
        append.setString(7, event.detail().destination());
        append.setString(8, event.outcome().name());
        append.setString(9, event.reason());
        append.setLong(10, event.refersTo());
        append.executeUpdate();
        head = new ChainHead(record.sequence(), record.hash());
      }
      open(connection, hash, chain, head, verification.events().getLast().time());
      connection.commit();
      return chain;
    } catch (SQLException e) {
      connection.rollback();
      throw e;
    }
  }

  private static void open(
      Connection connection, RecordHash hash, UUID chain, ChainHead head, Instant time)
      throws SQLException {
    try (PreparedStatement open = connection.prepareStatement(OPEN)) {
      open.setObject(1, chain);
      open.setString(2, hash.keyId());
      open.setObject(3, RecordColumns.time(time));
      open.setLong(4, head.sequence());
      open.setBytes(5, head.hash());
      open.setObject(6, RecordColumns.time(time));
      open.executeUpdate();
    }
  }
}
