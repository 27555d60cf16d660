package dev.keybroker.grpc;

import build.buf.protovalidate.ValidationResult;
import build.buf.protovalidate.Validator;
import build.buf.protovalidate.ValidatorFactory;
import build.buf.protovalidate.Violation;
import build.buf.protovalidate.exceptions.ValidationException;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Checks messages against the constraints that the contract writes beside their fields.
/// Thread-safe.
@ApplicationScoped
class RequestValidation {
  private final Validator validator = ValidatorFactory.newBuilder().build();

  /// Why the message is refused, or null where it keeps all constraints.
  @Nullable RequestInvalid check(Message message) {
    return FastValidation.passes(message) ? null : checkAll(message);
  }

  /// As [#check(Message)], every constraint by protovalidate.
  @Nullable RequestInvalid checkAll(Message message) {
    // First, since protovalidate ends with an exception at some of these and passes others.
    List<BadRequest.FieldViolation> noTimes = TimeViolations.in(message);
    if (!noTimes.isEmpty()) {
      return new RequestInvalid(noTimes, noTimes.size());
    }
    ValidationResult result;
    try {
      result = validator.validate(message);
    } catch (ValidationException e) {
      throw new IllegalStateException("a constraint of the contract cannot be evaluated", e);
    }
    List<Violation> violations = result.getViolations();
    return violations.isEmpty()
        ? null
        : new RequestInvalid(FieldViolations.of(message, violations), violations.size());
  }
}
