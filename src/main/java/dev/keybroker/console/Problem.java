package dev.keybroker.console;

import dev.keybroker.v1.KmsError;

/// A failed call to AWS, as a page shows it.
///
/// @param code the AWS error code, unchanged
/// @param hint what to do about it
record Problem(
    String code, String action, String message, String hint, String requestId, Moment time) {
  static Problem of(KmsError error) {
    return new Problem(
        error.getCode(),
        error.getAction(),
        error.getMessage(),
        error.getHint(),
        error.getRequestId(),
        Moment.of(error.getTime()));
  }
}
