package dev.keybroker.cli;

import dev.keybroker.client.RecordingHeader;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code keybroker inspect}. */
@Command(
    name = "inspect",
    mixinStandardHelpOptions = true,
    description = {
      "Prints what recordings say about themselves, without a key.",
      "A header is authentic only once its recording was decrypted or verified."
    })
final class Inspect implements Callable<Integer> {
  @ParentCommand private Keybroker keybroker;
  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "FILE",
      arity = "0..*",
      description = "Recordings; - is the standard input, the default.")
  private List<Path> files = List.of(Path.of("-"));

  @Override
  public Integer call() {
    int worst = ExitCode.DONE;
    for (Path file : files) {
      try {
        print(file);
      } catch (IOException e) {
        worst = Math.max(worst, Report.failed(spec.commandLine(), keybroker.json, file, e));
      }
    }
    return worst;
  }

  private void print(Path file) throws IOException {
    RecordingHeader header;
    try (InputStream in =
        file.toString().equals("-")
            ? new FileInputStream(FileDescriptor.in)
            : Files.newInputStream(file)) {
      header = RecordingHeader.read(in);
    }
    PrintWriter out = spec.commandLine().getOut();
    Map<String, String> context = header.context().orElse(null);
    if (keybroker.json) {
      Json json =
          new Json()
              .put("file", file.toString())
              .put("keystore", header.keystore())
              .put("kek_id", header.kekId().map(Object::toString).orElse(null))
              .put("created", header.created().toString())
              .put("media_type", header.mediaType().orElse(null))
              .put("segment_size", header.segmentSize())
              .put("header_size", header.size());
      if (context != null) {
        json.put("encryption_context", context);
      }
      out.println(json.put("context_hidden", context == null).put("metadata", header.metadata()));
      return;
    }
    out.println(file);
    line(out, "keystore", header.keystore());
    line(out, "KEK", header.kekId().map(Object::toString).orElse("(not named)"));
    line(out, "created", header.created().toString());
    header.mediaType().ifPresent(type -> line(out, "media type", type));
    line(out, "segment size", Integer.toString(header.segmentSize()));
    if (context == null) {
      line(out, "context", "(hidden)");
    } else {
      context.forEach((key, value) -> line(out, "context", key + "=" + value));
    }
    header.metadata().forEach((key, value) -> line(out, "metadata", key + "=" + value));
  }

  /** Control characters of a header that anyone can write must not reach a terminal. */
  private static void line(PrintWriter out, String name, String value) {
    out.printf("  %-13s %s%n", name, value.replaceAll("\\p{Cntrl}", "?"));
  }
}
