package dev.keybroker.grpc.transport;

import dev.keybroker.telemetry.Metrics;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;

/// Counts the calls that their clients cancelled, or whose connections ended, before the answer was
/// sent.
final class AbandonedCalls extends ServerStreamTracer.Factory {
  private static final ServerStreamTracer NOTHING = new ServerStreamTracer() {};
  private static final String CONTRACT = "keybroker.";

  private final ServerStreamTracer counting;

  AbandonedCalls(MeterRegistry meters) {
    Counter abandoned = meters.counter(Metrics.CALLS_ABANDONED);
    this.counting =
        new ServerStreamTracer() {
          @Override
          public void streamClosed(Status status) {
            if (status.getCode() == Status.Code.CANCELLED) {
              abandoned.increment();
            }
          }
        };
  }

  @Override
  public ServerStreamTracer newServerStreamTracer(String fullMethodName, Metadata headers) {
    return fullMethodName.startsWith(CONTRACT) ? counting : NOTHING;
  }
}
