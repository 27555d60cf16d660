package dev.keybroker.access;

/// Thrown if an access file cannot be read or is not valid. The message names the line and the
/// field.
public final class AccessFileException extends Exception {
  AccessFileException(String message) {
    super(message);
  }
}
