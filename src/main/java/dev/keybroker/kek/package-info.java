/// Owns key encryption keys (KEKs): their records, where they are read (memory, Redis, PostgreSQL)
/// and the decrypted private keys in this process's memory.
///
/// May use `crypto`, `kms`, `concurrent` and `telemetry`; adapters live in `kek.postgres` and
/// `kek.redis`.
@NullMarked
package dev.keybroker.kek;

import org.jspecify.annotations.NullMarked;
