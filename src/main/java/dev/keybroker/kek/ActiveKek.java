package dev.keybroker.kek;

import dev.keybroker.crypto.WrappingKey;
import java.time.Instant;

/// The public half of a keystore's ACTIVE KEK: all that a wrap needs.
///
/// @param createTime when the KEK's generation began
/// @param readTime when PostgreSQL was read; wherever the record is cached, its age counts from
///     here
public record ActiveKek(KekName name, WrappingKey key, Instant createTime, Instant readTime)
    implements Dated {}
