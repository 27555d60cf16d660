package dev.keybroker.audit;

import java.time.LocalDate;
import java.util.UUID;

/// A range of consecutive records of a chain that the retention has dropped with their day.
///
/// @param first the sequence number of the first record
/// @param last the sequence number of the last record
/// @param previousHash the hash of the record before the first
/// @param hash the hash of the last
/// @param day the day of their times, in UTC
@SuppressWarnings("ArrayRecordComponent") // carried, never compared
public record DroppedRange(
    UUID chain, long first, long last, byte[] previousHash, byte[] hash, LocalDate day) {}
