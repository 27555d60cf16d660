/// Owns the use cases of the data plane: wrap, unwrap and rewrap a DEK, and the lane for
/// private-key operations.
///
/// May use `kek`, `kms`, `access`, `audit`, `crypto`, `concurrent` and `telemetry`.
@NullMarked
package dev.keybroker.dek;

import org.jspecify.annotations.NullMarked;
