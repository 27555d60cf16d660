package dev.keybroker.grpc;

import build.buf.protovalidate.ValidationResult;
import build.buf.protovalidate.Validator;
import build.buf.protovalidate.ValidatorFactory;
import build.buf.protovalidate.Violation;
import build.buf.protovalidate.exceptions.ValidationException;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import jakarta.inject.Singleton;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Checks messages against the constraints in the contract. Thread-safe.
@Singleton
class RequestValidation {
  private final Validator validator = ValidatorFactory.newBuilder().build();

  /// Returns the reason why the message is refused, or null if it satisfies all constraints.
  @Nullable RequestInvalid check(Message message) {
    return FastValidation.passes(message) ? null : checkAll(message);
  }

  /// Like [#check(Message)], with protovalidate for every constraint.
  @Nullable RequestInvalid checkAll(Message message) {
    // Checked first, because protovalidate throws an exception for some of these and accepts
    // others.
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
