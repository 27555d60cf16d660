package dev.keybroker.grpc;

import com.google.rpc.BadRequest;
import com.google.rpc.BadRequest.FieldViolation;
import java.util.List;
import java.util.regex.Pattern;

/// A request that breaks a rule of the contract. Never carries what was given.
final class RequestInvalid extends RuntimeException {
  /// How a description begins that continues a sentence about its field.
  private static final Pattern PREDICATE =
      Pattern.compile("(is|has|must|does|begins|ends|contains|names) ");

  private final String text;
  private final transient List<FieldViolation> violations;

  private RequestInvalid(String text, List<FieldViolation> violations) {
    super(text, null, false, false);
    this.text = text;
    this.violations = violations;
  }

  RequestInvalid(String field, String description) {
    this(List.of(violation(field, description)), 1);
  }

  /// The text names the first violation.
  ///
  /// @param violations the first ones, at most [FieldViolations#MOST]
  /// @param total how many there are
  RequestInvalid(List<FieldViolation> violations, int total) {
    this(
        text(violations.getFirst()) + (total > 1 ? "; " + (total - 1) + " more." : "."),
        violations);
  }

  /// A rule about the message as a whole.
  static RequestInvalid ofMessage(String description) {
    return new RequestInvalid(description + ".", List.of(violation("", description)));
  }

  private static FieldViolation violation(String field, String description) {
    return FieldViolation.newBuilder().setField(field).setDescription(description).build();
  }

  private static String text(FieldViolation violation) {
    String description = violation.getDescription();
    if (violation.getField().isEmpty()) {
      return "The request is invalid: " + description;
    }
    String field = "`" + violation.getField() + "`";
    return PREDICATE.matcher(description).lookingAt()
        ? field + " " + description
        : field + ": " + description;
  }

  ErrorStatus status() {
    return ErrorStatus.of(Reason.REQUEST_INVALID, text)
        .with(BadRequest.newBuilder().addAllFieldViolations(violations).build());
  }
}
