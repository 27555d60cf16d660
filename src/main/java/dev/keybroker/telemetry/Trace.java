package dev.keybroker.telemetry;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.context.Context;
import org.jspecify.annotations.Nullable;

/// A call's place in its trace, to be passed on when the call continues on other threads.
/// Immutable.
public final class Trace {
  /// The value if tracing is off.
  public static final Trace NONE = new Trace(Context.root());

  /// The value if tracing is on, until [#current()] reads the trace.
  public static final Trace UNREAD = new Trace(Context.root());

  private final Context context;

  private Trace(Context context) {
    this.context = context;
  }

  /// Returns the trace of the code that runs on this thread.
  public static Trace current() {
    Context context = Context.current();
    return Span.fromContext(context).getSpanContext().isValid() ? new Trace(context) : NONE;
  }

  /// The trace's id, sampled or not: 32 hexadecimal digits (W3C Trace Context, section 3.2.2.3).
  /// Null if there is no trace.
  public @Nullable String id() {
    return this == NONE ? null : Span.fromContext(context).getSpanContext().getTraceId();
  }

  Context context() {
    return context;
  }
}
