package dev.keybroker.cli;

import dev.keybroker.client.Dek;
import dev.keybroker.client.KeyBrokerClient;
import dev.keybroker.client.RecordingHeader;
import dev.keybroker.client.RecordingStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code keybroker verify}. */
@Command(
    name = "verify",
    mixinStandardHelpOptions = true,
    description = {
      "Decrypts recordings and writes nothing, to see that each is complete and authentic.",
      "Several files: the exit code is the highest of their codes."
    })
final class Verify implements Callable<Integer> {
  private static final Path STANDARD = Path.of("-");

  @ParentCommand private Keybroker keybroker;
  @Mixin private BrokerOptions broker;
  @Mixin private ContextOption context;
  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "FILE",
      arity = "0..*",
      description = "Recordings; - is the standard input, the default.")
  private List<Path> files = List.of(STANDARD);

  @Override
  public Integer call() throws IOException {
    Map<String, String> expected = context.expected();
    int worst = ExitCode.DONE;
    try (KeyBrokerClient client = broker.builder().build()) {
      for (Path file : files) {
        try {
          long size = verify(client, file, expected);
          spec.commandLine()
              .getOut()
              .println(
                  keybroker.json
                      ? new Json()
                          .put("file", file.toString())
                          .put("status", "verified")
                          .put("plaintext_size", size)
                          .toString()
                      : file + ": verified, " + size + " bytes of plaintext");
        } catch (IOException e) {
          worst = Math.max(worst, Report.failed(spec.commandLine(), keybroker.json, file, e));
        }
      }
    }
    return worst;
  }

  private long verify(KeyBrokerClient client, Path file, Map<String, String> expected)
      throws IOException {
    boolean standard = file.equals(STANDARD);
    Progress progress =
        Progress.ofBytes(spec.commandLine().getErr(), standard ? -1 : Files.size(file));
    try (InputStream in =
        standard ? new FileInputStream(FileDescriptor.in) : Files.newInputStream(file)) {
      RecordingHeader header = RecordingHeader.read(in);
      RecordingStream plaintext;
      try (Dek dek = client.unwrap(header, expected)) {
        plaintext = new RecordingStream(in, header, dek, expected);
      }
      return Streams.copy(plaintext, OutputStream.nullOutputStream(), progress);
    } finally {
      progress.end();
    }
  }
}
