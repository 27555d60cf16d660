package dev.keybroker.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// A form in which the broker is run.
///
/// @param name for the table
/// @param build of which side it is
/// @param command what starts it, as its container does
/// @param files what it consists of, a JVM apart
record Artefact(String name, Build build, List<String> command, List<Path> files) {
  /// The build under measurement.
  static final Path APPLICATION = Path.of("target/quarkus-app");

  private static final Path LIBRARIES = Path.of("target/native-libraries");

  static Artefact jar(
      String name, Build build, Path application, List<String> options, Path... besides) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx256m", "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED"));
    command.addAll(options);
    command.addAll(withLibraries());
    command.addAll(List.of("-jar", application.resolve("quarkus-run.jar").toString()));
    List<Path> files = new ArrayList<>(List.of(application, LIBRARIES));
    files.addAll(List.of(besides));
    return new Artefact(name, build, command, files);
  }

  static Artefact executable(String name, Build build, Path file) {
    List<String> command = new ArrayList<>();
    command.add(file.toAbsolutePath().toString());
    command.addAll(withLibraries());
    return new Artefact(name, build, command, List.of(file, LIBRARIES));
  }

  private static List<String> withLibraries() {
    return List.of(
        "-Dcom.amazon.corretto.crypto.provider.useExternalLib=true",
        "-Djava.library.path=" + LIBRARIES.toAbsolutePath());
  }

  double mebibytes() throws IOException {
    long bytes = 0;
    for (Path path : files) {
      try (Stream<Path> all = Files.walk(path)) {
        for (Path file : all.filter(Files::isRegularFile).toList()) {
          bytes += Files.size(file);
        }
      }
    }
    return bytes / 1024.0 / 1024;
  }
}
