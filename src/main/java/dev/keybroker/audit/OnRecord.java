package dev.keybroker.audit;

/// A granted call that is on record, before its answer goes out.
public interface OnRecord {
  /// Puts on record that the answer was not released after all. Only the first call counts.
  void withhold(String reason);
}
