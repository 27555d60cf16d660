package dev.keybroker.crypto;

/// A wrapped DEK that this KEK and this encryption context did not make, whatever the reason.
///
/// Always the same text, without stack trace and cause: nothing in it tells a tampered tag from a
/// wrong context or from bytes that are no wrapped DEK at all.
public final class NotAuthenticException extends Exception {

  private static final long serialVersionUID = 1L;

  NotAuthenticException() {
    super("wrapped DEK is not authentic", null, false, false);
  }
}
