package dev.keybroker.audit;

import java.util.UUID;

/// The position of a record: its chain and sequence number.
///
/// @param sequence starts at 1
public record Place(UUID chain, long sequence) {}
