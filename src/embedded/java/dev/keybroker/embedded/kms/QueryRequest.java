package dev.keybroker.embedded.kms;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A call of an STS or IAM operation by an authenticated caller.
record QueryRequest(Caller caller, String region, String operation, Map<String, String> form) {

  @Nullable String text(String member) {
    return form.get(member);
  }

  String required(String member) {
    String value = form.get(member);
    if (value == null) {
      throw new AwsException(
          "ValidationError",
          "1 validation error detected: Value null at '"
              + member
              + "' failed to satisfy constraint: Member must not be null");
    }
    return value;
  }

  int number(String member, int otherwise) {
    String value = form.get(member);
    try {
      return value == null ? otherwise : Integer.parseInt(value);
    } catch (NumberFormatException e) {
      throw new AwsException("MalformedInput", member + " is not a number");
    }
  }
}
