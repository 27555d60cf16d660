package dev.keybroker.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.access.AccessConfig;
import dev.keybroker.access.AccessPolicy;
import dev.keybroker.access.Caller;
import dev.keybroker.access.Permission;
import dev.keybroker.access.Target;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.runtime.LaunchMode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class AccessRulesTest {
  @TempDir Path folder;

  private record TestAccessConfig(Optional<Path> file, Duration reloadEvery)
      implements AccessConfig {}

  private static AccessPolicy policy(Optional<Path> file, boolean insecure, LaunchMode mode) {
    return AccessRules.policy(
        new TestAccessConfig(file, Duration.ofSeconds(5)),
        insecure,
        mode,
        Clock.systemUTC(),
        new SimpleMeterRegistry());
  }

  @Test
  void noFile_inProduction_refusesToStart() {
    String message =
        assertThrows(
                IllegalStateException.class,
                () -> policy(Optional.empty(), false, LaunchMode.NORMAL))
            .getMessage();

    assertTrue(message.startsWith("keybroker.access.file is not set"), message);
  }

  @Test
  void noFile_ofAnInsecureBroker_allowsEverything() {
    assertSame(AccessPolicy.OPEN, policy(Optional.empty(), true, LaunchMode.NORMAL));
  }

  @ParameterizedTest
  @EnumSource(names = {"DEVELOPMENT", "TEST"})
  void noFile_inDevAndTestMode_allowsEverything(LaunchMode mode) {
    assertSame(AccessPolicy.OPEN, policy(Optional.empty(), false, mode));
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void brokenFile_refusesToStart(boolean insecure) throws IOException {
    Path file = Files.writeString(folder.resolve("access.yaml"), "version: 1\ngrant: []\n");

    assertEquals(
        "keybroker.access.file: %s is not a valid access file: line 2: unknown key \"grant\""
            .formatted(file),
        assertThrows(
                IllegalStateException.class,
                () -> policy(Optional.of(file), insecure, LaunchMode.NORMAL))
            .getMessage());
  }

  @Test
  void missingFile_refusesToStart() {
    Path file = folder.resolve("access.yaml");

    assertEquals(
        "keybroker.access.file: %s is not a valid access file: cannot be read: NoSuchFileException"
            .formatted(file),
        assertThrows(
                IllegalStateException.class,
                () -> policy(Optional.of(file), false, LaunchMode.NORMAL))
            .getMessage());
  }

  @Test
  void file_countsInAnInsecureBrokerToo() throws IOException {
    Path file = Files.writeString(folder.resolve("access.yaml"), "version: 1\ngrants: []\n");

    assertFalse(
        policy(Optional.of(file), true, LaunchMode.TEST)
            .allows(Caller.ANONYMOUS, Permission.DEK_WRAP, new Target("acme", "calls")));
  }
}
