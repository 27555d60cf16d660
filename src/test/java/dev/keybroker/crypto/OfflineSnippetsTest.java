package dev.keybroker.crypto;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Runs the snippet of `src/docs` that wraps without the broker, and unwraps what it prints.
class OfflineSnippetsTest {

  private static final Path SNIPPETS = Path.of("src/docs/snippets").toAbsolutePath();
  private static final Map<String, String> CONTEXT =
      Map.of("recording", "a=1", "\uFF5E", "x", "\uD83D\uDE00", "é", "empty", "");

  @SuppressWarnings("NullAway.Init")
  @TempDir
  static Path programs;

  @SuppressWarnings("NullAway.Init")
  @TempDir
  Path folder;

  @ParameterizedTest
  @EnumSource
  void go_anySpec_unwraps(KeyPairSpec spec) throws Exception {
    assumeTrue(runs("go", "doc", "crypto/ecdh"), "no Go 1.20 or newer");
    Path program = programs.resolve("wrap_offline");
    if (!Files.exists(program)) {
      String source = SNIPPETS.resolve("wrap_offline.go").toString();
      output(List.of("go", "build", "-o", program.toString(), source), "");
    }
    assertUnwraps(spec, List.of(program.toString()));
  }

  @Test
  void pair_withoutEquals_isNamedByItsPlace() throws Exception {
    assumeTrue(runs("go", "doc", "crypto/ecdh"), "no Go 1.20 or newer");
    List<String> program = List.of("go", "run", SNIPPETS.resolve("wrap_offline.go").toString());
    assertRefused(program, "pair 2 of 2 has no '=': give KEY=VALUE", "secret");
    assertRefused(program, "pair 2 of 2 has no key", "=secret");
    assertRefused(program, "pair 2 of 2 has the same key as one before it", "key=secret");
  }

  private void assertRefused(List<String> program, String message, String pair) throws Exception {
    List<String> command = new ArrayList<>(program);
    command.addAll(List.of("RSA_3072", "kek", "no-file", "key=value", pair));
    Path err = folder.resolve("err");
    Path none = Files.writeString(folder.resolve("none"), "");
    Process process = start(command, none, folder.resolve("out"), err);
    assertTrue(process.waitFor(2, TimeUnit.MINUTES));
    assertNotEquals(0, process.exitValue());
    assertTrue(read(err).contains(message), () -> read(err));
    assertFalse(read(err).contains("secret"), () -> read(err));
    assertEquals("", read(folder.resolve("out")));
  }

  private void assertUnwraps(KeyPairSpec spec, List<String> program) throws Exception {
    byte[] spki = TestKeks.publicKek(TestKeks.detected(), spec).subjectPublicKeyInfo();
    SecretBytes dek = SecretBytes.random(32, new SecureRandom());
    Base64.Encoder lines = Base64.getMimeEncoder(64, new byte[] {'\n'});
    // Both forms in which the programs read a key.
    String publicKey =
        spec.encapsulation() == Encapsulation.HPKE
            ? "-----BEGIN PUBLIC KEY-----\n"
                + lines.encodeToString(spki)
                + "\n-----END PUBLIC KEY-----\n"
            : Base64.getEncoder().encodeToString(spki);
    Path file = Files.writeString(folder.resolve("public-key"), publicKey);
    List<String> command = new ArrayList<>(program);
    command.add(spec.name());
    command.add("tenants/demo/keystores/calls/keks/" + TestKeks.KEK_ID);
    command.add(file.toString());
    CONTEXT.forEach((key, value) -> command.add(key + "=" + value));

    byte[] wrapped =
        Base64.getDecoder()
            .decode(output(command, HexFormat.of().formatHex(dek.toByteArray()) + "\n").strip());

    for (CryptoProvider provider : TestKeks.providers()) {
      SecretBytes unwrapped =
          TestKeks.wrapping(provider)
              .unwrap(
                  TestKeks.KEK_ID,
                  TestKeks.privateKek(provider, spec),
                  wrapped,
                  EncryptionContext.of(CONTEXT));
      assertArrayEquals(dek.toByteArray(), unwrapped.toByteArray(), provider::name);
    }
  }

  private String output(List<String> command, String input) throws Exception {
    Path in = Files.writeString(folder.resolve("dek.hex"), input);
    Path out = folder.resolve("out");
    Path err = folder.resolve("err");
    Process process = start(command, in, out, err);
    assertTrue(process.waitFor(2, TimeUnit.MINUTES));
    assertEquals(0, process.exitValue(), () -> read(err));
    return read(out);
  }

  private boolean runs(String... command) throws Exception {
    Path none = Files.writeString(folder.resolve("none"), "");
    try {
      Process process = start(List.of(command), none, folder.resolve("out"), folder.resolve("err"));
      return process.waitFor(2, TimeUnit.MINUTES) && process.exitValue() == 0;
    } catch (IOException notInstalled) {
      return false;
    }
  }

  private Process start(List<String> command, Path in, Path out, Path err) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectInput(in.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().put("LC_ALL", "C.UTF-8");
    return builder.start();
  }

  private static String read(Path file) {
    try {
      return Files.readString(file, UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
