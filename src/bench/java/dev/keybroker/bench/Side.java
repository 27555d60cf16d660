package dev.keybroker.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// A build of the broker, with stores and a KMS of which it is the only user.
///
/// @param folder for its configuration, its logs and its stores
/// @param application the folder of `quarkus-run.jar`
/// @param key the ARN of a KMS key
record Side(Build build, Path folder, Path application, Services services, String key)
    implements AutoCloseable {
  /// The build that `src/bench/run.sh` makes.
  static final Path BENCH = Path.of("target/bench/quarkus-app");

  /// A build of another commit may not know every setting of this one.
  private static final Map<String, String> LENIENT =
      Map.of("smallrye.config.mapping.validate-unknown", "false");

  static Side start(Build build, Path runs, Path application)
      throws IOException, InterruptedException {
    Path folder = Files.createDirectories(runs.resolve(build.name().toLowerCase(Locale.ROOT)));
    Services services = Services.start(folder.toAbsolutePath());
    return new Side(build, folder, application, services, Bench.kmsKey(services));
  }

  /// The settings with which its brokers start.
  Map<String, String> settings(Map<String, String> settings) {
    return build == Build.NOW ? settings : Bench.with(settings, LENIENT);
  }

  /// Starts a broker and waits until it is ready.
  ///
  /// @param name of its folder
  /// @param jvm further options of the JVM
  Broker broker(String name, Map<String, String> settings, List<String> jvm)
      throws IOException, InterruptedException {
    return Broker.start(
        folder.resolve(name), services.configuration(), settings(settings), jvm, application);
  }

  Broker broker(String name, Map<String, String> settings)
      throws IOException, InterruptedException {
    return broker(name, settings, List.of());
  }

  @Override
  public void close() {
    services.close();
  }
}
