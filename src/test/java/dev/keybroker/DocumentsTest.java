package dev.keybroker;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toSet;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import dev.keybroker.v1.AuditLogGrpc;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.KeystoresGrpc;
import io.grpc.MethodDescriptor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The pages for readers point to what is there.
class DocumentsTest {
  private static final Path README = Path.of("README.md");
  private static final Path THREAT_MODEL = Path.of("src/docs/threat-model.md");
  private static final Pattern LINK = Pattern.compile("]\\((?![a-z]+:|#)([^)#]+)(?:#[^)]*)?\\)");
  private static final Pattern TEST = Pattern.compile("`(\\w+(?:Test|IT))`");

  @Test
  void links_ofAllPages_leadToFiles() throws IOException {
    Set<String> broken = new TreeSet<>();
    for (Path page : pages()) {
      Path folder = page.toAbsolutePath().getParent();
      LINK.matcher(Files.readString(page))
          .results()
          .map(link -> link.group(1))
          .filter(target -> !Files.exists(folder.resolve(target)))
          .forEach(target -> broken.add(page + " -> " + target));
    }
    assertEquals(Set.of(), broken);
  }

  @Test
  void tests_thatTheThreatModelNames_exist() throws IOException {
    Set<String> named =
        TEST.matcher(Files.readString(THREAT_MODEL))
            .results()
            .map(test -> test.group(1))
            .collect(toSet());
    assertFalse(named.isEmpty());

    named.removeAll(testClasses());

    assertEquals(Set.of(), named);
  }

  @ParameterizedTest
  @ValueSource(strings = {"src/docs/api.md", "src/docs/access.md"})
  void page_namesEveryRpc(String page) throws IOException {
    String text = Files.readString(Path.of(page));
    assertEquals(
        "",
        Stream.of(
                KeyBrokerGrpc.getServiceDescriptor(),
                KeystoresGrpc.getServiceDescriptor(),
                AuditLogGrpc.getServiceDescriptor())
            .flatMap(service -> service.getMethods().stream())
            .map(MethodDescriptor::getBareMethodName)
            .filter(rpc -> !text.contains("`" + rpc + "`"))
            .collect(joining(", ")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"src/docs", "src/docs/decisions"})
  void pages_areAllInTheIndexOfTheirFolder(String folder) throws IOException {
    String index = Files.readString(Path.of(folder, "README.md"));
    try (Stream<Path> pages = Files.list(Path.of(folder))) {
      assertEquals(
          "",
          pages
              .map(page -> page.getFileName().toString())
              .filter(name -> name.endsWith(".md") && !name.equals("README.md"))
              .filter(name -> !index.contains("(" + name + ")"))
              .collect(joining(", ")));
    }
  }

  private static Set<Path> pages() {
    Set<Path> pages = new TreeSet<>(Set.of(README));
    for (String folder : new String[] {".github", "k8s", "src/docs"}) {
      pages.addAll(files(Path.of(folder), ".md"));
    }
    return pages;
  }

  private static Set<String> testClasses() {
    return Stream.of("src/test/java", "src/clients/java/src/test/java")
        .flatMap(folder -> files(Path.of(folder), ".java").stream())
        .map(file -> file.getFileName().toString().replace(".java", ""))
        .collect(toSet());
  }

  private static Set<Path> files(Path folder, String ending) {
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(file -> file.toString().endsWith(ending)).collect(toSet());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
