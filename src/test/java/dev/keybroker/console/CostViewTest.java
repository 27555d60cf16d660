package dev.keybroker.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.Timestamp;
import dev.keybroker.v1.KmsRequests;
import io.quarkus.qute.i18n.Message;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Properties;
import org.junit.jupiter.api.Test;

class CostViewTest {
  private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");

  /// 100,000 requests, 10 RSA and 100 ECC key pairs.
  private static CostView after(Duration time) {
    return CostView.of(
        KmsRequests.newBuilder()
            .setStartTime(Timestamp.newBuilder().setSeconds(START.getEpochSecond()))
            .setSymmetric(100_000)
            .setRsaKeyPairs(10)
            .setEccKeyPairs(100)
            .build(),
        START.plus(time));
  }

  @Test
  void cost_isThatOfADay_byThePriceOfEachRequest() {
    CostView view = after(Duration.ofDays(2));
    assertTrue(view.known());
    assertEquals("50055", view.perDay());
    // 0.30 + 0.012 + 0.001 USD in two days
    assertEquals("4.70", view.perMonth());
  }

  @Test
  void note_namesThePricesThatAreUsed_andTheirYear() throws Exception {
    Properties japanese = new Properties();
    try (Reader texts =
        Files.newBufferedReader(Path.of("src/main/resources/messages/msg_ja.properties"))) {
      japanese.load(texts);
    }
    for (String note :
        List.of(
            Texts.class.getMethod("kmsCostNote").getAnnotation(Message.class).value(),
            japanese.getProperty("kmsCostNote"))) {
      for (double price :
          new double[] {CostView.SYMMETRIC, CostView.RSA_KEY_PAIR, CostView.ECC_KEY_PAIR}) {
        assertTrue(note.contains(String.format(Locale.ROOT, "%.2f", price)), note);
      }
      assertTrue(note.contains("us-east-1") && note.contains("2026"), note);
    }
  }

  @Test
  void cost_ofLessThanAnHour_isNotExtrapolated() {
    assertFalse(after(Duration.ofMinutes(59)).known());
    assertTrue(after(Duration.ofHours(1)).known());
  }
}
