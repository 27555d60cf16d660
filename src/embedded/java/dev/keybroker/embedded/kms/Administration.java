package dev.keybroker.embedded.kms;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// The local administration under `/_local`: JSON over HTTP, without authentication, for what
/// AWS has no API for. [LocalKms] documents it.
final class Administration {

  static final String PATH = "/_local";

  private static final String CONTENT_TYPE = "application/json";

  private final Provisioning provisioning;
  private final Faults faults;
  private final Calls calls;

  Administration(Provisioning provisioning, Faults faults, Calls calls) {
    this.provisioning = provisioning;
    this.faults = faults;
    this.calls = calls;
  }

  Reply handle(HttpRequest request) {
    try {
      String path = request.uri().getPath().substring(PATH.length());
      ObjectNode body = request.body().length == 0 ? Json.object() : Json.parse(request.body());
      JsonNode answer = route(request.method() + " " + path, body);
      return answer == null
          ? error(404, "no such resource: " + request.method() + " " + PATH + path)
          : Reply.json(200, CONTENT_TYPE, answer);
    } catch (AwsException e) {
      return error(e.status(), e.code() + ": " + e.text());
    } catch (IOException | IllegalArgumentException e) {
      return error(400, String.valueOf(e.getMessage()));
    }
  }

  private @Nullable JsonNode route(String route, ObjectNode body) {
    return switch (route) {
      case "GET /health" -> Json.object().put("status", "UP");
      case "POST /principals" -> principal(body);
      case "POST /keys" -> awsManagedKey(body);
      case "GET /calls" -> Json.tree(calls.all());
      case "DELETE /calls" -> {
        calls.reset();
        yield Json.object();
      }
      case "GET /faults" -> {
        ArrayNode list = Json.object().putArray("faults");
        faults.list().forEach(fault -> list.add(json(fault)));
        yield list;
      }
      case "POST /faults" -> json(faults.add(fault(body)));
      case "DELETE /faults" -> {
        faults.clear();
        yield Json.object();
      }
      default -> route.startsWith("DELETE /faults/") ? removeFault(route) : null;
    };
  }

  private ObjectNode principal(ObjectNode body) {
    LocalCredentials credentials =
        provisioning.principal(
            required(body, "account"), text(body, "name", "root"), text(body, "policy"));
    return Json.object()
        .put("account", credentials.account())
        .put("arn", credentials.arn())
        .put("accessKeyId", credentials.accessKeyId())
        .put("secretAccessKey", credentials.secretAccessKey());
  }

  private ObjectNode awsManagedKey(ObjectNode body) {
    return Json.object()
        .put(
            "arn",
            provisioning.awsManagedKey(
                required(body, "account"), required(body, "region"), required(body, "service")));
  }

  private @Nullable ObjectNode removeFault(String route) {
    String id = route.substring(route.lastIndexOf('/') + 1);
    for (ActiveFault fault : faults.list()) {
      if (fault.id().equals(id)) {
        fault.close();
        return Json.object();
      }
    }
    return null;
  }

  private static Fault fault(ObjectNode body) {
    return new Fault(
        Fault.Kind.valueOf(required(body, "kind")),
        text(body, "region"),
        text(body, "account"),
        text(body, "resource"),
        text(body, "operation"),
        text(body, "caller"),
        Duration.ofMillis(body.path("latencyMillis").asLong(0)),
        body.path("probability").asDouble(1),
        body.path("abovePerSecond").asInt(0),
        body.path("times").asLong(0));
  }

  private static ObjectNode json(ActiveFault active) {
    Fault fault = active.fault();
    return Json.object()
        .put("id", active.id())
        .put("kind", fault.kind().name())
        .put("region", fault.region())
        .put("account", fault.account())
        .put("resource", fault.resource())
        .put("operation", fault.operation())
        .put("caller", fault.caller())
        .put("latencyMillis", fault.latency().toMillis())
        .put("probability", fault.probability())
        .put("abovePerSecond", fault.abovePerSecond())
        .put("times", fault.times())
        .put("struck", active.struck());
  }

  private static Reply error(int status, String message) {
    return Reply.json(status, CONTENT_TYPE, Json.object().put("error", message));
  }

  private static String required(ObjectNode body, String member) {
    String value = text(body, member);
    if (value == null) {
      throw new IllegalArgumentException(member + " is missing");
    }
    return value;
  }

  private static String text(ObjectNode body, String member, String otherwise) {
    String value = text(body, member);
    return value == null ? otherwise : value;
  }

  /// The member as text; a policy may be given as JSON itself.
  private static @Nullable String text(ObjectNode body, String member) {
    JsonNode value = body.get(member);
    if (value == null || value.isNull()) {
      return null;
    }
    return value.isValueNode() ? value.asText() : value.toString();
  }
}
