package dev.keybroker.audit;

import java.util.UUID;

/// An event at its place in a chain.
///
/// @param sequence from 1 on, without gaps
/// @param previousHash of the record before; 32 zero bytes for the first
/// @param hash over all of the above and the event ([RecordHash])
@SuppressWarnings("ArrayRecordComponent") // carried, never compared
public record ChainedRecord(
    UUID chain, long sequence, byte[] previousHash, AuditEvent event, byte[] hash) {}
