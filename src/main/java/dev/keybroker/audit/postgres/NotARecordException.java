package dev.keybroker.audit.postgres;

/// A row of `audit_record` that no broker writes. Says which column and why, never the value.
final class NotARecordException extends RuntimeException {
  NotARecordException(String message) {
    super(message, null, false, false);
  }
}
