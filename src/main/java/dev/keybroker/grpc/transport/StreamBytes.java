package dev.keybroker.grpc.transport;

import java.util.function.LongConsumer;

/// Lets a stream report messages that no longer take memory, so that a long stream counts only what
/// it holds.
public final class StreamBytes {
  private StreamBytes() {}

  /// Returns the receiver of numbers of bytes that the call which is current on this thread has
  /// read and answered. Thread-safe.
  public static LongConsumer ofCurrentCall() {
    CallBytes bytes = CallBytes.KEY.get();
    if (bytes == null) {
      throw new IllegalStateException("a call whose bytes are not counted");
    }
    return bytes::answered;
  }
}
