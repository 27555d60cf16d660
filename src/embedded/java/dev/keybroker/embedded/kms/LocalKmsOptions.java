package dev.keybroker.embedded.kms;

import java.nio.file.Path;
import java.time.InstantSource;
import org.jspecify.annotations.Nullable;

/// How to start a [LocalKms].
///
/// @param port the loopback port; 0 takes a free one
/// @param stateFile where the state is kept; null keeps it in memory only
/// @param clock tells when session credentials expire, keys are deleted, and rotations are due.
///     Request signatures are checked against the time of day in any case
public record LocalKmsOptions(int port, @Nullable Path stateFile, InstantSource clock) {

  /// A free port, state in memory, the system's clock.
  public static LocalKmsOptions inMemory() {
    return new LocalKmsOptions(0, null, InstantSource.system());
  }

  public LocalKmsOptions withPort(int newPort) {
    return new LocalKmsOptions(newPort, stateFile, clock);
  }

  public LocalKmsOptions withStateFile(Path newStateFile) {
    return new LocalKmsOptions(port, newStateFile, clock);
  }

  public LocalKmsOptions withClock(InstantSource newClock) {
    return new LocalKmsOptions(port, stateFile, newClock);
  }
}
