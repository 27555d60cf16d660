package dev.keybroker.grpc;

/// A request that breaks a rule which its constraints cannot say. Never carries the value.
final class RequestInvalid extends RuntimeException {
  private final String field;
  private final String description;

  RequestInvalid(String field, String description) {
    super("request invalid: " + field, null, false, false);
    this.field = field;
    this.description = description;
  }

  String field() {
    return field;
  }

  String description() {
    return description;
  }
}
