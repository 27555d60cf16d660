package dev.keybroker.audit;

import java.time.Instant;
import java.util.UUID;

/// A record's position in the order of lists: by time, then by chain and sequence number.
public record AuditCursor(Instant time, UUID chain, long sequence) {}
