package dev.keybroker.embedded.kms;

import dev.keybroker.policy.Requester;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/// The AWS Query protocol, as STS and IAM use it: a form in, XML out.
final class QueryProtocol implements WireProtocol {

  private final String namespace;
  private final Map<String, QueryOperation> operations;

  QueryProtocol(String namespace, Map<String, QueryOperation> operations) {
    this.namespace = namespace;
    this.operations = Map.copyOf(operations);
  }

  @Override
  public String operation(HttpRequest request) {
    return form(request).getOrDefault("Action", "");
  }

  @Override
  public boolean takesUnsigned(String operation) {
    return operation.equals(WebIdentityOperation.NAME);
  }

  @Override
  public WireCall read(HttpRequest request, Requester caller, String region, String requestId) {
    Map<String, String> form = form(request);
    String name = form.getOrDefault("Action", "");
    QueryOperation operation = operations.get(name);
    if (operation == null) {
      throw new AwsException(
          "InvalidAction", "Could not find operation " + name + " for this service");
    }
    QueryRequest call = new QueryRequest(caller, region, name, form);
    return new WireCall(
        CallSubject.of(name, call.region(), caller, form.getOrDefault("RoleArn", "")),
        () -> Reply.xml(200, Xml.answer(name, namespace, operation.call(call), requestId)));
  }

  @Override
  public Reply error(AwsException error, String requestId) {
    return Reply.xml(error.status(), Xml.error(namespace, error, requestId));
  }

  @Override
  public AwsException fault(Fault.Kind kind, CallSubject subject) {
    return switch (kind) {
      case THROTTLING -> new AwsException("Throttling", "Rate exceeded");
      case UNAVAILABLE ->
          new AwsException(
              "ServiceUnavailable",
              503,
              "The request has failed due to a temporary failure of the server.");
      case ACCESS_DENIED ->
          new AwsException(
              "AccessDenied",
              403,
              "User: %s is not authorized to perform: sts:%s on resource: %s"
                  .formatted(subject.caller(), subject.operation(), subject.resource()));
      default ->
          new AwsException(
              "InternalFailure",
              500,
              "The request processing has failed because of an unknown error, exception or"
                  + " failure.");
    };
  }

  private static Map<String, String> form(HttpRequest request) {
    Map<String, String> form = new HashMap<>();
    for (String pair : new String(request.body(), StandardCharsets.UTF_8).split("&", -1)) {
      int equals = pair.indexOf('=');
      if (equals > 0) {
        form.put(decode(pair.substring(0, equals)), decode(pair.substring(equals + 1)));
      }
    }
    return form;
  }

  private static String decode(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }
}
