package dev.keybroker.embedded.kms;

import java.net.InetAddress;
import java.nio.file.Path;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/// How to start a [LocalKms].
///
/// @param host the address to listen on: loopback, unless the caller is elsewhere and the network
///     keeps
///     all others away, for the administration does not authenticate callers
/// @param port the port; 0 takes a free one
/// @param stateFile where the state is kept; null keeps it in memory only
/// @param clock decides when session credentials expire, keys are deleted, and rotations are due.
///     Request signatures are checked against the time of day in any case
public record LocalKmsOptions(
    InetAddress host, int port, @Nullable Path stateFile, InstantSource clock) {
  private static final InetAddress LOOPBACK = InetAddress.ofLiteral("127.0.0.1");

  /// Loopback, a free port, state in memory, the system's clock.
  public static LocalKmsOptions inMemory() {
    return new LocalKmsOptions(LOOPBACK, 0, null, InstantSource.system());
  }

  public LocalKmsOptions withHost(InetAddress newHost) {
    return new LocalKmsOptions(newHost, port, stateFile, clock);
  }

  public LocalKmsOptions withPort(int newPort) {
    return new LocalKmsOptions(host, newPort, stateFile, clock);
  }

  public LocalKmsOptions withStateFile(Path newStateFile) {
    return new LocalKmsOptions(host, port, newStateFile, clock);
  }

  public LocalKmsOptions withClock(InstantSource newClock) {
    return new LocalKmsOptions(host, port, stateFile, newClock);
  }
}
