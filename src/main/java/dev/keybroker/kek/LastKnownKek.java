package dev.keybroker.kek;

import dev.keybroker.kms.KmsFailure;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Says that a KEK is the last known one: its root key fails, or the stores do not answer for it.
///
/// @param age since the KEK's record was read in PostgreSQL
/// @param rootKeyAnswered whether this broker has an answer of KMS for the root key
/// @param rootKeyFailure how KMS failed for the root key when it was last asked; null where it did
///     not
public record LastKnownKek(
    Duration age, boolean rootKeyAnswered, KmsFailure.@Nullable Kind rootKeyFailure) {}
