package dev.keybroker.audit;

import java.time.Instant;
import java.util.UUID;

/// How much of a chain was delivered.
///
/// @param sequence the last record that was delivered; 0 if none
/// @param time its time, or the start of the chain
/// @param head the last record of the chain when the cursor was read
public record DeliveryCursor(UUID chain, long sequence, Instant time, long head) {}
