/// Owns the audit trail: what a record says, the hash chain, and that nothing that must be on
/// record is answered before it is.
///
/// May use `access`, `crypto`, resource names of `kek` and `telemetry`.
@NullMarked
package dev.keybroker.audit;

import org.jspecify.annotations.NullMarked;
