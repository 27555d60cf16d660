package dev.keybroker.audit;

import java.time.Instant;
import java.util.List;
import java.util.UUID;

/// A copy of the records outside the log. Never blocks and never fails.
public interface AuditStream extends AutoCloseable {
  /// A stream that drops everything.
  AuditStream NONE =
      new AuditStream() {
        @Override
        public void committed(List<ChainedRecord> records) {}

        @Override
        public void lost(AuditEvent event) {}

        @Override
        public void checkpoint(UUID chain, ChainHead head, Instant time) {}

        @Override
        public void close() {}
      };

  void committed(List<ChainedRecord> records);

  /// Writes an event that is in no chain.
  void lost(AuditEvent event);

  void checkpoint(UUID chain, ChainHead head, Instant time);

  @Override
  void close();
}
