package dev.keybroker.embedded.kms;

/// A refusal, with the error code, HTTP status and message text that AWS answers with.
final class AwsException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  private final String code;
  private final int status;

  AwsException(String code, int status, String message) {
    super(message, null, false, false);
    this.code = code;
    this.status = status;
  }

  /// A refusal with HTTP status 400, as most are.
  AwsException(String code, String message) {
    this(code, 400, message);
  }

  String code() {
    return code;
  }

  int status() {
    return status;
  }

  /// The message text; empty where AWS sends none.
  String text() {
    String message = getMessage();
    return message == null ? "" : message;
  }
}
