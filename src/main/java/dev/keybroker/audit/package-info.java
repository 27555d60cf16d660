/// Owns the audit trail: the content of records, the hash chain, the rule that a call that must be
/// recorded is not answered before its record is committed, and the delivery to a stream.
///
/// May use `access`, `concurrent`, `crypto`, resource names of `kek` and `telemetry`.
@NullMarked
package dev.keybroker.audit;

import org.jspecify.annotations.NullMarked;
