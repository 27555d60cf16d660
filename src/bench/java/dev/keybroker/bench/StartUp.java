package dev.keybroker.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// From the start of the process to the first answered wrap, and the memory then: with and without
/// an AOT cache of the JDK.
final class StartUp {
  private StartUp() {}

  static void measure(Options options, Path folder, Services services, Report report)
      throws IOException, InterruptedException {
    System.err.println("start-up");
    Path cache = folder.resolve("broker.aot").toAbsolutePath();
    // The cache is written when the training run ends.
    start(folder, services, List.of("-XX:AOTCacheOutput=" + cache)).broker.close();
    if (!Files.exists(cache)) {
      throw new IOException("the JVM wrote no AOT cache");
    }
    for (int round = 1; round <= options.rounds(); round++) {
      Started plain = start(folder, services, List.of());
      plain.broker.close();
      Started cached = start(folder, services, List.of("-XX:AOTCache=" + cache));
      cached.broker.close();
      report
          .atMost("seconds to the first wrap, AOT cache ÷ none", 0)
          .add(cached.seconds, plain.seconds);
      report
          .atMost("resident MiB after it, AOT cache ÷ none", 0)
          .add(cached.mebibytes, plain.mebibytes);
    }
  }

  private record Started(Broker broker, double seconds, double mebibytes) {}

  private static Started start(Path folder, Services services, List<String> jvm)
      throws IOException, InterruptedException {
    long start = System.nanoTime();
    Broker broker =
        Broker.start(folder.resolve("start-up"), services.configuration(), Bench.settings(), jvm);
    try (CheckedClient client = new CheckedClient(broker)) {
      client.wrap(Bench.keystore("rsa3072"));
    }
    return new Started(broker, (System.nanoTime() - start) / 1e9, broker.mebibytes());
  }
}
