package dev.keybroker.keystore;

import java.time.Instant;
import java.util.UUID;

/// A position in a keystore's history of KEKs, which is sorted by time and then by id.
public record KekCursor(Instant createTime, UUID id) {}
