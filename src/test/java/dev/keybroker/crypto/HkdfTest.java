package dev.keybroker.crypto;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.security.GeneralSecurityException;
import java.util.HexFormat;
import java.util.Random;
import javax.crypto.KDF;
import javax.crypto.SecretKey;
import javax.crypto.spec.HKDFParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HkdfTest {
  // RFC 5869, appendices A.1 to A.3.
  @ParameterizedTest
  @CsvSource({
    "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b, 000102030405060708090a0b0c, f0f1f2f3f4f5f6f7f8f9,"
        + " 077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5,"
        + " 3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b, '', '',"
        + " 19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04,"
        + " 8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
  })
  void extractAndExpand_asInTheRfc(String ikm, String salt, String info, String prk, String okm) {
    Hkdf hkdf = new Hkdf("SHA256");
    byte[] extracted = hkdf.extract(hex(salt), hex(ikm));
    assertArrayEquals(hex(prk), extracted);
    assertArrayEquals(hex(okm), hkdf.expand(extracted, hex(info), hex(okm).length));
  }

  @ParameterizedTest
  @CsvSource({"SHA256, 32", "SHA384, 48"})
  void anyInput_isTheSameAsTheJdks(String hash, int size) throws GeneralSecurityException {
    Hkdf hkdf = new Hkdf(hash);
    assertEquals(size, hkdf.hashSize());
    KDF jdk = KDF.getInstance("HKDF-" + hash);
    Random random = new Random(5869);
    for (int i = 0; i < 300; i++) {
      byte[] ikm = bytes(random, 1 + random.nextInt(100));
      byte[] salt = bytes(random, random.nextInt(200));
      byte[] info = bytes(random, random.nextInt(300));
      int length = 1 + random.nextInt(i % 10 == 0 ? 255 * size : 3 * size);
      byte[] prk = hkdf.extract(salt, ikm);
      HKDFParameterSpec.Builder extract = HKDFParameterSpec.ofExtract().addIKM(key(ikm));
      if (salt.length > 0) {
        extract.addSalt(key(salt));
      }
      assertArrayEquals(jdk.deriveData(extract.extractOnly()), prk);
      assertArrayEquals(
          jdk.deriveData(HKDFParameterSpec.expandOnly(key(prk), info, length)),
          hkdf.expand(prk, info, length));
    }
    byte[] prk = bytes(random, size);
    assertEquals(255 * size, hkdf.expand(prk, new byte[0], 255 * size).length);
    assertThrows(
        IllegalArgumentException.class, () -> hkdf.expand(prk, new byte[0], 255 * size + 1));
  }

  @Test
  void expand_leavesItsInputsAsTheyAre() {
    byte[] prk = bytes(new Random(1), 32);
    byte[] before = prk.clone();
    new Hkdf("SHA256").expand(prk, new byte[3], 44);
    assertArrayEquals(before, prk);
  }

  private static SecretKey key(byte[] bytes) {
    return new SecretKeySpec(bytes, "Generic");
  }

  private static byte[] bytes(Random random, int size) {
    byte[] bytes = new byte[size];
    random.nextBytes(bytes);
    return bytes;
  }

  private static byte[] hex(String text) {
    return HexFormat.of().parseHex(text);
  }
}
