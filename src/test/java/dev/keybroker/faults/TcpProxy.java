package dev.keybroker.faults;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// A TCP connection's way from a loopback port to another one, which can be cut, stalled, slowed
/// and reset. Passes everything at first. Thread-safe.
final class TcpProxy implements AutoCloseable {
  private static final int BUFFER_SIZE = 16 * 1024;

  private final int target;
  private final int port;
  private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
  private @Nullable ServerSocket listener;
  private boolean stalled;
  private volatile Duration delay = Duration.ZERO;

  /// @param target the port that is reached through it
  TcpProxy(int target) {
    this.target = target;
    ServerSocket first = listen(0);
    this.port = first.getLocalPort();
    this.listener = first;
  }

  int port() {
    return port;
  }

  /// Heals everything.
  synchronized void pass() {
    stalled = false;
    delay = Duration.ZERO;
    notifyAll();
    if (listener == null) {
      listener = listen(port);
    }
  }

  /// Refuses connections, and resets those that are there.
  synchronized void cut() {
    closeListener();
    reset();
  }

  /// Takes bytes and connections, and forwards nothing until it passes again.
  synchronized void stall() {
    stalled = true;
  }

  /// Forwards each piece so much later.
  void slow(Duration by) {
    delay = by;
  }

  /// Resets the connections that are there; new ones pass.
  void reset() {
    for (Socket socket : sockets) {
      try {
        socket.setSoLinger(true, 0);
      } catch (IOException e) {
        // It is closed already.
      }
      close(socket);
    }
  }

  private ServerSocket listen(int wanted) {
    try {
      ServerSocket socket = new ServerSocket();
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), wanted));
      Thread.ofVirtual().start(() -> accept(socket));
      return socket;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void accept(ServerSocket from) {
    while (!from.isClosed()) {
      try {
        Socket near = from.accept();
        sockets.add(near);
        Thread.ofVirtual().start(() -> connect(near));
      } catch (IOException e) {
        // Closed, or a client that has gone.
      }
    }
  }

  private void connect(Socket near) {
    try {
      awaitPassing();
      Socket far = new Socket(InetAddress.getLoopbackAddress(), target);
      sockets.add(far);
      near.setTcpNoDelay(true);
      far.setTcpNoDelay(true);
      Thread.ofVirtual().start(() -> pump(near, far));
      pump(far, near);
    } catch (IOException | InterruptedException e) {
      close(near);
    }
  }

  private void pump(Socket from, Socket to) {
    byte[] buffer = new byte[BUFFER_SIZE];
    try {
      InputStream in = from.getInputStream();
      OutputStream out = to.getOutputStream();
      for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
        awaitPassing();
        Thread.sleep(delay);
        out.write(buffer, 0, read);
      }
    } catch (IOException | InterruptedException e) {
      // One end has gone; so does the other.
    } finally {
      close(from);
      close(to);
    }
  }

  private synchronized void awaitPassing() throws InterruptedException {
    while (stalled) {
      wait();
    }
  }

  private void close(Socket socket) {
    sockets.remove(socket);
    try {
      socket.close();
    } catch (IOException e) {
      // It is gone in any case.
    }
  }

  private void closeListener() {
    try {
      if (listener != null) {
        listener.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    listener = null;
  }

  @Override
  public synchronized void close() {
    closeListener();
    stalled = false;
    notifyAll();
    reset();
  }
}
