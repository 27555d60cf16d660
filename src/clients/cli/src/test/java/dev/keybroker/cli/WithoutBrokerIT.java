package dev.keybroker.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import dev.keybroker.client.Dek;
import dev.keybroker.client.RecordingHeader;
import dev.keybroker.client.RecordingWriter;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** What the command does without a broker. */
class WithoutBrokerIT {
  private static final String KEYSTORE = "tenants/demo/keystores/calls";
  private static final String NOBODY = "127.0.0.1:1";

  @TempDir Path folder;
  private Command command;

  @BeforeEach
  void command() {
    command = new Command(folder);
  }

  private Path recording(String name, boolean hidden) throws Exception {
    Path file = folder.resolve(name);
    try (Dek dek = Dek.random();
        OutputStream out = Files.newOutputStream(file)) {
      RecordingHeader.Builder header =
          RecordingHeader.builder(KEYSTORE, new byte[100])
              .context(Map.of("recording", "r-1"))
              .mediaType("audio/wav")
              .metadata(Map.of("agent", "x\u001b[2J"));
      if (hidden) {
        header.hideContext();
      }
      new RecordingWriter(out, header.build(dek), dek).close();
    }
    return file;
  }

  @Test
  void wrongUsage_exitsWith2_andQuotesNoContext() throws Exception {
    command.run().exits(ExitCode.USAGE);
    command.run("play").exits(ExitCode.USAGE);
    command.run("encrypt").exits(ExitCode.USAGE);
    for (String pair : List.of("secret", "=secret")) {
      Command.Run run =
          command.run("encrypt", "--keystore", KEYSTORE, "--context", pair).exits(ExitCode.USAGE);
      assertTrue(run.error().contains("--context is KEY=VALUE"), run.error());
      assertFalse(run.error().contains("secret"), run.error());
    }
    command.run("verify", "--plaintext", "--token-file", "x").exits(ExitCode.USAGE);
    command.run("verify", "--certificate", "x").exits(ExitCode.USAGE);
    command.run("rewrap").exits(ExitCode.USAGE);
    Command.Run failure =
        command.run("verify", "--certificate", "x", "--json").exits(ExitCode.USAGE);
    assertEquals(2, json(failure.error()).get("exit_code").getAsInt());
  }

  @Test
  void helpAndVersion_exitWith0() throws Exception {
    assertTrue(command.run("--help").exits(ExitCode.DONE).text().contains("Exit codes:"));
    assertTrue(command.run("rewrap", "--help").exits(ExitCode.DONE).text().contains("--report"));
    String version = command.run("--version").exits(ExitCode.DONE).text();
    assertTrue(version.matches("keybroker \\d+\\.\\d+\\.\\d+\\S*\\R"), version);
  }

  @Test
  void inspect_printsTheHeader_withoutControlCharacters() throws Exception {
    Path file = recording("call.kbr", false);
    String text = command.run("inspect", file.toString()).exits(ExitCode.DONE).text();
    assertTrue(text.contains(KEYSTORE) && text.contains("recording=r-1"), text);
    assertTrue(text.contains("agent=x?[2J"), text);
    assertEquals(
        text.lines().skip(1).toList(),
        command.run(file, "inspect").exits(ExitCode.DONE).text().lines().skip(1).toList());
  }

  @Test
  void inspect_asJson_hasTheFields() throws Exception {
    JsonObject shown =
        json(command.run("inspect", "--json", recording("a", false).toString()).exits(0).text());
    assertEquals("audio/wav", shown.get("media_type").getAsString());
    assertEquals("r-1", shown.getAsJsonObject("encryption_context").get("recording").getAsString());
    JsonObject hidden =
        json(command.run("inspect", "--json", recording("b", true).toString()).exits(0).text());
    assertTrue(hidden.get("context_hidden").getAsBoolean());
    assertFalse(hidden.has("encryption_context"));
  }

  @Test
  void fileThatIsNoRecording_exitsWith1_andAMissingOneWith5() throws Exception {
    Path other = Files.writeString(folder.resolve("other.wav"), "RIFF and so on");
    Command.Run refused =
        command.run("inspect", "--json", other.toString()).exits(ExitCode.RECORDING_REFUSED);
    assertEquals("FORMAT", json(refused.error()).get("reason").getAsString());
    Command.Run missing = command.run("inspect", "missing.kbr").exits(ExitCode.FILE_ERROR);
    assertTrue(missing.error().contains("missing.kbr: no such file"), missing.error());
    command
        .run("inspect", recording("good", false).toString(), other.toString(), "missing.kbr")
        .exits(ExitCode.FILE_ERROR);
  }

  @Test
  void brokerThatIsAway_exitsWith4_andLeavesNoFile() throws Exception {
    Path in = Files.writeString(folder.resolve("call.wav"), "sound");
    String[] encrypt = {
      "encrypt", "--plaintext", "--broker", NOBODY, "--keystore", KEYSTORE, "call.wav", "call.kbr"
    };
    Command.Run away = command.run(encrypt).exits(ExitCode.BROKER_AWAY);
    assertTrue(away.error().contains("UNAVAILABLE"), away.error());
    command
        .run("decrypt", "--plaintext", "--broker", NOBODY, recording("a", false).toString(), "b")
        .exits(ExitCode.BROKER_AWAY);
    assertEquals(List.of("a", "call.wav", "nothing"), Command.names(folder));
    assertEquals("sound", Files.readString(in));
  }

  @Test
  void resultsThatCannotBeWritten_areAFailure() throws Exception {
    recording("call.kbr", false);
    for (String results : List.of("inspect call.kbr", "inspect --json call.kbr", "--version")) {
      Command.Run run = command.shell("keybroker " + results + " > /dev/full");
      run.exits(ExitCode.FILE_ERROR);
      assertTrue(run.error().contains("standard output could not be written"), run.error());
    }
    Command.Run folderInstead = command.run("inspect", ".").exits(ExitCode.FILE_ERROR);
    assertTrue(folderInstead.error().contains(".: Is a directory"), folderInstead.error());
  }

  @Test
  void completion_isAScriptOfBash() throws Exception {
    command
        .shell("keybroker generate-completion > completion.sh && bash -n completion.sh")
        .exits(ExitCode.DONE);
    assertTrue(Files.readString(folder.resolve("completion.sh")).contains("--media-type"));
  }

  static boolean isManBuilt() {
    return Files.exists(Path.of("target/generated-docs"));
  }

  @Test
  @EnabledIf("isManBuilt") // With -Pman, as in CI.
  void manPages_areBuiltForEachCommand() throws Exception {
    List<String> pages = Command.names(Path.of("target/generated-docs"));
    for (String name : List.of("", "-encrypt", "-decrypt", "-inspect", "-rewrap", "-verify")) {
      assertTrue(pages.contains("keybroker" + name + ".1"), pages.toString());
    }
    String page = Files.readString(Path.of("target/generated-docs/keybroker-rewrap.1"));
    assertTrue(page.contains(".TH \"KEYBROKER\\-REWRAP\" \"1\""), page);
    assertTrue(Files.readString(Path.of("target/keybroker_completion.sh")).contains("keybroker"));
  }

  private static JsonObject json(String line) {
    return JsonParser.parseString(line).getAsJsonObject();
  }
}
