package dev.keybroker.embedded.kms;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpHandler;
import dev.keybroker.policy.Requester;
import java.io.IOException;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The one HTTP handler: authenticates, strikes with faults, calls the service that the
/// signature is for, counts, and answers.
final class Gateway implements HttpHandler {

  private final Authenticator authenticator;
  private final Map<String, WireProtocol> protocols;
  private final Faults faults;
  private final Calls calls;
  private final Administration administration;

  /// @param protocols by the service's name in the signature
  Gateway(
      Authenticator authenticator,
      Map<String, WireProtocol> protocols,
      Faults faults,
      Calls calls,
      Administration administration) {
    this.authenticator = authenticator;
    this.protocols = Map.copyOf(protocols);
    this.faults = faults;
    this.calls = calls;
    this.administration = administration;
  }

  @Override
  public void handle(HttpExchange exchange) throws IOException {
    // Closing an exchange that has no answer drops its connection.
    try (exchange) {
      HttpRequest request =
          new HttpRequest(
              exchange.getRequestMethod(),
              exchange.getRequestURI(),
              exchange.getRequestHeaders(),
              exchange.getRequestBody().readAllBytes());
      String requestId = UUID.randomUUID().toString();
      Reply reply =
          request.uri().getPath().startsWith(Administration.PATH)
              ? administration.handle(request)
              : serve(request, requestId);
      if (reply != null) {
        exchange.getResponseHeaders().set("Content-Type", reply.contentType());
        exchange.getResponseHeaders().set("x-amzn-RequestId", requestId);
        exchange.sendResponseHeaders(reply.status(), reply.body().length);
        exchange.getResponseBody().write(reply.body());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /// The answer; null if there must be none.
  private @Nullable Reply serve(HttpRequest request, String requestId) throws InterruptedException {
    Signature signature = Signature.of(request);
    WireProtocol protocol = protocol(request, signature);
    String operation = protocol.operation(request);
    String resource = "";
    try {
      Requester caller;
      if (signature != null) {
        caller = authenticator.authenticate(request, signature);
      } else if (protocol.takesUnsigned(operation)) {
        caller = authenticator.anonymous(request);
      } else {
        throw AuthenticationErrors.of(request.header("X-Amz-Target") == null ? "sts" : "kms")
            .missing();
      }
      WireProtocol.WireCall call =
          protocol.read(request, caller, signature == null ? "" : signature.region(), requestId);
      resource = call.subject().resource();
      Fault.Kind fault = faults.strike(call.subject());
      switch (fault) {
        case LATENCY -> {
          Reply reply = call.run().get();
          calls.record(operation, resource, Calls.OK);
          return reply;
        }
        case CONNECTION_RESET, HANG -> {
          calls.record(operation, resource, fault.name());
          return null;
        }
        case GARBAGE -> {
          calls.record(operation, resource, fault.name());
          return Reply.garbage();
        }
        default -> throw protocol.fault(fault, call.subject());
      }
    } catch (AwsException e) {
      calls.record(operation, resource, e.code());
      return protocol.error(e, requestId);
    }
  }

  private WireProtocol protocol(HttpRequest request, @Nullable Signature signature) {
    String service =
        signature != null
            ? signature.service()
            : request.header("X-Amz-Target") == null ? "sts" : "kms";
    WireProtocol protocol = protocols.get(service);
    return protocol == null ? Objects.requireNonNull(protocols.get("sts")) : protocol;
  }
}
