package dev.keybroker.crypto;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class WrappedDekTest {

  private static final UUID KEK_ID = UUID.fromString("00112233-4455-6677-8899-aabbccddeeff");

  private static byte[] wellFormed(KeyPairSpec spec, int dekSize) {
    byte[] encapsulated = new byte[spec.encapsulatedSize()];
    Arrays.fill(encapsulated, (byte) 0xe0);
    byte[] salt = new byte[16];
    Arrays.fill(salt, (byte) 0x5a);
    return WrappedDek.assemble(KEK_ID, spec, encapsulated, salt, dekSize);
  }

  @ParameterizedTest
  @EnumSource
  void assemble_anySpec_putsEachRegionInItsPlace(KeyPairSpec spec) {
    byte[] bytes = wellFormed(spec, 32);
    int n = spec.encapsulatedSize();
    assertEquals(1 + 1 + 16 + n + 16 + 32 + 16, bytes.length);
    assertEquals(1, bytes[0]);
    assertEquals(spec.name().startsWith("RSA") ? 1 : 2, bytes[1]);
    for (int i = 0; i < 16; i++) {
      assertEquals((byte) (0x11 * i), bytes[2 + i]);
    }
    for (int i = 0; i < n; i++) {
      assertEquals((byte) 0xe0, bytes[18 + i]);
    }
    for (int i = 0; i < 16; i++) {
      assertEquals((byte) 0x5a, bytes[18 + n + i]);
    }
  }

  @ParameterizedTest
  @EnumSource
  void parse_assembled_givesItsRegions(KeyPairSpec spec) throws Exception {
    byte[] bytes = wellFormed(spec, 16);
    WrappedDek wrapped = WrappedDek.parse(bytes);
    assertEquals(1, wrapped.version());
    assertEquals(spec.encapsulation(), wrapped.encapsulation());
    assertEquals(KEK_ID, wrapped.kekId());
    int end = 18 + spec.encapsulatedSize();
    assertArrayEquals(Arrays.copyOfRange(bytes, 18, end), wrapped.encapsulated(spec));
    assertEquals(end, wrapped.saltOffset(spec));
  }

  @ParameterizedTest
  @EnumSource
  void encapsulated_dekSizeOutside16To64_isRefused(KeyPairSpec spec) throws Exception {
    for (int dekSize : new int[] {0, 15, 65, 1_000}) {
      WrappedDek wrapped = WrappedDek.parse(wellFormed(spec, dekSize));
      assertThrows(NotAuthenticException.class, () -> wrapped.encapsulated(spec));
    }
    WrappedDek.parse(wellFormed(spec, 16)).encapsulated(spec);
    WrappedDek.parse(wellFormed(spec, 64)).encapsulated(spec);
  }

  @Test
  void encapsulated_encapsulationOfAnotherSpec_isRefused() throws Exception {
    WrappedDek wrapped = WrappedDek.parse(wellFormed(KeyPairSpec.ECC_NIST_P256, 32));
    assertThrows(NotAuthenticException.class, () -> wrapped.encapsulated(KeyPairSpec.RSA_2048));
    assertThrows(
        NotAuthenticException.class, () -> wrapped.encapsulated(KeyPairSpec.ECC_NIST_P384));
  }

  @Test
  void namedKek_isReadFromWhereverTheBytesBegin_andFromWhatIsNotAuthentic() {
    byte[] bytes = wellFormed(KeyPairSpec.ECC_NIST_P256, 32);
    bytes[0] = 99;
    ByteBuffer behindOthers = ByteBuffer.allocate(7 + bytes.length).position(7).put(bytes);

    assertEquals(KEK_ID, WrappedDek.namedKek(ByteBuffer.wrap(bytes)));
    assertEquals(KEK_ID, WrappedDek.namedKek(behindOthers.position(7)));
    assertEquals(KEK_ID, WrappedDek.namedKek(ByteBuffer.wrap(bytes, 0, 18)));
    assertNull(WrappedDek.namedKek(ByteBuffer.wrap(bytes, 0, 17)));
  }

  @Test
  void namedEncapsulation_isReadFromWhatIsNotAuthentic() {
    byte[] bytes = wellFormed(KeyPairSpec.ECC_NIST_P256, 32);
    bytes[0] = 99;
    assertEquals(Encapsulation.HPKE, WrappedDek.namedEncapsulation(bytes));
    assertEquals(Encapsulation.HPKE, WrappedDek.namedEncapsulation(Arrays.copyOf(bytes, 2)));
    assertNull(WrappedDek.namedEncapsulation(Arrays.copyOf(bytes, 1)));
    bytes[1] = 77;
    assertNull(WrappedDek.namedEncapsulation(bytes));
  }

  @Test
  void parse_everyOtherVersion_isRefused() {
    for (int version = 0; version < 256; version++) {
      byte[] bytes = wellFormed(KeyPairSpec.ECC_NIST_P256, 32);
      bytes[0] = (byte) version;
      if (version != 1) {
        assertThrows(NotAuthenticException.class, () -> WrappedDek.parse(bytes));
      }
    }
  }

  @Test
  void parse_everyOtherEncapsulation_isRefused() {
    for (int encapsulation = 0; encapsulation < 256; encapsulation++) {
      byte[] bytes = wellFormed(KeyPairSpec.ECC_NIST_P256, 32);
      bytes[1] = (byte) encapsulation;
      if (encapsulation != 1 && encapsulation != 2) {
        assertThrows(NotAuthenticException.class, () -> WrappedDek.parse(bytes));
      }
    }
  }

  @Test
  void parse_arbitraryBytes_isRefusedOrRead() {
    Random random = new Random(42);
    for (int round = 0; round < 20_000; round++) {
      byte[] bytes = new byte[random.nextInt(700)];
      random.nextBytes(bytes);
      if (bytes.length > 1 && random.nextBoolean()) {
        bytes[0] = 1;
        bytes[1] = (byte) (1 + random.nextInt(2));
      }
      for (KeyPairSpec spec : KeyPairSpec.values()) {
        try {
          byte[] encapsulated = WrappedDek.parse(bytes).encapsulated(spec);
          assertEquals(spec.encapsulatedSize(), encapsulated.length);
        } catch (NotAuthenticException refused) {
          assertEquals(0, refused.getStackTrace().length);
        }
      }
    }
  }
}
