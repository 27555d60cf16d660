/// Owns keystores: their settings, their life (test, save, rotate, history) and the generation of
/// their KEKs.
///
/// May use `kek`, `kms`, `crypto`, `access`, `audit` and `telemetry`; the adapter lives in
/// `keystore.postgres`.
@NullMarked
package dev.keybroker.keystore;

import org.jspecify.annotations.NullMarked;
