package dev.keybroker.audit;

/// A granted call that is on record, before its answer is sent.
public interface OnRecord {
  /// Records that the answer was not released after all. Only the first call has an effect.
  void withhold(String reason);
}
