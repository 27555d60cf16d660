package dev.keybroker.kms.aws;

/// An answer from AWS that lacks something it must contain. Does not quote what it does contain.
final class MalformedResponseException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  MalformedResponseException() {
    super("malformed response", null, false, false);
  }
}
