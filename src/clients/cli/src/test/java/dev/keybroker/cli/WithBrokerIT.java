package dev.keybroker.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.keybroker.client.RecordingHeader;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/**
 * The command against a running broker: {@code KEYBROKER_ADDRESS} and {@code KEYBROKER_KEYSTORES},
 * two or more of one tenant and separated by commas, name it.
 */
@EnabledIfEnvironmentVariable(named = "KEYBROKER_ADDRESS", matches = ".+")
class WithBrokerIT {
  private static final String ADDRESS = System.getenv("KEYBROKER_ADDRESS");
  private static final FileTime LONG_AGO = FileTime.from(Instant.parse("2026-01-02T03:04:05Z"));

  @TempDir Path folder;
  private Command command;
  private byte[] sound;

  private static String keystore(int index) {
    return System.getenv("KEYBROKER_KEYSTORES").split(",")[index];
  }

  @BeforeEach
  void sound() throws Exception {
    command = new Command(folder);
    sound = new byte[200_000];
    new Random(1).nextBytes(sound);
    Files.write(folder.resolve("call.wav"), sound);
  }

  private static String[] with(String name, String... rest) {
    List<String> arguments = new ArrayList<>(List.of(name, "--plaintext", "--broker", ADDRESS));
    // Patience with a busy machine.
    arguments.addAll(List.of("--deadline", "60"));
    arguments.addAll(List.of(rest));
    return arguments.toArray(String[]::new);
  }

  private Path encrypted(String name) throws Exception {
    command
        .run(with("encrypt", "--keystore", keystore(0), "--context", "r=1", "call.wav", name))
        .exits(ExitCode.DONE);
    return folder.resolve(name);
  }

  private static RecordingHeader header(Path file) throws Exception {
    try (InputStream in = Files.newInputStream(file)) {
      return RecordingHeader.read(in);
    }
  }

  @Test
  void files_areEncryptedAndDecrypted() throws Exception {
    Path file = encrypted("call.kbr");
    command.run(with("decrypt", "--context", "r=1", "call.kbr", "again.wav")).exits(ExitCode.DONE);
    assertArrayEquals(sound, Files.readAllBytes(folder.resolve("again.wav")));
    JsonObject verified =
        json(command.run(with("verify", "--json", "call.kbr")).exits(ExitCode.DONE).text());
    assertEquals(sound.length, verified.get("plaintext_size").getAsInt());
    assertEquals(header(file).fileSize(sound.length), Files.size(file));
    assertEquals(List.of("again.wav", "call.kbr", "call.wav", "nothing"), Command.names(folder));
  }

  @Test
  void pipes_areEncryptedAndDecrypted_andNothingElseIsPrinted() throws Exception {
    Command.Run encrypted =
        command.run(folder.resolve("call.wav"), with("encrypt", "--keystore", keystore(1)));
    assertEquals("", encrypted.exits(ExitCode.DONE).error());
    Path file = Files.write(folder.resolve("piped.kbr"), encrypted.output());
    Command.Run decrypted = command.run(file, with("decrypt", "--json"));
    assertArrayEquals(sound, decrypted.exits(ExitCode.DONE).output());
    assertTrue(json(decrypted.error()).get("complete").getAsBoolean());
  }

  @Test
  void cutRecording_isRefused_afterItsAuthenticStart() throws Exception {
    Path file = encrypted("call.kbr");
    try (RandomAccessFile cut = new RandomAccessFile(file.toFile(), "rw")) {
      cut.setLength(header(file).size() + 2 * 65_536);
    }
    Command.Run piped = command.run(file, with("decrypt"));
    piped.exits(ExitCode.RECORDING_REFUSED);
    assertTrue(piped.error().contains("incomplete"), piped.error());
    assertArrayEquals(Arrays.copyOf(sound, 65_536 - 56), piped.output());

    command.run(with("decrypt", "call.kbr", "out.wav")).exits(ExitCode.RECORDING_REFUSED);
    command.run(with("verify", "call.kbr")).exits(ExitCode.RECORDING_REFUSED);
    assertEquals(List.of("call.kbr", "call.wav", "nothing"), Command.names(folder));

    Command.Run recovered = command.run(with("decrypt", "--recover", "call.kbr", "out.wav"));
    recovered.exits(ExitCode.DONE);
    assertTrue(recovered.error().contains("incomplete; 131000 bytes"), recovered.error());
    assertArrayEquals(Arrays.copyOf(sound, 131_000), Files.readAllBytes(folder.resolve("out.wav")));
  }

  @Test
  void changedSegment_isNotWritten() throws Exception {
    Path file = encrypted("call.kbr");
    byte[] bytes = Files.readAllBytes(file);
    bytes[header(file).size() + 65_536 + 100] ^= 1;
    Files.write(file, bytes);
    Command.Run piped = command.run(file, with("decrypt"));
    piped.exits(ExitCode.RECORDING_REFUSED);
    assertArrayEquals(Arrays.copyOf(sound, 65_536 - 56), piped.output());
  }

  @Test
  void existingOutput_isKept_unlessForced() throws Exception {
    encrypted("call.kbr");
    Path other = Files.writeString(folder.resolve("other.wav"), "other");
    Command.Run refused = command.run(with("decrypt", "call.kbr", "other.wav"));
    refused.exits(ExitCode.FILE_ERROR);
    assertTrue(refused.error().contains("--force"), refused.error());
    assertEquals("other", Files.readString(other));
    command.run(with("decrypt", "--force", "call.kbr", "other.wav")).exits(ExitCode.DONE);
    assertArrayEquals(sound, Files.readAllBytes(other));
  }

  @Test
  void anotherContext_exitsWith1_andAnUnknownKeystoreWith3() throws Exception {
    encrypted("call.kbr");
    Command.Run refused = command.run(with("decrypt", "--context", "r=2", "--json", "call.kbr"));
    refused.exits(ExitCode.RECORDING_REFUSED);
    assertEquals("CONTEXT", json(refused.error()).get("reason").getAsString());
    Command.Run unknown =
        command.run(with("encrypt", "--json", "--keystore", "tenants/no/keystores/no"));
    unknown.exits(ExitCode.CALL_REFUSED);
    assertEquals("KEYSTORE_NOT_FOUND", json(unknown.error()).get("reason").getAsString());
  }

  @Test
  void brokersAway_recordingGoesOnUnderAStoredKek_withinTheBound() throws Exception {
    command
        .run(
            with(
                "encrypt", "--keystore", keystore(0), "--public-keks", "keks", "call.wav", "a.kbr"))
        .exits(ExitCode.DONE);
    Path stored = folder.resolve("keks").resolve(Command.names(folder.resolve("keks")).get(0));
    // Not fresh any more.
    Files.writeString(
        stored,
        Files.readString(stored).replaceAll("(?m)^refresh=.*", "refresh=2026-01-02T03:04:05Z"));
    String[] away = {
      "encrypt",
      "--plaintext",
      "--broker",
      "127.0.0.1:1",
      "--keystore",
      keystore(0),
      "--public-keks",
      "keks",
      "--offline",
      "3600",
      "call.wav",
      "b.kbr"
    };
    command.run(away).exits(ExitCode.DONE);
    command.run(with("decrypt", "b.kbr", "b.wav")).exits(ExitCode.DONE);
    assertArrayEquals(sound, Files.readAllBytes(folder.resolve("b.wav")));
    away[Arrays.asList(away).indexOf("3600")] = "0";
    away[away.length - 1] = "c.kbr";
    command.run(away).exits(ExitCode.BROKER_AWAY);
  }

  @Test
  void optionsFromAFile_areRead() throws Exception {
    Files.writeString(folder.resolve("options.txt"), "--context r=1\n--media-type audio/wav\n");
    command
        .run(with("encrypt", "--keystore", keystore(0), "@options.txt", "call.wav", "call.kbr"))
        .exits(ExitCode.DONE);
    RecordingHeader header = header(folder.resolve("call.kbr"));
    assertEquals(Map.of("r", "1"), header.context().orElseThrow());
    assertEquals("audio/wav", header.mediaType().orElseThrow());
  }

  @Test
  void filesThatCannotBeReadOrWritten_areNamed_andNothingIsLeftBehind() throws Exception {
    encrypted("call.kbr");
    Files.createDirectory(folder.resolve("folder"));
    List<String> before = Command.names(folder);
    for (String[] failure :
        new String[][] {
          {"decrypt", "folder", "out.wav", "folder: Is a directory"},
          {"decrypt", "missing.kbr", "out.wav", "missing.kbr: no such file"},
          {"decrypt", "call.kbr", "folder", "folder: it is a folder"},
          {"decrypt", "call.kbr", "none/out.wav", "none/out.wav: its folder does not exist"},
          {"decrypt", "call.kbr", "call.wav/out.wav", "call.wav/out.wav: it cannot be created"},
          {"decrypt", "call.kbr", "/dev/null", "/dev/null: not a regular file"},
          {"encrypt", "folder", "out.kbr", "folder: Is a directory"},
          {"encrypt", "missing.wav", "out.kbr", "missing.wav: no such file"},
          {"encrypt", "call.wav", "none/out.kbr", "none/out.kbr: its folder does not exist"}
        }) {
      List<String> arguments = new ArrayList<>(List.of(with(failure[0], failure[1], failure[2])));
      if (failure[0].equals("encrypt")) {
        arguments.addAll(List.of("--keystore", keystore(0)));
      }
      Command.Run run = command.run(arguments.toArray(String[]::new)).exits(ExitCode.FILE_ERROR);
      assertTrue(run.error().contains("keybroker: " + failure[3]), run.error());
    }
    Command.Run empty = command.run(with("decrypt", "nothing", "out.wav"));
    empty.exits(ExitCode.RECORDING_REFUSED);
    assertTrue(empty.error().contains("nothing: the file is not a recording"), empty.error());
    Command.Run asJson = command.run(with("decrypt", "--json", "nothing", "out.wav"));
    assertEquals("nothing", json(asJson.error()).get("file").getAsString());
    assertEquals(before, Command.names(folder));
  }

  @Test
  void outputThatTakesNoMore_isAFailure() throws Exception {
    encrypted("call.kbr");
    String script =
        """
        options=(--plaintext --deadline 60 --broker "$BROKER")
        full() { "$@" > /dev/full 2>> errors || echo "exits with $?" >> errors; }
        full keybroker decrypt "${options[@]}" call.kbr
        full keybroker encrypt "${options[@]}" --keystore "$KEYSTORE" call.wav
        full keybroker verify "${options[@]}" call.kbr
        keybroker decrypt "${options[@]}" call.kbr | head -c 10 > start
        """;
    Command.Run run = command.shell(script, "BROKER", ADDRESS, "KEYSTORE", keystore(0));
    run.exits(ExitCode.FILE_ERROR);
    assertTrue(run.error().contains("standard output: Broken pipe"), run.error());
    assertEquals(
        List.of(
            "keybroker: standard output: No space left on device",
            "exits with 5",
            "keybroker: standard output: No space left on device",
            "exits with 5",
            "keybroker: the standard output could not be written",
            "exits with 5"),
        // The JVM may warn besides.
        Files.readAllLines(folder.resolve("errors")).stream()
            .filter(line -> line.matches("(keybroker: |exits ).*"))
            .toList());
    assertArrayEquals(Arrays.copyOf(sound, 10), Files.readAllBytes(folder.resolve("start")));
  }

  @Test
  void nameOfTheGreatestLength_isWrittenAndRewrapped() throws Exception {
    String name = "n".repeat(251) + ".kbr";
    encrypted(name);
    command
        .run(with("rewrap", "--min-age", "0", "--destination", keystore(1), name))
        .exits(ExitCode.DONE);
    String plaintext = "p".repeat(255);
    command.run(with("decrypt", name, plaintext)).exits(ExitCode.DONE);
    assertArrayEquals(sound, Files.readAllBytes(folder.resolve(plaintext)));
  }

  @Test
  void nameBeyondAscii_isRewrapped_whateverTheLocale() throws Exception {
    encrypted("call.kbr");
    String script =
        """
        mkdir archive && mv call.kbr $'archive/\\303\\251.kbr'
        LC_ALL=C keybroker rewrap --plaintext --deadline 60 --broker "$BROKER" --min-age 0 \
          --destination "$KEYSTORE" archive
        """;
    Command.Run run = command.shell(script, "BROKER", ADDRESS, "KEYSTORE", keystore(1));
    assertTrue(run.exits(ExitCode.DONE).text().contains("1 rewrapped"), run.text());
  }

  @Test
  void hundredsOfMegabytes_passInConstantMemory() throws Exception {
    // The heap has 64 MiB.
    command
        .shell(
            "head -c 300000000 /dev/zero | keybroker encrypt --plaintext --deadline 60"
                + " --broker \"$BROKER\" --keystore \"$KEYSTORE\" |"
                + " keybroker decrypt --plaintext --deadline 60 --broker \"$BROKER\" | cksum",
            "BROKER",
            ADDRESS,
            "KEYSTORE",
            keystore(0))
        .exits(ExitCode.DONE);
  }

  @Test
  void archive_isRewrapped_onlyItsRecordings_andASecondRunHasNothingToDo() throws Exception {
    Path archive = Files.createDirectories(folder.resolve("archive/2026"));
    List<byte[]> bodies = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      Path file = Files.move(encrypted("call.kbr"), archive.resolve(i + ".kbr"));
      Files.setLastModifiedTime(file, LONG_AGO);
      Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r-----"));
      bodies.add(body(file));
    }
    Path plain = Files.copy(folder.resolve("call.wav"), archive.resolve("old.wav"));
    RecordingHeader before = header(archive.resolve("0.kbr"));
    Files.delete(archive.resolve("4.kbr"));
    Files.createSymbolicLink(archive.resolve("link.kbr"), Path.of("3.kbr"));

    String[] rewrap =
        with("rewrap", "--destination", keystore(1), "--check", "--report", "report", "archive");
    assertEquals(
        "4 rewrapped, 0 under the ACTIVE KEK already, 0 failed",
        command.run(rewrap).exits(ExitCode.DONE).text().strip());

    for (int i = 0; i < 4; i++) {
      Path file = archive.resolve(i + ".kbr");
      assertEquals(keystore(1), header(file).keystore());
      assertArrayEquals(bodies.get(i), body(file));
      assertEquals(LONG_AGO, Files.getLastModifiedTime(file));
      assertEquals("r--r-----", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    }
    assertTrue(Files.isSymbolicLink(archive.resolve("link.kbr")));
    assertFalse(Arrays.equals(before.wrappedDek(), header(archive.resolve("0.kbr")).wrappedDek()));
    assertArrayEquals(sound, Files.readAllBytes(plain));
    assertEquals(
        List.of("0.kbr", "1.kbr", "2.kbr", "3.kbr", "link.kbr", "old.wav"), Command.names(archive));
    command.run(with("verify", "--context", "r=1", "archive/2026/0.kbr")).exits(ExitCode.DONE);

    assertEquals(
        "0 rewrapped, 4 under the ACTIVE KEK already, 0 failed",
        command.run(rewrap).exits(ExitCode.DONE).text().strip());
    List<String> report = Files.readAllLines(folder.resolve("report"));
    assertEquals(8, report.size());
    JsonObject first = json(report.get(0));
    assertEquals("rewrapped", first.get("status").getAsString());
    assertTrue(first.get("from").getAsString().startsWith(keystore(0) + "/keks/"));
    assertTrue(first.get("to").getAsString().startsWith(keystore(1) + "/keks/"));
  }

  private static byte[] body(Path file) throws Exception {
    byte[] bytes = Files.readAllBytes(file);
    return Arrays.copyOfRange(bytes, header(file).size(), bytes.length);
  }

  @Test
  void failuresOfSomeRecordings_areReported_andTheOthersAreRewrapped() throws Exception {
    Path good = encrypted("good.kbr");
    Path recent = encrypted("recent.kbr");
    Path changed = encrypted("changed.kbr");
    byte[] bytes = Files.readAllBytes(changed);
    bytes[header(changed).size() - 1] ^= 1;
    Files.write(changed, bytes);
    for (Path file : List.of(good, changed)) {
      Files.setLastModifiedTime(file, LONG_AGO);
    }
    byte[] recentBytes = Files.readAllBytes(recent);
    Files.writeString(folder.resolve("list"), "good.kbr\nrecent.kbr\nchanged.kbr\nmissing.kbr\n");

    Command.Run run =
        command.run(
            with(
                "rewrap",
                "--json",
                "--destination",
                keystore(1),
                "--files-from",
                "list",
                "--report",
                "report"));
    run.exits(ExitCode.FILE_ERROR);

    assertEquals(keystore(1), header(good).keystore());
    assertArrayEquals(recentBytes, Files.readAllBytes(recent));
    assertArrayEquals(bytes, Files.readAllBytes(changed));
    assertEquals(1, run.text().lines().count());
    assertEquals(3, run.error().lines().count(), run.error());
    String report = Files.readString(folder.resolve("report"));
    assertEquals(4, report.lines().count());
    assertTrue(report.contains("WRAPPED_DEK_NOT_AUTHENTIC"), report);
    assertTrue(report.contains("a recorder may still write to it"), report);
    assertTrue(report.contains("missing.kbr: no such file"), report);
    assertFalse(Command.names(folder).toString().contains(".tmp"));
    command
        .run(with("rewrap", "--min-age", "0", "--destination", keystore(1), "recent.kbr"))
        .exits(ExitCode.DONE);
    assertEquals(keystore(1), header(recent).keystore());
  }

  @Test
  void fileThatCannotBeRead_stopsNoOther_andALinkToAFolderIsEntered() throws Exception {
    Path archive = Files.createDirectory(folder.resolve("archive"));
    Path good = Files.move(encrypted("call.kbr"), archive.resolve("good.kbr"));
    // Its first byte cannot be read, even by root.
    Files.createSymbolicLink(archive.resolve("bad.kbr"), Path.of("/proc/self/mem"));
    Files.createSymbolicLink(folder.resolve("link"), archive);
    // What a process that was killed leaves behind is no recording.
    Path left = Files.copy(good, archive.resolve(".keybroker.1.tmp"));
    Command.Run run =
        command.run(with("rewrap", "--min-age", "0", "--destination", keystore(1), "link"));
    run.exits(ExitCode.FILE_ERROR);
    assertEquals("1 rewrapped, 0 under the ACTIVE KEK already, 1 failed", run.text().strip());
    assertTrue(run.error().contains("bad.kbr: Input/output error"), run.error());
    assertEquals(keystore(1), header(good).keystore());
    assertEquals(keystore(0), header(left).keystore());

    command.shell("mkfifo pipe").exits(ExitCode.DONE);
    Command.Run pipe = command.run(with("rewrap", "pipe")).exits(ExitCode.FILE_ERROR);
    assertTrue(pipe.error().contains("pipe: not a regular file"), pipe.error());
  }

  private List<Path> archive(int count) throws Exception {
    Path archive = Files.createDirectory(folder.resolve("archive"));
    Path file = encrypted("call.kbr");
    List<Path> files = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Path copy = Files.copy(file, archive.resolve(i + ".kbr"));
      Files.setLastModifiedTime(copy, LONG_AGO);
      files.add(copy);
    }
    return files;
  }

  private void assertMoved(List<Path> files) throws Exception {
    byte[] body = body(folder.resolve("call.kbr"));
    for (Path file : files) {
      assertEquals(keystore(1), header(file).keystore());
      assertArrayEquals(body, body(file));
    }
    assertEquals(files.size(), Command.names(folder.resolve("archive")).size());
    command
        .run(with("verify", files.get(0).toString(), files.get(files.size() - 1).toString()))
        .exits(ExitCode.DONE);
  }

  @Test
  void runThatWasStopped_isContinuedByTheSameCommand() throws Exception {
    List<Path> files = archive(1_000);
    Path report = Files.createFile(folder.resolve("report"));
    String[] rewrap = with("rewrap", "--destination", keystore(1), "--report", "report", "archive");
    List<String> arguments = new ArrayList<>(Command.keybroker());
    arguments.addAll(List.of(rewrap));
    Process stopped =
        new ProcessBuilder(arguments)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("stopped").toFile())
            .start();
    while (stopped.isAlive() && Files.readAllLines(report).size() < 20) {
      Thread.sleep(10);
    }
    stopped.destroy();
    stopped.waitFor();
    int before = Files.readAllLines(report).size();
    assertTrue(before >= 20 && before < files.size(), "stopped after " + before);
    assertEquals(files.size(), Command.names(folder.resolve("archive")).size());

    String summary = command.run(rewrap).exits(ExitCode.DONE).text();
    int current = Integer.parseInt(summary.replaceAll("(?s).*rewrapped, (\\d+) under.*", "$1"));
    assertTrue(current >= before - 4 && current < files.size(), summary);
    assertMoved(files);
  }

  @Test
  void recordingsThatTwoProcessesRewrap_areMovedOnce_orTwice_andStayWhole() throws Exception {
    List<Path> files = archive(200);
    String script =
        """
        move() {
          keybroker rewrap --plaintext --deadline 60 --broker "$BROKER" --destination "$KEYSTORE" archive || [ $? = 5 ]
        }
        move 2> one & move 2> two
        wait $!
        cat one two
        move
        """;
    Command.Run run = command.shell(script, "BROKER", ADDRESS, "KEYSTORE", keystore(1));
    run.exits(ExitCode.DONE);
    assertTrue(
        run.text().strip().endsWith("200 under the ACTIVE KEK already, 0 failed"), run.text());
    // One of them says so if the other was quicker.
    assertTrue(
        run.text()
            .lines()
            .filter(line -> line.startsWith("keybroker: "))
            .allMatch(line -> line.endsWith("is left as it is")),
        run.text());
    assertMoved(files);
  }

  @Test
  void sound_ofFfmpeg_isEncryptedAndDecryptedByPipes() throws Exception {
    boolean present = Command.isOnPath("ffmpeg");
    if (Boolean.parseBoolean(System.getenv("CI"))) {
      assertTrue(present, "no ffmpeg (Debian: apt-get install ffmpeg)");
    }
    Assumptions.assumeTrue(present, "no ffmpeg (Debian: apt-get install ffmpeg)");
    String script =
        """
        options=(--plaintext --deadline 60 --broker "$BROKER")
        ffmpeg -v error -f lavfi -i sine=frequency=440:duration=20:sample_rate=8000 -f wav - |
          keybroker encrypt "${options[@]}" --keystore "$KEYSTORE" --media-type audio/wav - tone.kbr
        keybroker decrypt "${options[@]}" tone.kbr | ffmpeg -v error -i - -f s16le - | wc -c
        """;
    Command.Run run = command.shell(script, "BROKER", ADDRESS, "KEYSTORE", keystore(1));
    run.exits(ExitCode.DONE);
    assertEquals(20 * 8000 * 2, Integer.parseInt(run.text().strip()));
  }

  @Test
  void progress_isShownOnATerminalOnly() throws Exception {
    Assumptions.assumeTrue(Command.isOnPath("script"), "no script (Debian: bsdutils)");
    String run =
        "'"
            + String.join("' '", Command.keybroker())
            + "' encrypt --plaintext --deadline 60 --broker "
            + ADDRESS
            + " --keystore "
            + keystore(0)
            + " big big.kbr";
    String script =
        "head -c 1000000000 /dev/zero > big\n"
            + "script -qec \"$RUN\" /dev/null < /dev/null > typed\n"
            + "rm big big.kbr\n";
    command.shell(script, "RUN", run).exits(ExitCode.DONE);
    String typed = Files.readString(folder.resolve("typed"));
    assertTrue(typed.contains("of 953 MiB"), typed);
  }

  @Test
  void tours_runAsWritten() throws Exception {
    Path root = Path.of("../../..");
    String recording =
        blocks(root.resolve("README.md"), "tour").stream()
            .filter(block -> block.contains("> recording.wav"))
            .findFirst()
            .orElseThrow();
    for (Path page : List.of(root.resolve("README.md"), Path.of("README.md"))) {
      Path fresh = Files.createTempDirectory(folder, "tour");
      String script = recording + String.join("\n", blocks(page, "cli"));
      Command.Run run =
          new Command(fresh)
              .shell(
                  script,
                  "KEYBROKER_BROKER",
                  ADDRESS,
                  "KEYSTORE",
                  keystore(0),
                  "DESTINATION",
                  keystore(1));
      run.exits(ExitCode.DONE);
      assertArrayEquals(
          Files.readAllBytes(fresh.resolve("recording.wav")),
          Files.readAllBytes(fresh.resolve("played.wav")));
      assertTrue(run.text().contains("refused"), run.text());
    }
  }

  private static List<String> blocks(Path page, String mark) throws Exception {
    List<String> blocks =
        Pattern.compile("(?ms)^```sh " + mark + "\n(.*?)^```$")
            .matcher(Files.readString(page))
            .results()
            .map(block -> block.group(1))
            .toList();
    assertFalse(blocks.isEmpty(), page + " has no block marked `sh " + mark + "`");
    return blocks;
  }

  private static JsonObject json(String line) {
    return JsonParser.parseString(line).getAsJsonObject();
  }
}
