/// Owns the rows of tenants, keystores and KEKs in PostgreSQL: the control plane's changes of them,
/// and the tier from which the data plane reads them.
///
/// May use `keystore`, `kek` and `postgres`.
@NullMarked
package dev.keybroker.keystore.postgres;

import org.jspecify.annotations.NullMarked;
