package dev.keybroker.audit;

/// How calls of a kind are recorded.
public enum AuditMode {
  /// Not at all.
  OFF,
  /// Soon after the answer. Never makes a call wait; what does not fit into memory while PostgreSQL
  /// is away is lost, and counted.
  ASYNC,
  /// Before the answer: it is released once the record is committed, or not at all.
  DURABLE
}
