package dev.keybroker.access;

/// An access file that cannot be read, or that says something else than access. The message names
/// the line and the field.
public final class AccessFileException extends Exception {
  AccessFileException(String message) {
    super(message);
  }
}
