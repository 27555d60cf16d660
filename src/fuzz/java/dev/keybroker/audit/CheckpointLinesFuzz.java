package dev.keybroker.audit;

import static dev.keybroker.fuzz.Property.holds;
import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.keybroker.fuzz.Seeds;
import java.util.HexFormat;
import java.util.Map;
import java.util.UUID;

/// Of any text, those are checkpoints that the broker could have written, spelled as it spells
/// them; the rest is passed over. A genuine one is found, whatever lines are around it; and what
/// another logger writes is none, whatever that says.
public final class CheckpointLinesFuzz {
  private static final UUID CHAIN = UUID.fromString("6a2f41a3-c54c-fce8-32d2-0324e1c32e22");
  private static final ChainHead HEAD = new ChainHead(4711, new byte[RecordHash.SIZE]);
  private static final String GENUINE = line(CHAIN, HEAD);
  private static final String LOGGED =
      "2026-11-22 12:00:00,123 INFO  [dev.key.aud.checkpoint] (audit) ";
  private static final String OTHER =
      "2026-11-22 12:00:00,123 WARN  [dev.key.acc.Denials] (executor-1) Denied: ";

  private CheckpointLinesFuzz() {}

  public static void fuzzerInitialize() {
    Seeds.add(
        LOGGED + GENUINE,
        LOGGED + GENUINE + " time=2026-11-22T12:00:00.123456Z",
        "[pod/keybroker-1/broker] " + LOGGED + GENUINE,
        OTHER + LOGGED + GENUINE,
        GENUINE + GENUINE,
        GENUINE.replace("4711", "9223372036854775808"),
        GENUINE.replace("6a2f41a3", "--------"),
        "{\"loggerName\":\"dev.keybroker.audit.checkpoint\",\"message\":\"" + GENUINE + "\"}",
        "{\"message\":\"" + GENUINE + "\"}\n" + GENUINE.replace("hash=0", "hash=1"));
  }

  public static void fuzzerTestOneInput(byte[] input) {
    String text = new String(input, ISO_8859_1);
    CheckpointLines checkpoints = read(text);
    for (UUID chain : checkpoints.chains()) {
      holds(!checkpoints.hashes(chain).isEmpty(), "a chain without a checkpoint");
      for (Map.Entry<Long, byte[]> each : checkpoints.hashes(chain).entrySet()) {
        holds(each.getKey() > 0, "a place that no record has");
        holds(
            text.indexOf('\\') >= 0 // JSON may spell it otherwise
                || text.contains(line(chain, new ChainHead(each.getKey(), each.getValue()))),
            "a checkpoint that is not there");
      }
      holds(
          checkpoints.hashes(chain).keySet().containsAll(checkpoints.contradictions(chain)),
          "contradicts nothing");
    }
    text.lines()
        .forEach(line -> holds(read(OTHER + line).chains().isEmpty(), "another logger's line"));
    CheckpointLines around = read(text + "\n" + LOGGED + GENUINE + "\n" + text);
    byte[] found = around.hashes(CHAIN).get(HEAD.sequence());
    holds(
        found != null
            && (HexFormat.of().formatHex(found).equals(HexFormat.of().formatHex(HEAD.hash()))
                || around.contradictions(CHAIN).contains(HEAD.sequence())),
        "a genuine checkpoint goes unseen");
  }

  private static CheckpointLines read(String text) {
    CheckpointLines checkpoints = new CheckpointLines();
    text.lines().forEach(checkpoints::read);
    return checkpoints;
  }

  private static String line(UUID chain, ChainHead head) {
    return "audit checkpoint chain=" + chain + " " + head;
  }
}
