package dev.keybroker.grpc.transport;

import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// The bytes of one call: as much of its request as was read, compressed or not, whichever is more,
/// and of its answer. Thread-safe.
final class CallBytes extends ServerStreamTracer {
  /// Of the call that is current.
  static final Context.Key<CallBytes> KEY = Context.key("keybroker.call-bytes");

  private final BytesInFlight all;
  private @Nullable AtomicLong ofConnection;
  private @Nullable Consumer<String> refusal;
  private long most = Long.MAX_VALUE;
  private long read;
  private long uncompressed;
  private long answered;
  private long counted;
  private boolean ended;
  private @Nullable String exceeded;

  CallBytes(BytesInFlight all) {
    this.all = all;
  }

  /// One for each call.
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

  /// Before anything of the request is read.
  ///
  /// @param mostOfRequest what the request of this call may have whatever its connection has
  /// @param refused ends the call when it is found to be one too many, with whose limit it is
  ///     above; called once, on any thread
  synchronized void begin(
      AtomicLong bytesOfConnection, long mostOfRequest, Consumer<String> refused) {
    ofConnection = bytesOfConnection;
    most = mostOfRequest;
    refusal = refused;
  }

  /// Whose limit the call was found to be above; null if none.
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

  /// Of an answer: its work is done, so it is never refused, but it counts until it is sent.
  @Override
  public synchronized void outboundWireSize(long bytes) {
    answered += bytes;
    count(false);
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
    long due = Math.max(read, uncompressed) + answered;
    if (connection == null || ended || due <= counted) {
      return;
    }
    all.add(connection, due - counted);
    counted = due;
    if (refusable && exceeded == null) {
      exceeded = Math.max(read, uncompressed) > most ? "connection" : all.exceeded(connection);
      if (exceeded != null && refusal != null) {
        refusal.accept(exceeded);
      }
    }
  }
}
