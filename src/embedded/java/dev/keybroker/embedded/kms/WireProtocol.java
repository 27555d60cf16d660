package dev.keybroker.embedded.kms;

import dev.keybroker.policy.Requester;
import java.util.function.Supplier;

/// How a service reads requests and words answers. Implementations are thread-safe.
interface WireProtocol {

  /// The operation that the request names; empty where it names none.
  String operation(HttpRequest request);

  /// Whether an operation is called without a signature.
  boolean takesUnsigned(String operation);

  /// Reads the request of an authenticated caller.
  ///
  /// @param region the region that the request is signed for; empty if it is not signed
  /// @throws AwsException where it cannot be read
  WireCall read(HttpRequest request, Requester caller, String region, String requestId);

  Reply error(AwsException error, String requestId);

  /// The error that a fault of this kind answers with.
  AwsException fault(Fault.Kind kind, CallSubject subject);

  /// A call that was read: what it is about, and how to carry it out.
  record WireCall(CallSubject subject, Supplier<Reply> run) {}
}
