package dev.keybroker.audit;

import java.time.LocalDate;
import java.util.UUID;

/// Records of a chain, without a gap between them, that the retention has dropped with their day.
///
/// @param first the sequence number of the first one
/// @param last the sequence number of the last one
/// @param previousHash the hash of the record before the first
/// @param hash the hash of the last
/// @param day the day of their times, in UTC
@SuppressWarnings("ArrayRecordComponent") // carried, never compared
public record DroppedRange(
    UUID chain, long first, long last, byte[] previousHash, byte[] hash, LocalDate day) {}
