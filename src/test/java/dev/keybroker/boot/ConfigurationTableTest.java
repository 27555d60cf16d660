package dev.keybroker.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import io.smallrye.config.ConfigMapping;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/// The reference table of `src/docs/configuration.md` is what the code says. After a change of a
/// setting: `./mvnw test -Dtest=ConfigurationTableTest -Dupdate-docs`.
class ConfigurationTableTest {
  private static final Path DOCUMENT = Path.of("src/docs/configuration.md");
  private static final String MARK = "<!-- Generated from here on: ";

  @Test
  void reference_ofTheSettings_isWhatTheCodeSays() throws IOException {
    String document = Files.readString(DOCUMENT);
    int mark = document.indexOf(MARK);
    assertTrue(mark > 0, "no mark in " + DOCUMENT);
    int generated = document.indexOf('\n', mark) + 1;
    String expected = "\n" + ConfigurationTable.render();

    if (System.getProperty("update-docs") != null) {
      Files.writeString(DOCUMENT, document.substring(0, generated) + expected);
    } else {
      assertEquals(
          expected,
          document.substring(generated),
          "run ./mvnw test -Dtest=ConfigurationTableTest -Dupdate-docs");
    }
  }

  @Test
  void startUpChecks_coverEveryInterfaceOfTheReference() {
    assertEquals(
        new ClassFileImporter(List.of(new ImportOption.DoNotIncludeTests()))
            .importPackages("dev.keybroker").stream()
                .filter(it -> it.isAnnotatedWith(ConfigMapping.class))
                .map(JavaClass::getName)
                .collect(Collectors.toSet()),
        AllSettings.INTERFACES.stream().map(Class::getName).collect(Collectors.toSet()));
  }
}
