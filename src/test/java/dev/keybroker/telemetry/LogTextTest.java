package dev.keybroker.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class LogTextTest {
  @Test
  void word_ofAnIdentity_isTheIdentity() {
    for (String identity :
        List.of(
            "spiffe://example.org/ns/media/sa/recorder-1",
            "system:serviceaccount:media:recorder",
            "media_1.example.org",
            "ops+audit@example.org")) {
      assertEquals(identity, LogText.word(identity));
    }
  }

  @Test
  void word_ofAnythingElse_isOneWordOfAscii_thatDiffers() {
    assertEquals("audit%20checkpoint", LogText.word("audit checkpoint"));
    assertEquals("a%0A%5Bb%5D%20%28c%29", LogText.word("a\n[b] (c)"));
    assertEquals("caf%C3%A9%25", LogText.word("caf\u00e9%"));
    assertNotEquals(LogText.word("a b"), LogText.word("a%20b"));
    for (int c = 0; c < 0x3000; c++) {
      assertTrue(LogText.word(Character.toString(c)).matches("[-._~:/@+=,%A-Za-z0-9]+"), "U+" + c);
    }
  }

  @Test
  void word_thatIsLong_isCut() {
    assertTrue(LogText.word("a".repeat(10_000)).length() < 600);
    assertTrue(LogText.word(" ".repeat(10_000)).length() < 600);
  }

  @Test
  void line_isOneLine() {
    assertEquals("a b  c d e", LogText.line("a\nb\r\nc\u2028d\te"));
    assertEquals("\"caf\u00e9\"", LogText.line("\"caf\u00e9\""));
  }
}
