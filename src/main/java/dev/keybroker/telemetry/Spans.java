package dev.keybroker.telemetry;

import dev.keybroker.concurrent.HandOff;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.Scope;
import io.smallrye.mutiny.Uni;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Creates spans for the broker's own work, below the span of the call. A span has a fixed name and
/// at most the type of a failure, but no key, DEK, context value or message. If tracing is off,
/// nothing runs or is allocated; if a call is not sampled, no span is created. Thread-safe.
public final class Spans {
  /// A read of a KEK record, through all its tiers.
  public static final String KEK_READ = "keybroker.kek.read";

  /// A call of KMS or STS with its retries; `.` and the operation follow.
  public static final String KMS = "keybroker.kms";

  /// The cryptographic part of a wrap or an unwrap; `.wrap` or `.unwrap` follows.
  public static final String CRYPTO = "keybroker.crypto";

  /// The wait for the audit record of a call.
  public static final String AUDIT = "keybroker.audit";

  private static final String INSTRUMENTATION = "dev.keybroker";
  private static final String ERROR_TYPE = "error.type";

  private final @Nullable Tracer tracer;

  private Spans(@Nullable Tracer tracer) {
    this.tracer = tracer;
  }

  /// Traces nothing.
  public static Spans off() {
    return new Spans(null);
  }

  public static Spans of(OpenTelemetry openTelemetry) {
    return new Spans(openTelemetry.getTracer(INSTRUMENTATION));
  }

  /// Whether calls are traced at all.
  public boolean areOn() {
    return tracer != null;
  }

  /// Creates a span around each subscription to the work, as a child of the current span. What
  /// follows the work runs in the previous context, on any thread.
  public <T> Uni<T> around(String name, Uni<T> work) {
    Tracer using = tracer;
    if (using == null) {
      return work;
    }
    return Uni.createFrom().deferred(() -> around(using, name, Context.current(), work));
  }

  /// Creates a span around each subscription to the work, below this place in a trace.
  public <T> Uni<T> around(String name, Trace place, Uni<T> work) {
    return tracer == null ? work : around(tracer, name, place.context(), work);
  }

  private static <T> Uni<T> around(Tracer tracer, String name, Context parent, Uni<T> work) {
    return Span.fromContext(parent).isRecording()
        ? HandOff.of(answer -> run(tracer, name, work, parent, answer))
        : work;
  }

  private static <T> void run(
      Tracer tracer, String name, Uni<T> work, Context parent, HandOff<T> answer) {
    Span span = start(tracer, name, parent);
    try (Scope ignored = parent.with(span).makeCurrent()) {
      var subscription =
          work.subscribe()
              .with(
                  item -> {
                    span.end();
                    in(parent, () -> answer.complete(item));
                  },
                  failure -> {
                    fail(span, failure);
                    in(parent, () -> answer.fail(failure));
                  });
      // This has no effect after the end.
      answer.onEnd(
          () -> {
            subscription.cancel();
            span.end();
          });
    }
  }

  private static void in(Context context, Runnable what) {
    try (Scope ignored = context.makeCurrent()) {
      what.run();
    }
  }

  private static Span start(Tracer tracer, String name, Context parent) {
    return tracer.spanBuilder(name).setParent(parent).setSpanKind(SpanKind.INTERNAL).startSpan();
  }

  private static void fail(Span span, Throwable failure) {
    span.setStatus(StatusCode.ERROR);
    span.setAttribute(ERROR_TYPE, failure.getClass().getSimpleName());
    span.end();
  }

  /// Creates a span around work on this thread.
  public <T extends @Nullable Object, E extends Exception> T around(String name, Work<T, E> work)
      throws E {
    if (tracer == null || !Span.current().isRecording()) {
      return work.run();
    }
    Span span = start(tracer, name, Context.current());
    try {
      T result = work.run();
      span.end();
      return result;
    } catch (Throwable failure) {
      fail(span, failure);
      throw failure;
    }
  }

  /// Wraps work for another thread, so that it runs in the current context.
  public <T> Supplier<T> carried(Supplier<T> work) {
    return tracer == null ? work : Context.current().wrapSupplier(work);
  }

  /// The work inside a span.
  public interface Work<T extends @Nullable Object, E extends Exception> {
    T run() throws E;
  }
}
