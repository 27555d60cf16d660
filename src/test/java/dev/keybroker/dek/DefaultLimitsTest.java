package dev.keybroker.dek;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// What a broker remembers by default fits into a pod of 256 MiB: half of it is the heap, where 30
/// MiB are the broker's own (`src/docs/performance.md`) and a quarter is left for calls.
class DefaultLimitsTest {
  private static final String HEAP = "128m";
  private static final long MOST_KIB_OF_HEAP = 66 * 1024;

  /// Keys of the cryptographic provider, and the code of this process itself.
  private static final long MOST_KIB_OUTSIDE = 64 * 1024;

  private static final Pattern ALL =
      Pattern.compile("all: (-?[0-9]+) KiB of heap, (-?[0-9]+) KiB outside");

  @Test
  void caches_fullToTheirDefaultLimits_fitIntoAPodOf256MiB()
      throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xms" + HEAP,
                "-Xmx" + HEAP,
                "-XX:+AlwaysPreTouch",
                "-XX:+UseSerialGC",
                "-XX:+ExitOnOutOfMemoryError",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                CacheFootprint.class.getName())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader out = process.inputReader()) {
      List<String> lines = out.lines().toList();
      String printed = String.join("\n", lines);
      assertEquals(0, process.waitFor(), printed);
      Matcher all = ALL.matcher(printed);
      assertTrue(all.find(), printed);
      assertTrue(Long.parseLong(all.group(1)) <= MOST_KIB_OF_HEAP, printed);
      assertTrue(Long.parseLong(all.group(2)) <= MOST_KIB_OUTSIDE, printed);
    } finally {
      process.destroyForcibly();
    }
  }
}
