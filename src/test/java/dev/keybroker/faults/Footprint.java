package dev.keybroker.faults;

import dev.keybroker.PackagedBroker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// What a broker's process holds, the jar's on Linux.
///
/// @param heap what is alive after a full collection, in bytes
/// @param direct the JVM's direct buffers, in bytes
/// @param resident what the process has in memory, in bytes
/// @param handles open files and sockets
/// @param sockets those of the handles that are sockets
record Footprint(long heap, long direct, long resident, long threads, long handles, long sockets) {
  private static final Pattern DIRECT =
      Pattern.compile("(?m)^jvm_buffer_memory_used_bytes\\{[^}]*id=\"direct\"[^}]*} (\\S+)$");
  private static final Pattern THREADS =
      Pattern.compile("(?m)^jvm_threads_live_threads(?:\\{[^}]*})? (\\S+)$");
  private static final Pattern USED = Pattern.compile("total \\d+K, used (\\d+)K");
  private static final Pattern RESIDENT = Pattern.compile("VmRSS:\\s+(\\d+) kB");
  private static final long KIB = 1024;

  static Footprint of(PackagedBroker broker) throws IOException, InterruptedException {
    Path process = Path.of("/proc", Long.toString(broker.process().pid()));
    String metrics = broker.get("/q/metrics");
    long handles = 0;
    long sockets = 0;
    try (Stream<Path> files = Files.list(process.resolve("fd"))) {
      for (Path file : (Iterable<Path>) files::iterator) {
        handles++;
        sockets += isSocket(file) ? 1 : 0;
      }
    }
    jcmd(broker, "GC.run");
    return new Footprint(
        // One line for the whole heap, or one for each generation.
        USED.matcher(jcmd(broker, "GC.heap_info"))
                .results()
                .mapToLong(used -> Long.parseLong(used.group(1)))
                .sum()
            * KIB,
        number(DIRECT, metrics),
        number(RESIDENT, Files.readString(process.resolve("status"))) * KIB,
        number(THREADS, metrics),
        handles,
        sockets);
  }

  private static boolean isSocket(Path file) {
    try {
      return Files.readSymbolicLink(file).toString().startsWith("socket:");
    } catch (IOException e) {
      return false; // It has just been closed.
    }
  }

  private static String jcmd(PackagedBroker broker, String command)
      throws IOException, InterruptedException {
    Process jcmd =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                Long.toString(broker.process().pid()),
                command)
            .redirectErrorStream(true)
            .start();
    String out = new String(jcmd.getInputStream().readAllBytes());
    if (jcmd.waitFor() != 0) {
      throw new IOException(out);
    }
    return out;
  }

  private static long number(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    if (!matcher.find()) {
      throw new IllegalStateException(pattern + " in " + text);
    }
    return (long) Double.parseDouble(matcher.group(1));
  }
}
