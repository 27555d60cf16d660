package dev.keybroker.kek;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// What a KEK's row holds beyond what an unwrap needs. With it a copy of the record is enough to
/// write the row again.
///
/// @param publicKey SubjectPublicKeyInfo, DER
/// @param createTime when its generation began
/// @param activeTime when it became ACTIVE
@SuppressWarnings("ArrayRecordComponent") // carried, never compared
public record KekProvenance(
    KekOrigin origin, byte[] publicKey, Instant createTime, @Nullable Instant activeTime) {}
