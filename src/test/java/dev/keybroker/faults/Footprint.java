package dev.keybroker.faults;

import dev.keybroker.PackagedBroker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/// What a broker's process holds, on Linux.
///
/// @param heap in bytes, what is alive after a full collection; of a native executable, which
///     cannot be told to make one, what is used
/// @param direct the JVM's direct buffers, in bytes; 0 where they are not told
/// @param resident what the process has in memory, in bytes
/// @param handles open files and sockets
/// @param sockets those of the handles that are sockets
record Footprint(long heap, long direct, long resident, long threads, long handles, long sockets) {
  private static final Pattern DIRECT =
      Pattern.compile("(?m)^jvm_buffer_memory_used_bytes\\{[^}]*id=\"direct\"[^}]*} (\\S+)$");
  private static final Pattern THREADS =
      Pattern.compile("(?m)^jvm_threads_live_threads(?:\\{[^}]*})? (\\S+)$");
  private static final Pattern USED = Pattern.compile("total \\d+K, used (\\d+)K");
  private static final Pattern HEAP =
      Pattern.compile("(?m)^jvm_memory_used_bytes\\{[^}]*area=\"heap\"[^}]*} (\\S+)$");
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
    return new Footprint(
        PackagedBroker.isNative() ? sum(HEAP, metrics) : alive(broker),
        sum(DIRECT, metrics),
        number(RESIDENT, Files.readString(process.resolve("status"))) * KIB,
        number(THREADS, metrics),
        handles,
        sockets);
  }

  private static long alive(PackagedBroker broker) throws IOException, InterruptedException {
    jcmd(broker, "GC.run");
    // One line for the whole heap, or one for each generation.
    return sum(USED, jcmd(broker, "GC.heap_info")) * KIB;
  }

  private static long sum(Pattern pattern, String text) {
    return pattern
        .matcher(text)
        .results()
        .mapToLong(found -> (long) Double.parseDouble(found.group(1)))
        .sum();
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
