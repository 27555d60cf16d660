package dev.keybroker.kek;

import dev.keybroker.kms.KmsFailure;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// Marks a KEK as the last known one: its root key fails, or the stores do not answer.
///
/// @param age the time since the KEK's record was last known to be that of PostgreSQL
/// @param rootKeyAnswered whether this broker has an answer of KMS for the root key
/// @param rootKeyFailure KMS's last answer for the root key if that was a failure; null otherwise
public record LastKnownKek(
    Duration age, boolean rootKeyAnswered, KmsFailure.@Nullable Kind rootKeyFailure) {}
