package dev.keybroker.kek;

/// One tier of the way to a KEK's record: memory, Redis or PostgreSQL. A tier asks the next one for
/// what it does not hold. Thread-safe; a retry is always safe.
public interface KekTier extends ActiveKeks, KekRecords {}
