package dev.keybroker.cli;

import dev.keybroker.client.Dek;
import dev.keybroker.client.KeyBrokerClient;
import dev.keybroker.client.RecordingHeader;
import dev.keybroker.client.RecordingStream;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code keybroker decrypt}. */
@Command(
    name = "decrypt",
    mixinStandardHelpOptions = true,
    description = {
      "Decrypts a recording.",
      "Each segment is written only after it was authenticated. Standard output therefore has the"
          + " authentic start of a recording that turns out to be changed or incomplete; then the"
          + " exit code is 1. An output file appears only if the recording is complete."
    })
final class Decrypt implements Callable<Integer> {
  @ParentCommand private Keybroker keybroker;
  @Mixin private BrokerOptions broker;
  @Mixin private ContextOption context;
  @Mixin private Streams streams;
  @Spec private CommandSpec spec;

  @Option(
      names = "--recover",
      description =
          "Read what there is of an incomplete recording, up to its last whole segment. A crash of"
              + " the recorder and a cut by an attacker look the same.")
  private boolean recover;

  @Override
  public Integer call() throws IOException {
    Map<String, String> expected = context.expected();
    try (KeyBrokerClient client = broker.builder().build()) {
      long[] size = new long[1];
      boolean[] complete = new boolean[1];
      int code =
          streams.run(
              keybroker.json,
              (in, out, progress) -> {
                RecordingHeader header = RecordingHeader.read(in);
                RecordingStream plaintext;
                try (Dek dek = client.unwrap(header, expected)) {
                  plaintext =
                      recover
                          ? RecordingStream.recovering(in, header, dek, expected)
                          : new RecordingStream(in, header, dek, expected);
                }
                size[0] = Streams.copy(plaintext, out, progress);
                complete[0] = plaintext.isComplete();
              });
      if (code == ExitCode.DONE) {
        report(size[0], complete[0]);
      }
      return code;
    }
  }

  private void report(long size, boolean complete) {
    PrintWriter err = spec.commandLine().getErr();
    if (keybroker.json) {
      (streams.isToStandardOutput() ? err : spec.commandLine().getOut())
          .println(
              new Json()
                  .put("status", "decrypted")
                  .put("complete", complete)
                  .put("plaintext_size", size));
    } else if (!complete) {
      err.println("keybroker: the recording is incomplete; " + size + " bytes were recovered");
    }
  }
}
