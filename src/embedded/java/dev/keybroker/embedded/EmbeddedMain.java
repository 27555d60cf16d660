package dev.keybroker.embedded;

import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;

/// The embedded services as a separate process, for a packaged broker: `EmbeddedMain {folder}`
/// keeps its state in the folder and writes the broker's configuration to
/// `{folder}/application.properties`, ready for `SMALLRYE_CONFIG_LOCATIONS`. With `--durable`,
/// PostgreSQL commits to disk. Ends with SIGTERM.
public final class EmbeddedMain {
  private EmbeddedMain() {}

  /// Runs until the process receives a signal to end.
  public static void main(String[] args) throws IOException, InterruptedException {
    boolean durable = args.length == 2 && args[1].equals("--durable");
    if (args.length != 1 && !durable) {
      throw new IllegalArgumentException("usage: EmbeddedMain {folder} [--durable]");
    }
    Path folder = Path.of(args[0]);
    EmbeddedServices services =
        durable ? EmbeddedServices.startDurable(folder) : EmbeddedServices.start(folder);
    CountDownLatch ended = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(
            Thread.ofPlatform()
                .unstarted(
                    () -> {
                      services.close();
                      ended.countDown();
                    }));
    Properties properties = new Properties();
    properties.putAll(services.configuration());
    Path partial = folder.resolve("application.properties.partial");
    try (Writer out = Files.newBufferedWriter(partial)) {
      properties.store(out, null);
    }
    Files.move(partial, folder.resolve("application.properties"));
    ended.await();
  }
}
