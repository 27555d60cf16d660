package dev.keybroker.keystore;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// A failure of a keystore's root key, as its administrator reads it.
///
/// @param code the AWS error code
/// @param action the call that failed, e.g. `kms:Decrypt`
/// @param message what AWS reported
/// @param hint what to change
public record RootKeyError(
    String code,
    String action,
    String message,
    String hint,
    @Nullable String requestId,
    Instant time) {}
