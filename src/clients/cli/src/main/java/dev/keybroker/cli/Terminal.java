package dev.keybroker.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Whether a stream of the process is a terminal. */
final class Terminal {
  static final int OUTPUT = 1;
  static final int ERROR = 2;

  private Terminal() {}

  static boolean is(int descriptor) {
    try {
      String file = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
      return file.matches("/dev/(pts/|tty|console).*");
    } catch (IOException | UnsupportedOperationException e) {
      // Not Linux. Java knows only whether all of them are.
      return System.console() != null && Runtime.version().feature() < 22;
    }
  }
}
