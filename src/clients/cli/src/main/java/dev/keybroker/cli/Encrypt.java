package dev.keybroker.cli;

import dev.keybroker.client.KeyBrokerClient;
import dev.keybroker.client.NewDek;
import dev.keybroker.client.RecordingHeader;
import dev.keybroker.client.RecordingWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code keybroker encrypt}. */
@Command(
    name = "encrypt",
    mixinStandardHelpOptions = true,
    description = "Encrypts a recording with a new DEK, wrapped under the keystore's public KEK.")
final class Encrypt implements Callable<Integer> {
  @ParentCommand private Keybroker keybroker;
  @Mixin private BrokerOptions broker;
  @Mixin private ContextOption context;
  @Mixin private Streams streams;
  @Spec private CommandSpec spec;

  @Option(
      names = "--keystore",
      required = true,
      paramLabel = "NAME",
      description = "tenants/{tenant}/keystores/{keystore}")
  private String keystore;

  @Option(names = "--media-type", paramLabel = "TYPE", description = "For example audio/wav.")
  private String mediaType;

  @Option(
      names = "--metadata",
      paramLabel = "KEY=VALUE",
      description = "A pair of free metadata; repeat it for each pair. It is not secret.")
  private Map<String, String> metadata = new LinkedHashMap<>();

  @Option(names = "--hide-context", description = "Store only a hash of the encryption context.")
  private boolean hideContext;

  @Option(
      names = "--segment-size",
      paramLabel = "BYTES",
      defaultValue = "65536",
      description =
          "A power of two from 65536 to 1048576. Larger segments make larger reads at a seek. By"
              + " default ${DEFAULT-VALUE}.")
  private int segmentSize;

  @Option(
      names = "--public-keks",
      paramLabel = "FOLDER",
      description =
          "Keep public KEKs in this folder. Then not every recording needs a call, and recording"
              + " goes on while the brokers are away. Whoever can write to the folder decides who"
              + " can read the recordings.")
  private Path publicKeks;

  @Option(
      names = "--offline",
      paramLabel = "SECONDS",
      defaultValue = "86400",
      description =
          "How old a public KEK in --public-keks may be that is used while the brokers are away. By"
              + " default ${DEFAULT-VALUE}.")
  private long offline;

  private KeyBrokerClient client() throws IOException {
    KeyBrokerClient.Builder client = broker.builder().offline(Duration.ofSeconds(offline));
    return (publicKeks == null ? client : client.publicKeks(publicKeks)).build();
  }

  @Override
  public Integer call() throws IOException {
    Map<String, String> pairs = context.pairs();
    try (KeyBrokerClient client = client();
        NewDek dek = client.newDek(keystore, pairs)) {
      RecordingHeader.Builder options =
          RecordingHeader.builder(keystore, dek.wrappedDek())
              .context(pairs)
              .metadata(metadata)
              .segmentSize(segmentSize);
      if (mediaType != null) {
        options.mediaType(mediaType);
      }
      if (hideContext) {
        options.hideContext();
      }
      RecordingHeader header = options.build(dek.dek());
      long[] size = new long[1];
      int code =
          streams.run(
              keybroker.json,
              (in, out, progress) -> {
                // Not closed if reading fails: then the recording stays incomplete.
                @SuppressWarnings("resource")
                RecordingWriter writer = new RecordingWriter(out, header, dek.dek());
                size[0] = Streams.copy(in, writer, progress);
                writer.close();
              });
      if (code == ExitCode.DONE && keybroker.json) {
        (streams.isToStandardOutput() ? spec.commandLine().getErr() : spec.commandLine().getOut())
            .println(
                new Json()
                    .put("status", "encrypted")
                    .put("keystore", keystore)
                    .put("kek", dek.kek())
                    .put("plaintext_size", size[0])
                    .put("size", header.fileSize(size[0])));
      }
      return code;
    }
  }
}
