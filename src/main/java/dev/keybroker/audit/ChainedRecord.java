package dev.keybroker.audit;

import java.util.UUID;

/// An event at its position in a chain.
///
/// @param sequence starts at 1, without gaps
/// @param previousHash of the previous record; 32 zero bytes for the first
/// @param hash over all of the above and the event ([RecordHash])
@SuppressWarnings("ArrayRecordComponent") // carried, never compared
public record ChainedRecord(
    UUID chain, long sequence, byte[] previousHash, AuditEvent event, byte[] hash) {}
