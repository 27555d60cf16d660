package dev.keybroker.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.keybroker.client.KeyBrokerException;
import dev.keybroker.client.RecordingException;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.concurrent.Callable;
import picocli.AutoComplete.GenerateCompletion;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command {@code keybroker}. */
@Command(
    name = "keybroker",
    description = "Encrypts, decrypts, inspects, rewraps and verifies recordings.",
    mixinStandardHelpOptions = true,
    versionProvider = Keybroker.Version.class,
    subcommands = {
      Encrypt.class,
      Decrypt.class,
      Inspect.class,
      Rewrap.class,
      Verify.class,
      GenerateCompletion.class
    },
    footer = {
      "",
      "Options can also be in a file: keybroker encrypt @options.txt.",
      "Values of --context in such a file are not visible in the list of processes."
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      "0:done",
      "1:a recording was refused: not a recording, changed, incomplete, or another context",
      "2:wrong usage",
      "3:the broker refused the call",
      "4:the broker is away or busy; try again later",
      "5:a file cannot be read or written"
    })
public final class Keybroker implements Callable<Integer> {
  @Option(
      names = "--json",
      scope = ScopeType.INHERIT,
      description =
          "Print results and failures as JSON, one object a line. Results go to the standard error"
              + " if the recording goes to the standard output.")
  boolean json;

  @Spec private CommandSpec spec;

  /** The version that the build wrote into a resource. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() throws IOException {
      try (InputStream version = Keybroker.class.getResourceAsStream("version")) {
        return new String[] {"keybroker " + new String(version.readAllBytes(), UTF_8).strip()};
      }
    }
  }

  private Keybroker() {}

  @Override
  public Integer call() {
    spec.commandLine().usage(spec.commandLine().getErr());
    return ExitCode.USAGE;
  }

  static CommandLine commandLine() {
    Keybroker keybroker = new Keybroker();
    CommandLine line =
        new CommandLine(keybroker)
            .setAbbreviatedOptionsAllowed(false)
            .setExecutionExceptionHandler(
                (failure, command, parsed) -> {
                  int code = ExitCode.of(failure);
                  PrintWriter err = command.getErr();
                  err.println(
                      keybroker.json
                          ? failure(failure).toString()
                          : "keybroker: " + message(failure));
                  err.flush();
                  return code;
                });
    return line;
  }

  static Json failure(Exception failure) {
    return new Json()
        .put("status", "failed")
        .put("error", message(failure))
        .put("reason", reason(failure))
        .put("exit_code", ExitCode.of(failure));
  }

  private static String reason(Exception failure) {
    if (failure instanceof RecordingException refused) {
      return refused.reason().name();
    }
    return failure instanceof KeyBrokerException refused && !refused.reason().isEmpty()
        ? refused.reason()
        : null;
  }

  static String message(Exception failure) {
    if (failure instanceof FileSystemException file) {
      return file.getFile() + ": " + text(file);
    }
    if (failure instanceof KeyBrokerException call && call.reason().isEmpty()) {
      // The transport's own words, such as "Connection refused: /127.0.0.1:9000".
      Throwable cause = failure;
      while (cause.getCause() != null) {
        cause = cause.getCause();
      }
      return failure.getMessage()
          + (cause instanceof IOException && cause != failure ? ": " + cause.getMessage() : "");
    }
    return failure.getMessage() == null ? failure.toString() : failure.getMessage();
  }

  static String text(FileSystemException failure) {
    if (failure instanceof NoSuchFileException) {
      return "no such file";
    }
    if (failure instanceof FileAlreadyExistsException) {
      return "the file exists; --force replaces it";
    }
    if (failure instanceof AccessDeniedException) {
      return "permission denied";
    }
    return failure.getReason() == null ? failure.getClass().getSimpleName() : failure.getReason();
  }

  /** Ends the process with an {@link ExitCode}. */
  public static void main(String[] args) {
    // Netty's use of Unsafe makes Java 24 and later print warnings.
    String unsafe = "io.grpc.netty.shaded.io.netty.noUnsafe";
    if (System.getProperty(unsafe) == null) {
      System.setProperty(unsafe, "true");
    }
    int code = commandLine().execute(args);
    if (System.out.checkError()) {
      System.err.println("keybroker: the standard output could not be written");
      code = Math.max(code, ExitCode.FILE_ERROR);
    }
    System.exit(code);
  }
}
