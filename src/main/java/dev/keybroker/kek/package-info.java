/// Owns what the data plane reads of key encryption keys (KEKs): their records, the tiers that
/// records are read from (memory, Redis, PostgreSQL), and the decrypted private keys in this
/// process's memory.
///
/// May use `crypto`, `kms`, `concurrent` and `telemetry`; adapters live in `kek.redis` and, with
/// the owner of the tables, in `keystore.postgres`.
@NullMarked
package dev.keybroker.kek;

import org.jspecify.annotations.NullMarked;
