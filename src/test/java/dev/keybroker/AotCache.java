package dev.keybroker;

import dev.keybroker.embedded.EmbeddedServices;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;

/// The JDK's AOT cache of the packaged jar. The JVM image starts with one too, and a broker then
/// needs about half of the processor time until it is ready. The JDK refuses a cache of another
/// jar, and starts without it then.
///
/// Sources: JEP 483, JEP 514.
final class AotCache {
  private static final Path FOLDER = Path.of("target", "it").toAbsolutePath();
  private static final Duration LONGEST_WRITING = Duration.ofMinutes(5);

  private AotCache() {}

  /// The file of the cache, made by a broker that is started and stopped for it, unless the file is
  /// younger than the jar.
  static synchronized Path of(Path jar) throws IOException {
    Path file = FOLDER.resolve("broker.aot");
    if (Files.exists(file)
        && Files.getLastModifiedTime(file).compareTo(Files.getLastModifiedTime(jar)) > 0) {
      return file;
    }
    Files.createDirectories(FOLDER);
    Files.deleteIfExists(file);
    Path folder = Files.createTempDirectory(FOLDER, "training-");
    try (EmbeddedServices services = EmbeddedServices.start(folder);
        PackagedBroker broker =
            PackagedBroker.in(folder)
                .with(services.configuration())
                .option("-XX:AOTCacheOutput=" + file)
                .startAndAwaitReady()) {
      broker.signal("TERM");
      broker.awaitEnd(LONGEST_WRITING);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
    if (!Files.exists(file)) {
      throw new IOException("the JVM wrote no AOT cache");
    }
    return file;
  }
}
