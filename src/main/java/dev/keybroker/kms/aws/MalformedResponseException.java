package dev.keybroker.kms.aws;

/// An answer of AWS that lacks what it should hold. Says nothing of what it does hold.
final class MalformedResponseException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  MalformedResponseException() {
    super("malformed response", null, false, false);
  }
}
