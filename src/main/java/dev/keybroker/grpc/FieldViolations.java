package dev.keybroker.grpc;

import build.buf.protovalidate.Violation;
import build.buf.validate.FieldPath;
import build.buf.validate.FieldPathElement;
import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.OneofDescriptor;
import com.google.protobuf.Duration;
import com.google.protobuf.MapEntry;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import com.google.protobuf.util.Durations;
import com.google.protobuf.util.Timestamps;
import com.google.rpc.BadRequest.FieldViolation;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/// Describes the violations of a message: each field's path, what kind of value was given, and what
/// it must be. The description never contains given text or bytes, nor keys or values of the
/// encryption context.
final class FieldViolations {
  /// The number that fits into the trailers of a call. A hostile request can have a violation for
  /// each byte.
  static final int MOST = 8;

  private FieldViolations() {}

  /// Returns the first violations.
  static List<FieldViolation> of(Message message, List<Violation> violations) {
    return violations.stream().limit(MOST).map(violation -> of(message, violation)).toList();
  }

  private static FieldViolation of(Message message, Violation violation) {
    FieldPath path = violation.toProto().getField();
    return FieldViolation.newBuilder()
        .setField(text(path))
        .setDescription(isOfPair(path) ? pair(message, violation) : description(message, violation))
        .build();
  }

  private static String text(FieldPath path) {
    StringBuilder text = new StringBuilder();
    for (FieldPathElement element : path.getElementsList()) {
      if (!text.isEmpty()) {
        text.append('.');
      }
      text.append(element.getFieldName());
      // Without the key of a map, because it is the caller's text.
      if (element.hasIndex()) {
        text.append('[').append(element.getIndex()).append(']');
      }
    }
    return text.toString();
  }

  private static boolean isOfPair(FieldPath path) {
    return path.getElementsCount() > 0
        && path.getElements(path.getElementsCount() - 1).hasStringKey();
  }

  private static String pair(Message message, Violation violation) {
    build.buf.validate.Violation proto = violation.toProto();
    List<FieldPathElement> path = proto.getField().getElementsList();
    String key = path.getLast().getStringKey();
    Map<String, String> pairs = pairs((Collection<?>) given(message, path));
    String given = proto.getForKey() ? key : pairs.getOrDefault(key, "");
    return "has a %s of %d bytes in pair %d of %d, counted in the order of the keys; %s"
        .formatted(
            proto.getForKey() ? "key" : "value",
            bytes(given),
            place(key, pairs.keySet()),
            pairs.size(),
            proto.getMessage());
  }

  /// Counts from 1 in unsigned UTF-8 byte order, as in the encoding of the encryption context. The
  /// order on the wire would not help the caller, because many clients write maps in random order.
  private static long place(String key, Set<String> keys) {
    byte[] bytes = utf8(key);
    return keys.stream().filter(other -> Arrays.compareUnsigned(utf8(other), bytes) <= 0).count();
  }

  private static Map<String, String> pairs(Collection<?> entries) {
    return entries.stream()
        .map(entry -> (MapEntry<?, ?>) entry)
        .collect(
            Collectors.toMap(entry -> (String) entry.getKey(), entry -> (String) entry.getValue()));
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static int bytes(String text) {
    return utf8(text).length;
  }

  private static String description(Message message, Violation violation) {
    build.buf.validate.Violation proto = violation.toProto();
    String must = must(proto.getMessage());
    Object given = given(message, proto.getField().getElementsList());
    return switch (proto.getRuleId()) {
      case "required" -> given instanceof OneofDescriptor oneof ? required(oneof) : "is required";
      case "string.pattern" -> TextForm.of((String) limit(violation)).describe((String) given);
      case "string.uuid" -> TextForm.UUID.describe((String) given);
      case "string.max_len" -> "is %d characters; %s".formatted(characters((String) given), must);
      case "string.max_bytes" -> "is %d bytes; %s".formatted(bytes((String) given), must);
      case "bytes.min_len", "bytes.max_len" ->
          "is %d bytes; %s".formatted(((ByteString) given).size(), must);
      case "map.max_pairs" ->
          "has %d pairs; must have at most %s"
              .formatted(((Collection<?>) given).size(), limit(violation));
      case "repeated.max_items" ->
          "has %d items; must have at most %s"
              .formatted(((Collection<?>) given).size(), limit(violation));
      case "enum.defined_only" ->
          "is %d; must be a value of the contract"
              .formatted(((EnumValueDescriptor) given).getNumber());
      default ->
          switch (given) {
            case Integer number -> "is %d; %s".formatted(number, must);
            case Duration duration -> "is %s; %s".formatted(Durations.toString(duration), must);
            case Timestamp time -> "is %s; %s".formatted(Timestamps.toString(time), must);
            default -> must;
          };
    };
  }

  private static int characters(String text) {
    return text.codePointCount(0, text.length());
  }

  private static String required(OneofDescriptor oneof) {
    return oneof.getFields().stream()
        .map(field -> "`" + field.getName() + "`")
        .collect(Collectors.joining(" or ", "is required: ", ""));
  }

  private static Object limit(Violation violation) {
    return Objects.requireNonNull(Objects.requireNonNull(violation.getRuleValue()).getValue());
  }

  private static String must(String rule) {
    return rule.replaceFirst("in list \\[(.*)]", "one of $1")
        .replaceFirst("greater than or equal to (.*) and less than or equal to ", "$1 to ");
  }

  /// Returns what the path leads to: the value of a field, or a oneof that is not set; the message
  /// itself if the path is empty.
  private static Object given(Message message, List<FieldPathElement> path) {
    Object given = message;
    for (FieldPathElement element : path) {
      Message holder = (Message) given;
      FieldDescriptor field = holder.getDescriptorForType().findFieldByName(element.getFieldName());
      if (field == null) {
        return oneof(holder.getDescriptorForType(), element.getFieldName());
      }
      given =
          element.hasIndex()
              ? holder.getRepeatedField(field, Math.toIntExact(element.getIndex()))
              : holder.getField(field);
    }
    return given;
  }

  private static OneofDescriptor oneof(Descriptor type, String name) {
    return type.getOneofs().stream()
        .filter(oneof -> oneof.getName().equals(name))
        .findFirst()
        .orElseThrow();
  }
}
