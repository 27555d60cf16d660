/// Owns what the brokers share of KEKs in Redis: records under a MAC, and the announcement of
/// changes.
///
/// May use `kek`, `kms`, `crypto` and `telemetry`. Redis is not trusted: it can make the broker
/// slow, never wrong.
@NullMarked
package dev.keybroker.kek.redis;

import org.jspecify.annotations.NullMarked;
