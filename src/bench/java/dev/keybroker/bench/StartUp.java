package dev.keybroker.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// From the start of the process to the first answered wrap, and the memory then: with and without
/// an AOT cache of the JDK.
final class StartUp {
  private StartUp() {}

  static void measure(Options options, List<Side> sides, Report report)
      throws IOException, InterruptedException {
    System.err.println("start-up");
    for (Side side : sides) {
      // The cache is written when the training run ends.
      start(side, List.of("-XX:AOTCacheOutput=" + cache(side))).broker.close();
      if (!Files.exists(cache(side))) {
        throw new IOException("the JVM wrote no AOT cache");
      }
    }
    for (int round = 1; round <= options.rounds(); round++) {
      for (Side side : sides) {
        Started plain = start(side, List.of());
        plain.broker.close();
        Started cached = start(side, List.of("-XX:AOTCache=" + cache(side)));
        cached.broker.close();
        report
            .atMost("seconds to the first wrap, AOT cache ÷ none", 0)
            .add(side.build(), cached.seconds, plain.seconds);
        report
            .atMost("resident MiB after it, AOT cache ÷ none", 0)
            .add(side.build(), cached.mebibytes, plain.mebibytes);
      }
    }
  }

  private static Path cache(Side side) {
    return side.folder().resolve("broker.aot").toAbsolutePath();
  }

  private record Started(Broker broker, double seconds, double mebibytes) {}

  private static Started start(Side side, List<String> jvm)
      throws IOException, InterruptedException {
    long start = System.nanoTime();
    Broker broker = side.broker("start-up", Bench.settings(), jvm);
    try (CheckedClient client = new CheckedClient(broker)) {
      client.wrap(Bench.keystore("rsa3072"));
    }
    return new Started(broker, (System.nanoTime() - start) / 1e9, broker.mebibytes());
  }
}
