package dev.keybroker.grpc.transport;

import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.channel.Channel;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import jakarta.inject.Singleton;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// The open connections, counted from their TCP accept on, and the limits on their number.
///
/// A connection is unproven until its certificate or a token has proven a caller. An unproven
/// connection is closed when its time is over. If there is no room for a new connection, the oldest
/// unproven one is closed to make room. A client that authenticates at once therefore gets in while
/// strangers open connections and hold them. Thread-safe.
@Singleton
class OpenConnections {
  /// How long a client may take to read why its connection ends.
  private static final int FAREWELL_SECONDS = 1;

  private final int max;
  private final int maxPerPeer;
  private final long proofNanos;
  private final Refusals refusals;
  private final LinkedHashSet<OpenConnection> unproven = new LinkedHashSet<>();
  private final Map<String, OfPeer> peers = new HashMap<>();
  private int open;

  /// The connections of one peer.
  private static final class OfPeer {
    private final LinkedHashSet<OpenConnection> unproven = new LinkedHashSet<>();
    private int open;
  }

  /// An open connection.
  final class OpenConnection {
    private final Channel channel;
    private final String peer;
    private final Future<?> deadline;
    private boolean counted = true;

    private OpenConnection(Channel channel, String peer) {
      this.channel = channel;
      this.peer = peer;
      this.deadline =
          channel.eventLoop().schedule(this::outOfTime, proofNanos, TimeUnit.NANOSECONDS);
    }

    /// Reports that a caller was authenticated on it.
    void prove() {
      settle(this);
      deadline.cancel(false);
    }

    private void outOfTime() {
      if (forget(this, true)) {
        refusals.add(
            Refusal.UNPROVEN,
            channel.remoteAddress(),
            "neither a client certificate nor a good token within"
                + " keybroker.connection.proof-timeout");
        close();
      }
    }

    /// Sends GOAWAY without an error if HTTP/2 is established, so that clients may retry.
    private void close() {
      channel.pipeline().fireExceptionCaught(new NotProven());
      Future<?> unused =
          channel
              .eventLoop()
              .schedule(
                  () -> channel.unsafe().close(channel.voidPromise()),
                  FAREWELL_SECONDS,
                  TimeUnit.SECONDS);
    }
  }

  private static final class NotProven extends RuntimeException {
    private NotProven() {
      super(
          "no caller was proven on this connection",
          new Http2Exception(
              Http2Error.NO_ERROR,
              "no caller was proven on this connection",
              Http2Exception.ShutdownHint.HARD_SHUTDOWN),
          false,
          false);
    }
  }

  OpenConnections(ConnectionConfig config, Refusals refusals, MeterRegistry meters) {
    this.max = config.max();
    this.maxPerPeer = config.maxPerPeer() == 0 ? Integer.MAX_VALUE : config.maxPerPeer();
    this.proofNanos = config.proofTimeout().toNanos();
    this.refusals = refusals;
    Gauge.builder(Metrics.CONNECTIONS, this, OpenConnections::open).register(meters);
    Gauge.builder(Metrics.CONNECTIONS_UNPROVEN, this, OpenConnections::unproven).register(meters);
  }

  private synchronized int open() {
    return open;
  }

  private synchronized int unproven() {
    return unproven.size();
  }

  /// Counts a connection that was just accepted, on its event loop.
  ///
  /// @return null if there is no room for it
  @Nullable OpenConnection add(Channel channel) {
    String peer = PeerNetwork.of(channel.remoteAddress());
    OpenConnection added = null;
    OpenConnection displaced = null;
    boolean ofPeer;
    synchronized (this) {
      OfPeer same = peers.get(peer);
      ofPeer = same != null && same.open >= maxPerPeer;
      boolean full = ofPeer || open >= max;
      if (full) {
        displaced = oldest(ofPeer && same != null ? same.unproven : unproven);
      }
      if (displaced != null) {
        forget(displaced, true);
      }
      if (!full || displaced != null) {
        added = new OpenConnection(channel, peer);
        count(added);
      }
    }
    if (displaced != null) {
      displaced.close();
    }
    if (added == null || displaced != null) {
      refusals.add(
          ofPeer ? Refusal.TOO_MANY_OF_PEER : Refusal.TOO_MANY,
          displaced == null ? channel.remoteAddress() : displaced.channel.remoteAddress(),
          ofPeer
              ? "keybroker.connection.max-per-peer are open of " + peer
              : "keybroker.connection.max are open");
    }
    if (added != null) {
      OpenConnection it = added;
      channel.closeFuture().addListener(closed -> closed(it));
    }
    return added;
  }

  private static @Nullable OpenConnection oldest(Set<OpenConnection> connections) {
    Iterator<OpenConnection> all = connections.iterator();
    return all.hasNext() ? all.next() : null;
  }

  private void count(OpenConnection connection) {
    OfPeer same = peers.computeIfAbsent(connection.peer, it -> new OfPeer());
    same.open++;
    same.unproven.add(connection);
    open++;
    unproven.add(connection);
  }

  private void closed(OpenConnection connection) {
    connection.deadline.cancel(false);
    forget(connection, false);
  }

  /// Stops counting a connection, once.
  ///
  /// @param onlyUnproven if true, does nothing to a proven connection
  /// @return whether the connection was still counted
  private synchronized boolean forget(OpenConnection connection, boolean onlyUnproven) {
    if (!connection.counted || (onlyUnproven && !unproven.contains(connection))) {
      return false;
    }
    connection.counted = false;
    open--;
    unproven.remove(connection);
    OfPeer same = peers.get(connection.peer);
    if (same != null) {
      same.unproven.remove(connection);
      if (--same.open == 0) {
        peers.remove(connection.peer);
      }
    }
    return true;
  }

  private synchronized void settle(OpenConnection connection) {
    unproven.remove(connection);
    OfPeer same = peers.get(connection.peer);
    if (same != null) {
      same.unproven.remove(connection);
    }
  }
}
