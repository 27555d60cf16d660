package dev.keybroker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;

/// `target/keybroker-proto.zip` is complete: protoc compiles it with nothing else.
class ContractZipIT {
  private static final Path ZIP = Path.of("target/keybroker-proto.zip");

  @Test
  void everyFile_compilesWithTheOthersAlone() throws Exception {
    Path folder =
        Files.createTempDirectory(Files.createDirectories(Path.of("target/contract-zip")), "run-")
            .toAbsolutePath();
    Set<String> files = unzip(folder);
    try (Stream<Path> contract = Files.list(Path.of("proto/keybroker/v1"))) {
      contract
          .map(file -> "keybroker/v1/" + file.getFileName())
          .forEach(name -> assertTrue(files.contains(name), name));
    }
    Path descriptors = folder.resolve("descriptors");
    List<String> command =
        new ArrayList<>(List.of(protoc().toString(), "-I.", "--descriptor_set_out=" + descriptors));
    files.stream().filter(name -> name.endsWith(".proto")).forEach(command::add);
    Path output = folder.resolve("output");
    Process process =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    assertTrue(process.waitFor(60, TimeUnit.SECONDS));
    assertEquals("", Files.readString(output));
    assertEquals(0, process.exitValue());
    assertTrue(Files.size(descriptors) > 0);
  }

  private static Set<String> unzip(Path folder) throws IOException {
    Set<String> files = new TreeSet<>();
    try (InputStream in = Files.newInputStream(ZIP);
        ZipInputStream zip = new ZipInputStream(in)) {
      for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
        if (!entry.isDirectory()) {
          Path file = folder.resolve(entry.getName());
          Files.createDirectories(file.getParent());
          Files.copy(zip, file);
          files.add(entry.getName());
        }
      }
    }
    return files;
  }

  /// The one that the build itself uses.
  private static Path protoc() throws IOException {
    try (Stream<Path> target = Files.list(Path.of("target"))) {
      return target
          .filter(file -> file.getFileName().toString().startsWith("com.google.protobuf-protoc-"))
          .findFirst()
          .orElseThrow()
          .toAbsolutePath();
    }
  }
}
