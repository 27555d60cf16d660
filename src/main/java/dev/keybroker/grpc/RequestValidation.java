package dev.keybroker.grpc;

import build.buf.protovalidate.ValidationResult;
import build.buf.protovalidate.Validator;
import build.buf.protovalidate.ValidatorFactory;
import build.buf.protovalidate.Violation;
import build.buf.protovalidate.exceptions.ValidationException;
import build.buf.validate.FieldPathElement;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.DateTimeException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Checks messages against the constraints that the contract writes beside their fields.
/// Thread-safe.
@ApplicationScoped
class RequestValidation {
  private final Validator validator = ValidatorFactory.newBuilder().build();

  /// Why the message is refused, or null where it keeps all constraints.
  @Nullable RequestRefused check(Message message) {
    return PlainlyValid.is(message) ? null : checkAll(message);
  }

  /// As [#check(Message)], every constraint by protovalidate.
  @Nullable RequestRefused checkAll(Message message) {
    ValidationResult result;
    try {
      result = validator.validate(message);
    } catch (ValidationException e) {
      throw new IllegalStateException("a constraint of the contract cannot be evaluated", e);
    } catch (DateTimeException | ArithmeticException e) {
      List<BadRequest.FieldViolation> violations = NoTime.in(message);
      if (violations.isEmpty()) {
        throw e;
      }
      return new RequestRefused(GrpcErrors.requestInvalid(violations));
    }
    if (result.isSuccess()) {
      return null;
    }
    List<BadRequest.FieldViolation> violations =
        result.getViolations().stream().map(RequestValidation::fieldViolation).toList();
    return new RequestRefused(GrpcErrors.requestInvalid(violations));
  }

  private static BadRequest.FieldViolation fieldViolation(Violation violation) {
    build.buf.validate.Violation proto = violation.toProto();
    StringBuilder path = new StringBuilder();
    for (FieldPathElement element : proto.getField().getElementsList()) {
      if (!path.isEmpty()) {
        path.append('.');
      }
      path.append(element.getFieldName());
      // Not the key of a map: that is the caller's text.
      if (element.hasIndex()) {
        path.append('[').append(element.getIndex()).append(']');
      }
    }
    return BadRequest.FieldViolation.newBuilder()
        .setField(path.toString())
        .setDescription(proto.getMessage())
        .build();
  }
}
