package dev.keybroker.audit;

import io.smallrye.mutiny.Uni;
import java.util.UUID;

/// A stream outside the broker that takes records of the audit trail.
public interface RecordStream extends AutoCloseable {
  /// No stream.
  RecordStream NONE =
      new RecordStream() {
        @Override
        public Uni<Void> put(UUID chain, byte[] lines) {
          throw new UnsupportedOperationException();
        }

        @Override
        public void close() {}
      };

  /// Appends lines to the stream, all or none, after all lines of this chain that an earlier call
  /// has appended. Fails with [DeliveryFailure]. The lines may then be in the stream, or come into
  /// it later.
  ///
  /// @param lines one JSON object a line, at most [AuditDelivery#LONGEST_PUT] bytes unless it is a
  ///     single line
  Uni<Void> put(UUID chain, byte[] lines);

  @Override
  void close();
}
