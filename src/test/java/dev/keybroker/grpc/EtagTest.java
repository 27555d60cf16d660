package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EtagTest {
  @ParameterizedTest
  @ValueSource(longs = {1, 10, 255, Long.MAX_VALUE})
  void etag_ofAVersion_isThatVersion(long version) {
    assertEquals(version, Etag.version(Etag.of(version)));
  }

  @Test
  void etag_empty_isNoVersion() {
    assertNull(Etag.version(""));
    assertEquals("", Etag.of(0));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0",
        "+5",
        "05",
        "A",
        "-1",
        "-5",
        "٥",
        "５",
        "5 ",
        "0x5",
        "8000000000000000",
        "etag"
      })
  void etag_spelledOtherwise_isOfNoKeystore(String etag) {
    assertEquals(-1L, Etag.version(etag));
  }
}
