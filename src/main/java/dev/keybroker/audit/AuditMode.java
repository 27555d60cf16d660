package dev.keybroker.audit;

/// When calls of a kind are recorded.
public enum AuditMode {
  /// Never.
  OFF,
  /// Shortly after the answer. Calls never wait. Records that do not fit into memory while
  /// PostgreSQL is unavailable are lost and counted.
  ASYNC,
  /// Before the answer, which is released only after the record is committed.
  DURABLE
}
