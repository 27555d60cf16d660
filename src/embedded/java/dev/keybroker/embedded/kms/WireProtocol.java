package dev.keybroker.embedded.kms;

import java.util.function.Supplier;

/// How a service reads requests and words answers. Implementations are thread-safe.
interface WireProtocol {

  /// The operation that the request names; empty where it names none.
  String operation(HttpRequest request);

  /// Reads the request of an authenticated caller.
  ///
  /// @throws AwsException where it cannot be read
  WireCall read(HttpRequest request, Caller caller, Signature signature, String requestId);

  Reply error(AwsException error, String requestId);

  /// The error that a fault of this kind answers with.
  AwsException fault(Fault.Kind kind, CallSubject subject);

  /// A call that was read: what it is about, and how to carry it out.
  record WireCall(CallSubject subject, Supplier<Reply> run) {}
}
