package dev.keybroker.fuzz;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// The inputs that a target begins with. A target's `fuzzerInitialize` makes them, before libFuzzer
/// reads the folder that the property `fuzz.corpus` names.
public final class Seeds {
  private Seeds() {}

  /// Adds an input; does nothing where no folder is named, as when a finding is run again.
  public static void add(String name, byte[] input) {
    String folder = System.getProperty("fuzz.corpus");
    if (folder == null) {
      return;
    }
    try {
      Files.write(Path.of(folder, "seed-" + name), input);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /// Adds each text as an input.
  public static void add(String... texts) {
    for (int i = 0; i < texts.length; i++) {
      add("text-" + i, texts[i].getBytes(UTF_8));
    }
  }
}
