/// Owns keystores: their settings, their life (test, save, rotate, history) and the life of their
/// KEKs from the intent to the erasure.
///
/// May use `kek`, `kms`, `crypto`, `access`, `audit` and `telemetry`; the adapters live in
/// `keystore.postgres`.
@NullMarked
package dev.keybroker.keystore;

import org.jspecify.annotations.NullMarked;
