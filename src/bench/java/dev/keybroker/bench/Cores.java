package dev.keybroker.bench;

import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Processes on one core each: what is measured on the first, all else on the second.
enum Cores {
  SERVER(0),
  LOADER(1);

  private final int core;

  Cores(int core) {
    this.core = core;
  }

  /// A command that runs on this core.
  ProcessBuilder command(List<String> command) {
    List<String> pinned = new ArrayList<>(List.of("taskset", "-c", Integer.toString(core)));
    pinned.addAll(command);
    return new ProcessBuilder(pinned);
  }

  /// Moves a process with all its threads to this core.
  void take(long pid) throws IOException, InterruptedException {
    output(
        new ProcessBuilder(
            "taskset", "-a", "-c", "-p", Integer.toString(core), Long.toString(pid)));
  }

  /// What a command prints.
  static String output(ProcessBuilder command) throws IOException, InterruptedException {
    Process process = command.redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes());
    if (process.waitFor() != 0) {
      throw new IOException(String.join(" ", command.command()) + " failed:\n" + output);
    }
    return output;
  }

  /// A JVM with this class path and these options on this core; its output goes to a file.
  Process java(List<String> arguments, File log) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.add("--enable-native-access=ALL-UNNAMED");
    command.addAll(arguments);
    return command(command).redirectErrorStream(true).redirectOutput(log).start();
  }
}
