/// Owns what the brokers share about KEKs in Redis: records protected by a MAC, and announcements
/// of changes.
///
/// May use `kek`, `kms`, `crypto`, `concurrent` and `telemetry`. Redis is not trusted: it can slow
/// the broker down, but not make it return wrong results.
@NullMarked
package dev.keybroker.kek.redis;

import org.jspecify.annotations.NullMarked;
