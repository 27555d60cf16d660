package dev.keybroker.grpc;

import build.buf.validate.ValidateProto;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Duration;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import com.google.protobuf.util.Durations;
import com.google.protobuf.util.Timestamps;
import com.google.rpc.BadRequest.FieldViolation;
import java.util.ArrayList;
import java.util.List;

/// Finds the fields of type Timestamp or Duration whose numbers are no time. The contract of these
/// types allows only normalised values within 10,000 years, but the wire format carries any
/// numbers.
///
/// Fields without a constraint are skipped: they are output only, and ignored on input.
final class TimeViolations {
  private static final int MAX_NANOS = 999_999_999;

  private TimeViolations() {}

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
                check(field, (Message) value, path + field.getName(), found);
              }
            });
  }

  private static void check(
      FieldDescriptor field, Message value, String path, List<FieldViolation> found) {
    switch (value) {
      case Timestamp time -> {
        if (isInput(field) && !Timestamps.isValid(time)) {
          found.add(violation(path, wrong(time), "must be a time of the years 1 to 9999"));
        }
      }
      case Duration duration -> {
        if (isInput(field) && !Durations.isValid(duration)) {
          found.add(violation(path, wrong(duration), "must be a normalised duration"));
        }
      }
      default -> find(value, path + ".", found);
    }
  }

  private static boolean isInput(FieldDescriptor field) {
    return field.getOptions().hasExtension(ValidateProto.field);
  }

  private static String wrong(Timestamp time) {
    return Timestamps.isValid(time.getSeconds(), 0)
        ? "has nanos out of 0 to 999999999"
        : "has seconds of another year";
  }

  private static String wrong(Duration duration) {
    if (Math.abs((long) duration.getNanos()) > MAX_NANOS) {
      return "has nanos out of -999999999 to 999999999";
    }
    return Long.signum(duration.getSeconds()) * Integer.signum(duration.getNanos()) < 0
        ? "has seconds and nanos of different signs"
        : "has seconds of more than 10000 years";
  }

  private static FieldViolation violation(String path, String wrong, String must) {
    return FieldViolation.newBuilder().setField(path).setDescription(wrong + "; " + must).build();
  }
}
