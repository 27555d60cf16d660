package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.keybroker.policy.Access;
import dev.keybroker.policy.Requester;
import java.io.IOException;

/// AWS JSON 1.1, as KMS uses it: the operation stands in `X-Amz-Target`.
final class KmsProtocol implements WireProtocol {

  private static final String TARGET = "TrentService.";
  private static final String CONTENT_TYPE = "application/x-amz-json-1.1";

  private final KmsService service;
  private final KeyTarget target;

  KmsProtocol(KmsService service) {
    this.service = service;
    this.target = service.target();
  }

  @Override
  public String operation(HttpRequest request) {
    String header = request.header("X-Amz-Target");
    return header != null && header.startsWith(TARGET) ? header.substring(TARGET.length()) : "";
  }

  @Override
  public boolean takesUnsigned(String operation) {
    return false;
  }

  @Override
  public WireCall read(HttpRequest request, Requester caller, String region, String requestId) {
    ObjectNode body;
    try {
      body = request.body().length == 0 ? Json.object() : Json.parse(request.body());
    } catch (IOException e) {
      throw new AwsException("SerializationException", "");
    }
    KmsRequest call = new KmsRequest(caller, region, operation(request), body);
    String key = target.of(call);
    return new WireCall(
        CallSubject.of(call.operation(), call.region(), caller, key == null ? "" : key),
        () -> Reply.json(200, CONTENT_TYPE, service.call(call)));
  }

  @Override
  public Reply error(AwsException error, String requestId) {
    ObjectNode body = Json.object().put("__type", error.code());
    if (!error.text().isEmpty()) {
      body.put("message", error.text());
    }
    return Reply.json(error.status(), CONTENT_TYPE, body);
  }

  @Override
  public AwsException fault(Fault.Kind kind, CallSubject subject) {
    return switch (kind) {
      case THROTTLING -> KmsErrors.throttled();
      case DEPENDENCY_TIMEOUT ->
          new AwsException(
              "DependencyTimeoutException",
              500,
              "The system timed out while trying to fulfill the request. You can retry the"
                  + " request.");
      case UNAVAILABLE ->
          new AwsException(
              "ServiceUnavailable",
              503,
              "The request has failed due to a temporary failure of the server.");
      case ACCESS_DENIED ->
          KmsErrors.accessDenied(
              "User: %s is not authorized to perform: kms:%s on resource: %s%s"
                  .formatted(
                      subject.caller(),
                      subject.operation(),
                      subject.resource(),
                      Access.DENIED_BY_RESOURCE_POLICY.reason("")));
      default ->
          new AwsException(
              "KMSInternalException",
              500,
              "The request was rejected because an internal exception occurred. The request can be"
                  + " retried.");
    };
  }
}
