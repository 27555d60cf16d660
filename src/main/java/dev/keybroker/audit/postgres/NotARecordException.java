package dev.keybroker.audit.postgres;

/// Thrown for a row of `audit_record` that a broker never writes. The message has the column and
/// the reason, but never the value.
final class NotARecordException extends RuntimeException {
  NotARecordException(String message) {
    super(message, null, false, false);
  }
}
