package dev.keybroker.kek;

import dev.keybroker.crypto.WrappingKey;
import dev.keybroker.kms.KeyUse;
import java.time.Instant;

/// The public half of a keystore's ACTIVE KEK: all that a wrap needs.
///
/// @param rootKey the KMS key that encrypts the private half, as the keystore uses it
/// @param failClosed whether the keystore's wraps are refused where the root key fails
/// @param createTime when the KEK's generation began
/// @param readTime when PostgreSQL was read; wherever the record is cached, its age counts from
///     here
public record ActiveKek(
    KekName name,
    WrappingKey key,
    KeyUse rootKey,
    boolean failClosed,
    Instant createTime,
    Instant readTime)
    implements Dated {}
