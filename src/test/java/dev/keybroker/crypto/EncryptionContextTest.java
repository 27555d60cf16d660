package dev.keybroker.crypto;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.MessageDigest;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EncryptionContextTest {

  @Test
  void encoded_noPairs_isZeroCount() {
    assertArrayEquals(new byte[4], EncryptionContext.of(Map.of()).encoded());
    assertEquals(EncryptionContext.empty(), EncryptionContext.of(Map.of()));
  }

  @Test
  void encoded_twoPairs_isCountThenLengthPrefixedPairsByKey() {
    Map<String, String> pairs = new LinkedHashMap<>();
    pairs.put("call", "7");
    pairs.put("b", "é");
    assertEquals(
        "00000002"
            + "00000001"
            + "62"
            + "00000002"
            + "c3a9"
            + "00000004"
            + "63616c6c"
            + "00000001"
            + "37",
        HexFormat.of().formatHex(EncryptionContext.of(pairs).encoded()));
  }

  @Test
  void encoded_supplementaryKey_sortsAfterTheBasicPlane() {
    // UTF-16 order, which String.compareTo has, puts the surrogates of U+1F600 before U+FF5E.
    String basic = "\uFF5E";
    String supplementary = "\uD83D\uDE00";
    assertTrue(Comparator.<String>naturalOrder().compare(supplementary, basic) < 0);

    byte[] encoded = EncryptionContext.of(Map.of(basic, "", supplementary, "")).encoded();

    assertEquals(
        "00000002" + "00000003" + "efbd9e" + "00000000" + "00000004" + "f09f9880" + "00000000",
        HexFormat.of().formatHex(encoded));
  }

  @Test
  void encoded_keysAbove7f_sortUnsigned() {
    byte[] encoded = EncryptionContext.of(Map.of("a", "", "\u00e9", "")).encoded();
    assertEquals('a', encoded[8]);
  }

  @Test
  void of_orderOfMap_doesNotMatter() {
    Map<String, String> forward = new LinkedHashMap<>();
    Map<String, String> backward = new LinkedHashMap<>();
    for (int i = 0; i < 16; i++) {
      forward.put("key" + i, "value" + i);
      backward.put("key" + (15 - i), "value" + (15 - i));
    }
    assertEquals(EncryptionContext.of(forward), EncryptionContext.of(backward));
    assertEquals(
        EncryptionContext.of(forward).hashCode(), EncryptionContext.of(backward).hashCode());
  }

  @Test
  void of_sameConcatenation_differs() {
    EncryptionContext context = EncryptionContext.of(Map.of("a", "bc"));
    assertNotEquals(context, EncryptionContext.of(Map.of("ab", "c")));
    assertNotEquals(context, EncryptionContext.of(Map.of("abc", "")));
    assertNotEquals(context, EncryptionContext.of(Map.of("", "abc")));
    assertNotEquals(context, EncryptionContext.of(Map.of("a", "", "bc", "")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"\uD83D", "\uDE00", "a\uD83Db", "\uDE00\uD83D", "\uD83D\uD83D\uDE00"})
  void of_unpairedSurrogate_isRefused(String text) {
    assertThrows(IllegalArgumentException.class, () -> EncryptionContext.of(Map.of(text, "value")));
    assertThrows(IllegalArgumentException.class, () -> EncryptionContext.of(Map.of("key", text)));
  }

  @Test
  void totalBytes_somePairs_countsUtf8OfKeysAndValues() {
    EncryptionContext context = EncryptionContext.of(Map.of("é", "\uD83D\uDE00", "k", ""));
    assertEquals(2, context.pairs());
    assertEquals(2 + 4 + 1, context.totalBytes());
    assertEquals(0, EncryptionContext.empty().totalBytes());
  }

  @Test
  void digest_always_isSha256OfEncoding() throws Exception {
    EncryptionContext context = EncryptionContext.of(Map.of("a", "b"));
    assertArrayEquals(
        MessageDigest.getInstance("SHA-256").digest(context.encoded()), context.digest());
  }

  @Test
  void encoded_callerChangesIt_contextDoesNot() {
    EncryptionContext context = EncryptionContext.of(Map.of("a", "b"));
    context.encoded()[0] = 9;
    assertEquals(EncryptionContext.of(Map.of("a", "b")), context);
  }

  @Test
  void toString_always_showsNoKeyOrValue() {
    String text = EncryptionContext.of(Map.of("caller", "+4912345")).toString();
    assertEquals("EncryptionContext[1 pairs]", text);
    assertFalse(text.contains("caller") || text.contains("4912345"));
  }

  @Test
  void of_longValue_isEncodedWhole() {
    String value = "ü".repeat(512);
    byte[] encoded = EncryptionContext.of(Map.of("k", value)).encoded();
    assertEquals(value, new String(encoded, 13, 1024, UTF_8));
  }
}
