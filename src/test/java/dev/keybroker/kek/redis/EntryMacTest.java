package dev.keybroker.kek.redis;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.keybroker.crypto.MacKey;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class EntryMacTest {
  private static final byte[] REDIS_KEY = "keybroker:active:tenants/a/keystores/b".getBytes(UTF_8);
  private static final byte[] CONTENT = "a public key".getBytes(UTF_8);

  private final EntryMac mac = new EntryMac(List.of(key(1)));
  private final byte[] entry = mac.seal(REDIS_KEY, CONTENT);

  private static byte[] key(int fill) {
    byte[] key = new byte[MacKey.MIN_SIZE];
    Arrays.fill(key, (byte) fill);
    return key;
  }

  @Test
  void entry_ofThisKey_opens() {
    assertArrayEquals(CONTENT, mac.open(REDIS_KEY, entry));
  }

  @Test
  void emptyContent_opens() {
    assertArrayEquals(new byte[0], mac.open(REDIS_KEY, mac.seal(REDIS_KEY, new byte[0])));
  }

  @Test
  void entry_withAnyBitFlipped_isRefused() {
    for (int bit = 0; bit < entry.length * 8; bit++) {
      byte[] flipped = entry.clone();
      flipped[bit / 8] ^= (byte) (1 << bit % 8);
      int flippedBit = bit;
      assertNull(mac.open(REDIS_KEY, flipped), () -> "bit " + flippedBit);
    }
  }

  @Test
  void entry_truncatedOrExtended_isRefused() {
    for (int length = 0; length < entry.length; length++) {
      assertNull(mac.open(REDIS_KEY, Arrays.copyOf(entry, length)));
    }
    assertNull(mac.open(REDIS_KEY, Arrays.copyOf(entry, entry.length + 1)));
  }

  @Test
  void entry_movedToAnotherRedisKey_isRefused() {
    assertNull(mac.open("keybroker:active:tenants/a/keystores/c".getBytes(UTF_8), entry));
  }

  @Test
  void boundary_betweenRedisKeyAndContent_cannotBeMoved() {
    byte[] shorterKey = Arrays.copyOf(REDIS_KEY, REDIS_KEY.length - 1);
    byte[] moved = new byte[entry.length + 1];
    System.arraycopy(entry, 0, moved, 0, 33);
    moved[33] = REDIS_KEY[REDIS_KEY.length - 1];
    System.arraycopy(CONTENT, 0, moved, 34, CONTENT.length);

    assertNull(mac.open(shorterKey, moved));
  }

  @Test
  void entry_ofAnotherMacKey_isRefused() {
    assertNull(new EntryMac(List.of(key(2))).open(REDIS_KEY, entry));
  }

  @Test
  void macKey_under32Bytes_isRefused() {
    assertThrows(IllegalArgumentException.class, () -> new EntryMac(List.of(new byte[31])));
    assertThrows(IllegalArgumentException.class, () -> new EntryMac(List.of(key(1), new byte[31])));
    assertThrows(IllegalArgumentException.class, () -> new EntryMac(List.of()));
  }

  @Test
  void firstOfSeveralMacKeys_seals() {
    EntryMac both = new EntryMac(List.of(key(2), key(1)));

    byte[] sealed = both.seal(REDIS_KEY, CONTENT);

    assertArrayEquals(CONTENT, new EntryMac(List.of(key(2))).open(REDIS_KEY, sealed));
    assertNull(mac.open(REDIS_KEY, sealed));
  }

  @Test
  void eachOfSeveralMacKeys_opens_andNoOtherOne() {
    EntryMac both = new EntryMac(List.of(key(2), key(1)));

    assertArrayEquals(CONTENT, both.open(REDIS_KEY, entry));
    assertArrayEquals(CONTENT, both.open(REDIS_KEY, both.seal(REDIS_KEY, CONTENT)));
    assertNull(both.open(REDIS_KEY, new EntryMac(List.of(key(3))).seal(REDIS_KEY, CONTENT)));
  }
}
