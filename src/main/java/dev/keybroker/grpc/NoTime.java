package dev.keybroker.grpc;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Duration;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import com.google.protobuf.util.Durations;
import com.google.protobuf.util.Timestamps;
import com.google.rpc.BadRequest.FieldViolation;
import java.util.ArrayList;
import java.util.List;

/// Finds the fields of a message that hold no time although their type is one: a Timestamp or a
/// Duration carries any numbers, and protovalidate ends with an exception at those that Java has no
/// time for.
final class NoTime {
  private NoTime() {}

  static List<FieldViolation> in(Message message) {
    List<FieldViolation> found = new ArrayList<>();
    find(message, "", found);
    return found;
  }

  private static void find(Message message, String path, List<FieldViolation> found) {
    message
        .getAllFields()
        .forEach(
            (field, value) -> {
              if (!field.isRepeated() && field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
                check((Message) value, path + field.getName(), found);
              }
            });
  }

  private static void check(Message value, String path, List<FieldViolation> found) {
    switch (value) {
      case Timestamp time when !Timestamps.isValid(time) ->
          found.add(violation(path, "must be a time of the years 1 to 9999"));
      case Duration duration when !Durations.isValid(duration) ->
          found.add(violation(path, "must be a duration of at most 10000 years"));
      default -> find(value, path + ".", found);
    }
  }

  private static FieldViolation violation(String path, String description) {
    return FieldViolation.newBuilder().setField(path).setDescription(description).build();
  }
}
