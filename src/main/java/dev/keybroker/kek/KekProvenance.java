package dev.keybroker.kek;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// The columns of a KEK's row that an unwrap does not need. With them, a copy of the record is
/// enough to restore the row.
///
/// @param publicKey SubjectPublicKeyInfo, DER
/// @param createTime when its generation started
/// @param activeTime when it became ACTIVE
@SuppressWarnings("ArrayRecordComponent") // carried, never compared
public record KekProvenance(
    KekOrigin origin, byte[] publicKey, Instant createTime, @Nullable Instant activeTime) {}
