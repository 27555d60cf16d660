package dev.keybroker.crypto;

/// Thrown if a wrapped DEK was not made with this KEK and this encryption context, whatever the
/// reason.
///
/// It always has the same text, without stack trace and cause, so that it does not distinguish a
/// tampered tag from a wrong context or from bytes that are not a wrapped DEK at all.
public final class NotAuthenticException extends Exception {

  private static final long serialVersionUID = 1L;

  NotAuthenticException() {
    super("wrapped DEK is not authentic", null, false, false);
  }
}
