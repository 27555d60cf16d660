package dev.keybroker.embedded.kms;

import dev.keybroker.policy.Requester;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A call of an STS or IAM operation by an authenticated caller.
record QueryRequest(Requester caller, String region, String operation, Map<String, String> form) {

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

  /// The values of a list, `{member}.member.1` and so on.
  List<String> list(String member) {
    return list(form, member);
  }

  /// The structures of a list, each with its members: `{member}.member.1.{name}` and so on.
  List<Map<String, String>> structures(String member) {
    List<Map<String, String>> structures = new ArrayList<>();
    for (int i = 1; ; i++) {
      String prefix = member + ".member." + i + ".";
      Map<String, String> structure = new HashMap<>();
      form.forEach(
          (name, value) -> {
            if (name.startsWith(prefix)) {
              structure.put(name.substring(prefix.length()), value);
            }
          });
      if (structure.isEmpty()) {
        return structures;
      }
      structures.add(structure);
    }
  }

  static List<String> list(Map<String, String> members, String member) {
    List<String> values = new ArrayList<>();
    for (int i = 1; ; i++) {
      String value = members.get(member + ".member." + i);
      if (value == null) {
        return values;
      }
      values.add(value);
    }
  }
}
