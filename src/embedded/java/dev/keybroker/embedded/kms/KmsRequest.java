package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.keybroker.policy.Requester;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// A call of a KMS operation by an authenticated caller.
record KmsRequest(Requester caller, String region, String operation, ObjectNode body) {

  boolean has(String member) {
    return body.hasNonNull(member);
  }

  @Nullable String text(String member) {
    JsonNode value = body.get(member);
    return value == null || value.isNull() ? null : value.asText();
  }

  String text(String member, String otherwise) {
    String value = text(member);
    return value == null ? otherwise : value;
  }

  String required(String member) {
    String value = text(member);
    if (value == null) {
      throw KmsErrors.constraint(wireName(member), "Member must not be null");
    }
    return value;
  }

  boolean flag(String member) {
    return body.path(member).asBoolean(false);
  }

  int number(String member, int otherwise, int min, int max) {
    int value = body.path(member).asInt(otherwise);
    if (value < min) {
      throw KmsErrors.constraint(
          wireName(member), "Member must have value greater than or equal to " + min);
    }
    if (value > max) {
      throw KmsErrors.constraint(
          wireName(member), "Member must have value less than or equal to " + max);
    }
    return value;
  }

  byte[] blob(String member, int maxBytes) {
    byte[] value;
    try {
      value = Base64.getDecoder().decode(required(member));
    } catch (IllegalArgumentException e) {
      throw new AwsException("SerializationException", member + " is not base64");
    }
    if (value.length == 0) {
      throw KmsErrors.constraint(
          wireName(member), "Member must have length greater than or equal to 1");
    }
    if (value.length > maxBytes) {
      throw KmsErrors.constraint(
          wireName(member), "Member must have length less than or equal to " + maxBytes);
    }
    return value;
  }

  /// The pairs of a string map, sorted; empty where the member is absent.
  Map<String, String> pairs(String member) {
    return pairs(body.path(member));
  }

  static Map<String, String> pairs(JsonNode map) {
    Map<String, String> pairs = new TreeMap<>();
    map.properties().forEach(e -> pairs.put(e.getKey(), e.getValue().asText()));
    return pairs;
  }

  List<String> texts(String member) {
    List<String> values = new ArrayList<>();
    body.path(member).forEach(value -> values.add(value.asText()));
    return values;
  }

  /// Ends a request that asked for a dry run, once everything has been checked.
  void endDryRun() {
    if (flag("DryRun")) {
      throw KmsErrors.dryRun();
    }
  }

  private static String wireName(String member) {
    return member.substring(0, 1).toLowerCase(Locale.ROOT) + member.substring(1);
  }
}
