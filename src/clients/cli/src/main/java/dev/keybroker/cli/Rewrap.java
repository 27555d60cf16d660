package dev.keybroker.cli;

import dev.keybroker.client.KeyBrokerClient;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code keybroker rewrap}. */
@Command(
    name = "rewrap",
    mixinStandardHelpOptions = true,
    description = {
      "Moves recordings to the ACTIVE KEK of their keystore, or of another keystore of the tenant.",
      "The wrapped DEK in the header is replaced, and the rest of the file stays as it is. Each"
          + " file is replaced at once: it is always either the old one or the new one. A file that"
          + " is under the ACTIVE KEK already is left alone, so the same command continues a run"
          + " that was interrupted. Several files: the exit code is the highest of their codes."
    })
final class Rewrap implements Callable<Integer> {
  @ParentCommand private Keybroker keybroker;
  @Mixin private BrokerOptions broker;
  @Mixin private ContextOption context;
  @Spec private CommandSpec spec;

  @Parameters(
      paramLabel = "FILE",
      arity = "0..*",
      description = "Recordings, and folders, whose files are searched for recordings.")
  private List<Path> files = List.of();

  @Option(
      names = "--files-from",
      paramLabel = "FILE",
      description = "A file with a path on each line, or - for the standard input.")
  private Path filesFrom;

  @Option(
      names = "--destination",
      paramLabel = "NAME",
      description = "The keystore to move to. By default each recording stays in its own.")
  private String destination;

  @Option(
      names = "--check",
      description =
          "Open each new file before it replaces the old one. Needs the permission dek.unwrap, and"
              + " this process then sees the DEKs.")
  private boolean check;

  @Option(
      names = "--min-age",
      paramLabel = "SECONDS",
      defaultValue = "600",
      description =
          "Refuse a file that was changed within this time, because a recorder may still write to"
              + " it. By default ${DEFAULT-VALUE}.")
  private long minAge;

  @Option(
      names = "--jobs",
      paramLabel = "N",
      defaultValue = "4",
      description = "How many files at a time. By default ${DEFAULT-VALUE}.")
  private int jobs;

  @Option(
      names = "--report",
      paramLabel = "FILE",
      description = "Append the result of each file to this file, as a line of JSON.")
  private Path report;

  private final Map<RewrappedFile.Result, Integer> counts =
      new EnumMap<>(RewrappedFile.Result.class);
  private int done;
  private int failed;
  private int worst = ExitCode.DONE;

  @Override
  public Integer call() throws IOException, InterruptedException {
    if (jobs < 1 || minAge < 0) {
      throw new IllegalArgumentException("--jobs is at least 1, and --min-age at least 0");
    }
    Map<String, String> expected = context.expected();
    List<Path> all = recordings();
    if (all.isEmpty()) {
      throw new IllegalArgumentException("there is no recording to rewrap");
    }
    Progress progress =
        new Progress(
            spec.commandLine().getErr(), Terminal.is(Terminal.ERROR), "recordings", all.size());
    try (KeyBrokerClient client = broker.builder().build();
        PrintWriter lines = report == null ? null : lines(report)) {
      RewrappedFile rewrap =
          new RewrappedFile(client, destination, expected, check, Duration.ofSeconds(minAge));
      ExecutorService workers = Executors.newFixedThreadPool(jobs);
      try {
        for (Path file : all) {
          workers.execute(() -> rewrap(rewrap, file, lines, progress));
        }
        workers.shutdown();
        workers.awaitTermination(Long.MAX_VALUE, TimeUnit.NANOSECONDS);
      } finally {
        workers.shutdownNow();
        progress.end();
      }
      if (lines != null && lines.checkError()) {
        throw new IOException(report + ": the report could not be written");
      }
    }
    summary();
    return worst;
  }

  private static PrintWriter lines(Path report) throws IOException {
    return new PrintWriter(
        Files.newBufferedWriter(report, StandardOpenOption.CREATE, StandardOpenOption.APPEND),
        true);
  }

  private List<Path> recordings() throws IOException {
    List<Path> given = new ArrayList<>(files);
    if (filesFrom != null) {
      InputStream list =
          filesFrom.toString().equals("-") ? System.in : Files.newInputStream(filesFrom);
      try (BufferedReader lines =
          new BufferedReader(new InputStreamReader(list, StandardCharsets.UTF_8))) {
        lines.lines().filter(line -> !line.isEmpty()).map(Path::of).forEach(given::add);
      }
    }
    // Two paths to one file would be rewrapped at the same time.
    Map<Path, Path> all = new LinkedHashMap<>();
    for (Path path : given) {
      for (Path file : Files.isDirectory(path) ? found(path) : Set.of(path)) {
        all.putIfAbsent(Files.exists(file) ? file.toRealPath() : file, file);
      }
    }
    return List.copyOf(all.values());
  }

  /** The recordings in a folder, and what cannot be read there: its failure is then reported. */
  private static Set<Path> found(Path folder) throws IOException {
    Set<Path> found = new TreeSet<>();
    // A walk does not enter a link.
    Path start = Files.isSymbolicLink(folder) ? folder.toRealPath() : folder;
    Files.walkFileTree(
        start,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            try {
              if (!NewFile.isTemporary(file)
                  && Files.isRegularFile(file)
                  && RewrappedFile.isRecording(file)) {
                found.add(file);
              }
              return FileVisitResult.CONTINUE;
            } catch (IOException e) {
              return visitFileFailed(file, e);
            }
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException failure) {
            // A file can be deleted meanwhile.
            if (!(failure instanceof NoSuchFileException)) {
              found.add(file);
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path subfolder, IOException failure) {
            return failure == null ? FileVisitResult.CONTINUE : visitFileFailed(subfolder, failure);
          }
        });
    return found;
  }

  private void rewrap(RewrappedFile rewrap, Path file, PrintWriter lines, Progress progress) {
    Json line = new Json();
    Exception failure = null;
    RewrappedFile.Result result = null;
    try {
      result = rewrap.run(file, line);
      line.put("status", result.name().toLowerCase(java.util.Locale.ROOT));
    } catch (IOException | RuntimeException e) {
      failure = e;
      line = Keybroker.failure(e);
    }
    line.put("file", file.toString());
    synchronized (this) {
      if (failure == null) {
        counts.merge(result, 1, Integer::sum);
        if (keybroker.json) {
          spec.commandLine().getOut().println(line);
        }
      } else {
        progress.end();
        failed++;
        worst = Math.max(worst, Report.failed(spec.commandLine(), keybroker.json, file, failure));
      }
      if (lines != null) {
        lines.println(line);
      }
      progress.at(++done);
    }
  }

  private void summary() {
    if (!keybroker.json) {
      spec.commandLine()
          .getOut()
          .println(
              counts.getOrDefault(RewrappedFile.Result.REWRAPPED, 0)
                  + " rewrapped, "
                  + counts.getOrDefault(RewrappedFile.Result.CURRENT, 0)
                  + " under the ACTIVE KEK already, "
                  + failed
                  + " failed");
    }
  }
}
