package dev.keybroker.grpc.transport;

import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The bytes of a call: those of its request that were read, compressed or not, whichever is more,
/// and those of its answer. Thread-safe.
final class CallBytes extends ServerStreamTracer {
  /// Returns the bytes of the current call.
  static final Context.Key<CallBytes> KEY = Context.key("keybroker.call-bytes");

  private final BytesInFlight all;
  private @Nullable AtomicLong ofConnection;
  private @Nullable Consumer<String> refusal;
  private long most = Long.MAX_VALUE;
  private long read;
  private long uncompressed;
  private long answered;
  private long settled;
  private long counted;
  private boolean ended;
  private @Nullable String exceeded;

  CallBytes(BytesInFlight all) {
    this.all = all;
  }

  /// Creates one instance for each call.
  static ServerStreamTracer.Factory factory(BytesInFlight all) {
    return new ServerStreamTracer.Factory() {
      @Override
      public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
        return new CallBytes(all);
      }
    };
  }

  @Override
  public Context filterContext(Context context) {
    return context.withValue(KEY, this);
  }

  /// Called before anything of the request is read.
  ///
  /// @param mostOfRequest the limit for the request of this call, independent of its connection
  /// @param refused ends the call if it exceeds a limit, which is its argument; called once, on any
  ///     thread
  synchronized void begin(
      AtomicLong bytesOfConnection, long mostOfRequest, Consumer<String> refused) {
    ofConnection = bytesOfConnection;
    most = mostOfRequest;
    refusal = refused;
  }

  /// The limit that the call exceeded; null if none.
  synchronized @Nullable String exceeded() {
    return exceeded;
  }

  @Override
  public synchronized void inboundWireSize(long bytes) {
    read += bytes;
    count(true);
  }

  @Override
  public synchronized void inboundUncompressedSize(long bytes) {
    uncompressed += bytes;
    count(true);
  }

  /// Counts an answer until it is sent. An answer is never refused, because its work is already
  /// done.
  @Override
  public synchronized void outboundWireSize(long bytes) {
    answered += bytes;
    count(false);
  }

  /// Ends the count of messages that were read and answered, while the call goes on.
  synchronized void answered(long bytes) {
    AtomicLong connection = ofConnection;
    if (connection != null && !ended) {
      long settling = Math.min(bytes, counted);
      all.add(connection, -settling);
      counted -= settling;
      settled += settling;
    }
  }

  @Override
  public synchronized void streamClosed(Status status) {
    ended = true;
    if (ofConnection != null) {
      all.add(ofConnection, -counted);
      counted = 0;
    }
  }

  private void count(boolean refusable) {
    AtomicLong connection = ofConnection;
    long due = Math.max(read, uncompressed) + answered - settled;
    if (connection == null || ended || due <= counted) {
      return;
    }
    all.add(connection, due - counted);
    counted = due;
    if (refusable && exceeded == null) {
      exceeded =
          Math.max(read, uncompressed) - settled > most ? "connection" : all.exceeded(connection);
      if (exceeded != null && refusal != null) {
        refusal.accept(exceeded);
      }
    }
  }
}
