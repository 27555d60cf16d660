/// Owns the tenants', keystores' and KEKs' rows in PostgreSQL: the control plane's changes of them,
/// and the tier from which the data plane reads them.
///
/// May use `keystore`, `kek` and `postgres`.
@NullMarked
package dev.keybroker.keystore.postgres;

import org.jspecify.annotations.NullMarked;
