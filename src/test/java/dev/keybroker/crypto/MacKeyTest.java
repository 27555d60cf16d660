package dev.keybroker.crypto;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;

class MacKeyTest {
  private static String base64(int size) {
    return Base64.getEncoder().encodeToString(new byte[size]);
  }

  @Test
  void key_ofTheMinimumSize_isRead_withTheWhiteSpaceOfAFileAroundIt() {
    assertArrayEquals(new byte[32], MacKey.parse("key", base64(32)));
    assertArrayEquals(new byte[40], MacKey.parse("key", " " + base64(40) + "\n"));
  }

  @Test
  void text_thatIsNoKey_isRefused_andNotRepeated() {
    for (String text : List.of("", base64(31), "s3cret!", base64(32) + "!")) {
      IllegalStateException refused =
          assertThrows(IllegalStateException.class, () -> MacKey.parse("the file", text));
      assertEquals("the file is not the base64 of at least 32 bytes", refused.getMessage());
    }
  }
}
