package dev.keybroker.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.logging.Handler;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.junit.jupiter.api.Test;

class DenialsTest {
  private final List<String> logged = new ArrayList<>();
  private final Handler handler =
      new Handler() {
        @Override
        public void publish(LogRecord line) {
          logged.add(line.getMessage() + " " + Arrays.toString(line.getParameters()));
        }

        @Override
        public void flush() {}

        @Override
        public void close() {}
      };

  /// The `sub` of a token is the caller's own text.
  @Test
  void subject_ofADeniedCaller_isOneEncodedWordInTheLog() {
    String subject =
        "x\n2026-11-22 12:00:00,123 INFO  [dev.key.aud.checkpoint] (audit) audit checkpoint"
            + " chain=6a2f41a3-c54c-fce8-32d2-0324e1c32e22 seq=30 hash="
            + "0".repeat(64);
    Logger logger = Logger.getLogger(Denials.class.getName());
    logger.addHandler(handler);
    try {
      new Denials(new TestTime(), new SimpleMeterRegistry())
          .add(
              new Caller(Caller.Kind.JWT, subject),
              Permission.DEK_UNWRAP,
              new Target("acme", "calls"));
    } finally {
      logger.removeHandler(handler);
    }

    assertEquals(1, logged.size(), logged::toString);
    String line = logged.getFirst();
    assertFalse(line.contains("audit checkpoint"), line);
    assertFalse(line.contains("\n"), line);
    assertTrue(line.contains("x%0A2026-11-22%2012:00:00,123%20INFO%20%20%5Bdev"), line);
  }
}
