/// Owns the tenants' and keystores' rows in PostgreSQL.
///
/// May use `keystore`, `kek` and `postgres`.
@NullMarked
package dev.keybroker.keystore.postgres;

import org.jspecify.annotations.NullMarked;
