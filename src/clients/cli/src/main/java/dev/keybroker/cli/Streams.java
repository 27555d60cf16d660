package dev.keybroker.cli;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The input and the output of a command that converts one file. */
final class Streams {
  private static final Path STANDARD = Path.of("-");
  private static final int BUFFER = 1 << 16;

  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "INPUT",
      defaultValue = "-",
      description = "The file to read; - is the standard input, the default.")
  Path input;

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "OUTPUT",
      defaultValue = "-",
      description =
          "The file to write; - is the standard output, the default. It appears under its name only"
              + " when it is complete.")
  Path output;

  @Option(names = "--force", description = "Replace the output if it exists.")
  boolean force;

  @Spec(Spec.Target.MIXEE)
  private CommandSpec spec;

  /** Writes to the output. */
  interface Work {
    void run(InputStream in, OutputStream out, Progress progress) throws IOException;
  }

  boolean isToStandardOutput() {
    return output.equals(STANDARD);
  }

  /** Returns the exit code. A failure is printed with the name of the file. */
  int run(boolean json, Work work) {
    if (isToStandardOutput() && Terminal.is(Terminal.OUTPUT)) {
      throw new IllegalArgumentException("the output is a terminal; name a file or use a pipe");
    }
    try {
      Progress progress =
          Progress.ofBytes(
              spec.commandLine().getErr(), input.equals(STANDARD) ? -1 : Files.size(input));
      try {
        run(work, progress);
      } finally {
        progress.end();
      }
      return ExitCode.DONE;
    } catch (IOException e) {
      return Report.failed(spec.commandLine(), json, input, e);
    }
  }

  private void run(Work work, Progress progress) throws IOException {
    try (InputStream in =
        input.equals(STANDARD)
            ? new FileInputStream(FileDescriptor.in)
            : Files.newInputStream(input)) {
      if (isToStandardOutput()) {
        // Not buffered: what is authentic is passed on even if the rest is refused.
        work.run(in, named(new FileOutputStream(FileDescriptor.out), "standard output"), progress);
      } else {
        try (NewFile file = new NewFile(output, force)) {
          work.run(in, named(file.stream(), output.toString()), progress);
          file.complete();
        }
      }
    }
  }

  /**
   * A stream whose failures name the output. Closing it does nothing: the output is put on disk
   * first.
   */
  private static OutputStream named(OutputStream out, String name) {
    return new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        write(new byte[] {(byte) b});
      }

      @Override
      public void write(byte[] bytes, int offset, int length) throws IOException {
        try {
          out.write(bytes, offset, length);
        } catch (IOException e) {
          throw new FileSystemException(name, null, e.getMessage());
        }
      }
    };
  }

  /** Copies all, and returns the number of bytes. */
  static long copy(InputStream in, OutputStream out, Progress progress) throws IOException {
    byte[] buffer = new byte[BUFFER];
    long done = 0;
    for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
      out.write(buffer, 0, read);
      done += read;
      progress.bytes(done);
    }
    return done;
  }
}
