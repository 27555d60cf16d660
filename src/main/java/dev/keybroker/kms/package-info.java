/// Owns the port to the key management service that encrypts private KEKs, and its failures.
///
/// May use `crypto`, `concurrent` and `telemetry`; the AWS adapter lives in `kms.aws`.
@NullMarked
package dev.keybroker.kms;

import org.jspecify.annotations.NullMarked;
