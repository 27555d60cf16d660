package dev.keybroker.cli;

import java.nio.file.FileSystemException;
import java.nio.file.Path;
import picocli.CommandLine;

/** The failure of one file among several. */
final class Report {
  private Report() {}

  /** Prints it to the standard error and returns its exit code. */
  static int failed(CommandLine command, boolean json, Path file, Exception failure) {
    String text =
        (failure instanceof FileSystemException ? "" : file + ": ") + Keybroker.message(failure);
    command
        .getErr()
        .println(
            json
                ? Keybroker.failure(failure).put("file", file.toString()).toString()
                : "keybroker: " + text);
    return ExitCode.of(failure);
  }
}
