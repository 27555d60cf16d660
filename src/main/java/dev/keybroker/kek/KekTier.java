package dev.keybroker.kek;

/// One of the tiers that KEK records are read from: memory, Redis or PostgreSQL. A tier asks the
/// next one for what it does not hold. Thread-safe; a retry is always safe.
public interface KekTier extends ActiveKeks, KekRecords {}
