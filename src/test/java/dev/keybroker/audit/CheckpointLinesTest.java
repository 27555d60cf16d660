package dev.keybroker.audit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/// Checkpoints are what the logger of checkpoints wrote, and nothing else.
class CheckpointLinesTest {
  private static final UUID CHAIN = UUID.fromString("6a2f41a3-c54c-fce8-32d2-0324e1c32e22");
  private static final ChainHead HEAD = new ChainHead(4711, new byte[RecordHash.SIZE]);
  private static final Instant TIME = Instant.parse("2026-11-22T12:00:00.123456Z");
  private static final String MESSAGE = CheckpointLines.message(CHAIN, HEAD, TIME);
  private static final String TEXT =
      "2026-11-22 12:00:00,123 INFO  [dev.key.aud.checkpoint] (audit) ";
  private static final String JSON =
      "{\"timestamp\":\"2026-11-22T12:00:00.123Z\",\"level\":\"INFO\",\"sequence\":7,"
          + "\"loggerName\":\"LOGGER\",\"message\":\"MESSAGE\",\"threadName\":\"audit\"}";

  private static CheckpointLines read(String line) {
    CheckpointLines lines = new CheckpointLines();
    lines.read(line);
    return lines;
  }

  private static String json(String logger, String message) {
    return JSON.replace("LOGGER", logger).replace("MESSAGE", message);
  }

  @Test
  void lines_ofTheLoggerOfCheckpoints_count() {
    for (String line :
        List.of(
            TEXT + MESSAGE,
            TEXT.replace("dev.key.aud", "dev.keybroker.audit") + MESSAGE,
            "[pod/keybroker-6d5f/broker] " + TEXT + MESSAGE,
            "2026-11-22T12:00:00.123456789Z stdout F " + TEXT + MESSAGE,
            json(CheckpointLines.LOGGER, MESSAGE),
            json(CheckpointLines.LOGGER, MESSAGE).replace("loggerName", "log.logger"),
            "[pod/keybroker-6d5f/broker] " + json(CheckpointLines.LOGGER, MESSAGE),
            AuditJson.checkpoint(CHAIN, HEAD, TIME))) {
      CheckpointLines lines = read(line);
      assertEquals(Set.of(CHAIN), lines.chains(), line);
      assertEquals(
          HexFormat.of().formatHex(HEAD.hash()),
          HexFormat.of().formatHex(lines.hashes(CHAIN).get(4711L)),
          line);
      assertEquals(TIME, lines.timeUpTo(CHAIN, 5000), line);
      assertNull(lines.timeUpTo(CHAIN, 4710), line);
    }
  }

  @Test
  void lines_ofBrokersThatWroteNoTime_count() {
    assertEquals(
        Set.of(CHAIN), read(TEXT + MESSAGE.substring(0, MESSAGE.indexOf(" time="))).chains());
  }

  /// What a caller can bring into the log: an identity, or a message of its issuer.
  @Test
  void lines_ofOthers_doNotCount() {
    String denied = "2026-11-22 12:00:00,123 WARN  [dev.key.acc.Denials] (executor-1) Denied: ";
    for (String line :
        List.of(
            MESSAGE,
            denied + MESSAGE,
            denied + TEXT + MESSAGE,
            denied + MESSAGE + ", now dek.unwrap on tenants/acme",
            TEXT + MESSAGE + "0",
            TEXT + MESSAGE + " and more",
            TEXT + "a " + MESSAGE,
            TEXT + MESSAGE + MESSAGE,
            TEXT.replace("checkpoint", "checkpoints") + MESSAGE,
            TEXT + MESSAGE.replace("Z", ""),
            TEXT + MESSAGE.replace("2026-11-22", "2026-13-22"),
            json("dev.keybroker.access.Denials", MESSAGE),
            json("dev.keybroker.access.Denials", TEXT + MESSAGE),
            json("dev.keybroker.access.Denials", "x").replace("audit", MESSAGE),
            json(CheckpointLines.LOGGER, "x " + MESSAGE),
            json(CheckpointLines.LOGGER, MESSAGE) + json(CheckpointLines.LOGGER, MESSAGE),
            json("x", "x").replace("{", "{\"message\":\"" + MESSAGE + "\","),
            "{\"a\":" + json(CheckpointLines.LOGGER, MESSAGE) + "}",
            "[" + json(CheckpointLines.LOGGER, MESSAGE) + "]",
            AuditJson.checkpoint(CHAIN, HEAD, TIME).replace("AuditCheckpoint", "UnwrapDek"))) {
      assertEquals(Set.of(), read(line).chains(), line);
    }
  }
}
