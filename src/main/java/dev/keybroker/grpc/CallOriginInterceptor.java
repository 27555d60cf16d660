package dev.keybroker.grpc;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.access.AccessTokens;
import dev.keybroker.access.Authentication;
import dev.keybroker.access.AuthenticationFailure;
import dev.keybroker.access.Caller;
import dev.keybroker.access.CertificateIdentity;
import dev.keybroker.grpc.transport.CallThread;
import dev.keybroker.grpc.transport.Connection;
import dev.keybroker.telemetry.Spans;
import dev.keybroker.telemetry.Trace;
import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;

/// Authenticates the caller of each call, and puts the call's origin into its context. Rejects
/// callers that cannot prove their identity.
///
/// If a call has both a token and a client certificate, the token identifies the caller: the
/// certificate may belong to a proxy or node that carries the calls of many callers, but the token
/// was issued for this one. If the token is not valid, the call is rejected even with a valid
/// certificate.
@Singleton
class CallOriginInterceptor {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
  private static final String SCHEME = "Bearer ";
  private static final String HEALTH = "grpc.health.v1.Health";

  private final Authentication authentication;
  private final Ticker ticker;
  private final Trace trace;

  CallOriginInterceptor(Authentication authentication, Ticker ticker, Spans spans) {
    this.authentication = authentication;
    this.ticker = ticker;
    this.trace = spans.areOn() ? Trace.UNREAD : Trace.NONE;
  }

  <Q, A> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
    Connection connection = Connection.of(call);
    if (!authentication.isRequired()
        || HEALTH.equals(call.getMethodDescriptor().getServiceName())) {
      return enter(Caller.ANONYMOUS, connection, call, headers, next);
    }
    AccessTokens tokens = authentication.tokens();
    String authorization = tokens == null ? null : headers.get(AUTHORIZATION);
    if (tokens == null || authorization == null) {
      return enterByCertificate(connection, call, headers, next);
    }
    Caller known = connection.callerOf(authorization, ticker.read());
    if (known != null) {
      return enter(known, connection, call, headers, next);
    }
    if (!authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
      return refuse(new AuthenticationFailure.TokenInvalid(), call);
    }
    Uni<Caller> caller =
        tokens
            .verify(authorization.substring(SCHEME.length()).strip())
            .map(
                proven -> {
                  connection.remember(authorization, proven);
                  return proven.caller();
                });
    return enterLater(caller, connection, call, headers, next);
  }

  private <Q, A> ServerCall.Listener<Q> enterByCertificate(
      Connection connection,
      ServerCall<Q, A> call,
      Metadata headers,
      ServerCallHandler<Q, A> next) {
    return switch (connection.certificate()) {
      case CertificateIdentity.Named(Caller caller) ->
          enter(caller, connection, call, headers, next);
      case CertificateIdentity.None() ->
          refuse(new AuthenticationFailure.CredentialsMissing(), call);
      case CertificateIdentity.Unusable(String reason) ->
          refuse(new AuthenticationFailure.CertificateUnusable(reason), call);
    };
  }

  private <Q, A> ServerCall.Listener<Q> enter(
      Caller caller,
      Connection connection,
      ServerCall<Q, A> call,
      Metadata headers,
      ServerCallHandler<Q, A> next) {
    CallOrigin origin = new CallOrigin(caller, connection.peer(), trace);
    return Contexts.interceptCall(
        Context.current().withValue(CallOrigin.KEY, origin), call, headers, next);
  }

  private static <Q, A> ServerCall.Listener<Q> refuse(
      AuthenticationFailure failure, ServerCall<Q, A> call) {
    FailureStatus.answer(failure).end(call);
    return new ServerCall.Listener<>() {};
  }

  private <Q, A> ServerCall.Listener<Q> enterLater(
      Uni<Caller> caller,
      Connection connection,
      ServerCall<Q, A> call,
      Metadata headers,
      ServerCallHandler<Q, A> next) {
    WaitingListener<Q> waiting = new WaitingListener<>();
    Context context = Context.current();
    caller
        .emitOn(waiting.inOrder(CallThread.current()))
        .subscribe()
        .with(
            it -> context.run(() -> waiting.goOn(enter(it, connection, call, headers, next))),
            failure -> {
              waiting.goOn(new ServerCall.Listener<>() {});
              FailureStatus.answer(failure).end(call);
            });
    return waiting;
  }
}
