package dev.keybroker.audit;

import java.util.UUID;

/// Where a record stands.
///
/// @param sequence from 1 on
public record Place(UUID chain, long sequence) {}
