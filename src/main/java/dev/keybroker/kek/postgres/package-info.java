/// Owns the KEKs' rows in PostgreSQL.
///
/// May use `kek` and `postgres`.
@NullMarked
package dev.keybroker.kek.postgres;

import org.jspecify.annotations.NullMarked;
