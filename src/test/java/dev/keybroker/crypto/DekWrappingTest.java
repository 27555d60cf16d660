package dev.keybroker.crypto;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.SecureRandom;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// With each provider: Amazon Corretto Crypto Provider, and the JDK's, where a platform has none.
@ParameterizedClass
@MethodSource("dev.keybroker.crypto.TestKeks#providers")
class DekWrappingTest {

  private static final UUID KEK_ID = TestKeks.KEK_ID;
  private static final EncryptionContext CONTEXT =
      EncryptionContext.of(Map.of("recording", "4711", "agent", "jo"));

  private final SecureRandom random = new SecureRandom();
  private final CryptoProvider provider;

  DekWrappingTest(CryptoProvider provider) {
    this.provider = provider;
  }

  @ParameterizedTest
  @EnumSource
  void unwrap_wrapped_givesTheDek(KeyPairSpec spec) throws Exception {
    DekWrapping wrapping = TestKeks.wrapping(provider);
    WrappingKey publicKek = TestKeks.publicKek(provider, spec);
    try (UnwrappingKey privateKek = TestKeks.privateKek(provider, spec)) {
      for (int size : new int[] {16, 24, 31, 32, 48, 64}) {
        SecretBytes dek = SecretBytes.random(size, random);
        byte[] wrapped = wrapping.wrap(KEK_ID, publicKek, dek, CONTEXT);
        assertEquals(18 + spec.encapsulatedSize() + 16 + size + 16, wrapped.length);
        assertEquals(dek, wrapping.unwrap(KEK_ID, privateKek, wrapped, CONTEXT));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void unwrap_wrappedByTheOtherProvider_givesTheDek(KeyPairSpec spec) throws Exception {
    for (List<CryptoProvider> pair :
        List.of(
            List.of(TestKeks.detected(), TestKeks.jdk()),
            List.of(TestKeks.jdk(), TestKeks.detected()))) {
      CryptoProvider here = pair.get(0);
      CryptoProvider there = pair.get(1);
      SecretBytes dek = SecretBytes.random(32, random);
      byte[] wrapped =
          TestKeks.wrapping(here).wrap(KEK_ID, TestKeks.publicKek(here, spec), dek, CONTEXT);
      try (UnwrappingKey privateKek = TestKeks.privateKek(there, spec)) {
        assertEquals(dek, TestKeks.wrapping(there).unwrap(KEK_ID, privateKek, wrapped, CONTEXT));
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void unwrap_manyWrapped_giveTheirDeks(KeyPairSpec spec) throws Exception {
    DekWrapping wrapping = TestKeks.wrapping(provider);
    WrappingKey publicKek = TestKeks.publicKek(provider, spec);
    try (UnwrappingKey privateKek = TestKeks.privateKek(provider, spec)) {
      for (int i = 0; i < 200; i++) {
        EncryptionContext context = EncryptionContext.of(Map.of("recording", "id-" + i));
        SecretBytes dek = SecretBytes.random(16 + i % 49, random);
        byte[] wrapped = wrapping.wrap(KEK_ID, publicKek, dek, context);
        assertEquals(dek, wrapping.unwrap(KEK_ID, privateKek, wrapped, context));
      }
    }
  }

  @Test
  void wrap_sameDekTwice_sharesNothingAfterTheHeader() {
    Kek kek = new Kek(KeyPairSpec.ECC_NIST_P256);
    byte[] one = kek.wrap(CONTEXT);
    byte[] other = kek.wrap(CONTEXT);
    int salt = 18 + 65;
    assertFalse(Arrays.equals(one, 18, salt, other, 18, salt));
    assertFalse(Arrays.equals(one, salt, salt + 16, other, salt, salt + 16));
    assertFalse(Arrays.equals(one, salt + 16, one.length, other, salt + 16, other.length));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 15, 65})
  void wrap_dekOfAnotherSize_isRefused(int size) {
    Kek kek = new Kek(KeyPairSpec.ECC_NIST_P256);
    SecretBytes dek = SecretBytes.random(size, random);
    assertThrows(
        IllegalArgumentException.class,
        () -> kek.wrapping.wrap(KEK_ID, kek.publicKek, dek, CONTEXT));
  }

  @Test
  void seal_manyDeksUnderOneSecret_eachOpensAloneAndWithTheKek() throws Exception {
    Kek kek = new Kek(KeyPairSpec.ECC_NIST_P384);
    try (EncapsulatedSecret secret = kek.wrapping.encapsulator().encapsulate(kek.publicKek)) {
      for (int i = 0; i < 100; i++) {
        SecretBytes dek = SecretBytes.random(32, random);
        byte[] wrapped = kek.wrapping.seal(KEK_ID, kek.spec, secret, dek, CONTEXT);
        assertEquals(dek, kek.unwrap(wrapped, CONTEXT));
        WrappedDek parsed = WrappedDek.parse(wrapped);
        assertEquals(dek, kek.wrapping.open(kek.spec, secret.z(), parsed, CONTEXT));
      }
    }
  }

  @Test
  void seal_closedSecret_isRefused() {
    Kek kek = new Kek(KeyPairSpec.ECC_NIST_P256);
    EncapsulatedSecret secret = kek.wrapping.encapsulator().encapsulate(kek.publicKek);
    secret.close();
    assertThrows(
        IllegalStateException.class,
        () -> kek.wrapping.seal(KEK_ID, kek.spec, secret, kek.dek, CONTEXT));
  }

  @Test
  void seal_secretOfAnotherSpec_isRefused() {
    Kek kek = new Kek(KeyPairSpec.ECC_NIST_P256);
    EncapsulatedSecret secret = kek.wrapping.encapsulator().encapsulate(kek.publicKek);
    assertThrows(
        IllegalArgumentException.class,
        () -> kek.wrapping.seal(KEK_ID, KeyPairSpec.ECC_NIST_P384, secret, kek.dek, CONTEXT));
  }

  @ParameterizedTest
  @EnumSource
  void unwrap_anyBitFlipped_isRefused(KeyPairSpec spec) {
    Kek kek = new Kek(spec);
    byte[] wrapped = kek.wrap(CONTEXT);
    IntStream.range(0, 8 * wrapped.length)
        .parallel()
        .forEach(
            bit -> {
              byte[] flipped = wrapped.clone();
              flipped[bit / 8] ^= (byte) (1 << (bit % 8));
              kek.assertNotAuthentic(flipped, CONTEXT, () -> "bit " + bit);
            });
  }

  @ParameterizedTest
  @EnumSource
  void unwrap_truncatedAnywhere_isRefused(KeyPairSpec spec) {
    Kek kek = new Kek(spec);
    byte[] wrapped = kek.wrap(CONTEXT);
    for (int size = 0; size < wrapped.length; size++) {
      int kept = size;
      kek.assertNotAuthentic(Arrays.copyOf(wrapped, size), CONTEXT, () -> "size " + kept);
    }
  }

  @ParameterizedTest
  @EnumSource
  void unwrap_trailingBytes_isRefused(KeyPairSpec spec) {
    Kek kek = new Kek(spec);
    byte[] wrapped = kek.wrap(CONTEXT);
    for (int extra : new int[] {1, 16, 32, 33, 5_000}) {
      kek.assertNotAuthentic(
          Arrays.copyOf(wrapped, wrapped.length + extra), CONTEXT, () -> "extra " + extra);
    }
  }

  @ParameterizedTest
  @EnumSource
  void unwrap_regionReplaced_isRefused(KeyPairSpec spec) {
    Kek kek = new Kek(spec);
    byte[] wrapped = kek.wrap(CONTEXT);
    byte[] other = kek.wrap(CONTEXT);
    int n = spec.encapsulatedSize();
    Map<String, int[]> regions = new LinkedHashMap<>();
    regions.put("encapsulated secret", new int[] {18, 18 + n});
    regions.put("salt", new int[] {18 + n, 18 + n + 16});
    regions.put("ciphertext", new int[] {18 + n + 16, wrapped.length - 16});
    regions.put("tag", new int[] {wrapped.length - 16, wrapped.length});
    regions.forEach(
        (name, region) -> {
          byte[] mixed = wrapped.clone();
          System.arraycopy(other, region[0], mixed, region[0], region[1] - region[0]);
          kek.assertNotAuthentic(mixed, CONTEXT, () -> name + " of another wrapped DEK");
          for (int fill : new int[] {0x00, 0xff}) {
            byte[] filled = wrapped.clone();
            Arrays.fill(filled, region[0], region[1], (byte) fill);
            kek.assertNotAuthentic(filled, CONTEXT, () -> name + " of one byte value");
          }
        });
  }

  @Test
  void unwrap_otherKekId_isRefused() {
    Kek kek = new Kek(KeyPairSpec.ECC_NIST_P256);
    byte[] wrapped = kek.wrap(CONTEXT);
    UUID other = new UUID(1, 2);
    assertThrows(
        NotAuthenticException.class,
        () -> kek.wrapping.unwrap(other, kek.privateKek, wrapped, CONTEXT));

    // Renamed to the other KEK's id, it still fails: the id is authenticated.
    byte[] renamed = wrapped.clone();
    Arrays.fill(renamed, 2, 18, (byte) 0);
    renamed[9] = 1;
    renamed[17] = 2;
    assertThrows(
        NotAuthenticException.class,
        () -> kek.wrapping.unwrap(other, kek.privateKek, renamed, CONTEXT));
  }

  @ParameterizedTest
  @EnumSource
  void unwrap_otherKekOfTheSameSpec_isRefused(KeyPairSpec spec) {
    if (spec == KeyPairSpec.RSA_4096 || spec == KeyPairSpec.RSA_3072) {
      return; // As RSA_2048, and slow to generate.
    }
    Kek kek = new Kek(spec);
    PlaintextKeyPair pair = new KeyPairs(provider, random).generate(spec);
    UnwrappingKey other = new KeyCodec(provider).parsePrivate(spec, pair.pkcs8());
    byte[] wrapped = kek.wrap(CONTEXT);
    assertThrows(
        NotAuthenticException.class, () -> kek.wrapping.unwrap(KEK_ID, other, wrapped, CONTEXT));
  }

  @ParameterizedTest
  @EnumSource
  void unwrap_otherContext_isRefused(KeyPairSpec spec) throws Exception {
    Kek kek = new Kek(spec);
    Map<String, String> pairs = new LinkedHashMap<>();
    pairs.put("a", "bc");
    pairs.put("d", "e");
    byte[] wrapped = kek.wrap(EncryptionContext.of(pairs));

    Map<String, String> reordered = new LinkedHashMap<>();
    reordered.put("d", "e");
    reordered.put("a", "bc");
    assertEquals(kek.dek, kek.unwrap(wrapped, EncryptionContext.of(reordered)));

    List<Map<String, String>> others =
        List.of(
            Map.of(),
            Map.of("a", "bc"),
            Map.of("ab", "c", "d", "e"),
            Map.of("a", "b", "cd", "e"),
            Map.of("a", "e", "d", "bc"),
            Map.of("bc", "a", "e", "d"),
            Map.of("a", "bc", "d", "E"),
            Map.of("A", "bc", "d", "e"),
            Map.of("a", "bc", "d", "e", "f", ""),
            Map.of("a", "bcde"));
    for (Map<String, String> other : others) {
      kek.assertNotAuthentic(wrapped, EncryptionContext.of(other), () -> "context " + other);
    }
  }

  @Test
  void unwrap_contextWhereNoneWas_isRefused() {
    Kek kek = new Kek(KeyPairSpec.ECC_NIST_P256);
    byte[] wrapped = kek.wrap(EncryptionContext.empty());
    kek.assertNotAuthentic(wrapped, CONTEXT, () -> "added");
    kek.assertNotAuthentic(wrapped, EncryptionContext.of(Map.of("", "")), () -> "empty pair");
  }

  @Test
  void unwrap_refused_saysTheSameForEveryReason() {
    Kek kek = new Kek(KeyPairSpec.RSA_2048);
    byte[] wrapped = kek.wrap(CONTEXT);
    byte[] badOaep = wrapped.clone();
    badOaep[100] ^= 1;
    byte[] badTag = wrapped.clone();
    badTag[wrapped.length - 1] ^= 1;
    for (byte[] bytes : List.of(new byte[0], badOaep, badTag)) {
      NotAuthenticException refusal =
          assertThrows(NotAuthenticException.class, () -> kek.unwrap(bytes, CONTEXT));
      assertEquals("wrapped DEK is not authentic", refusal.getMessage());
      assertNull(refusal.getCause());
      assertEquals(0, refusal.getStackTrace().length);
    }
  }

  @Test
  void decapsulate_badOaep_givesARandomSecretEachTime() throws Exception {
    Encapsulator encapsulator = new Encapsulator(provider, random);
    UnwrappingKey key = TestKeks.privateKek(provider, KeyPairSpec.RSA_2048);
    byte[] bad = new byte[256];
    Arrays.fill(bad, (byte) 1);
    SecretBytes one = encapsulator.decapsulate(key, bad);
    assertEquals(32, one.size());
    assertNotEquals(one, encapsulator.decapsulate(key, bad));
    Arrays.fill(bad, (byte) 0xff); // Larger than the modulus.
    assertEquals(32, encapsulator.decapsulate(key, bad).size());
  }

  @Test
  void decapsulate_noPointOfTheCurve_isRefused() {
    Encapsulator encapsulator = new Encapsulator(provider, random);
    for (KeyPairSpec spec : List.of(KeyPairSpec.ECC_NIST_P256, KeyPairSpec.ECC_NIST_P384)) {
      UnwrappingKey key = TestKeks.privateKek(provider, spec);
      byte[] valid = key.publicKey().point();
      byte[] offCurve = valid.clone();
      offCurve[valid.length - 1] ^= 1;
      byte[] compressed = valid.clone();
      compressed[0] = 2;
      byte[] tooLarge = valid.clone();
      Arrays.fill(tooLarge, 1, 1 + valid.length / 2, (byte) 0xff);
      byte[] zero = new byte[valid.length];
      zero[0] = 4;
      for (byte[] bytes :
          List.of(offCurve, compressed, tooLarge, zero, new byte[valid.length], new byte[1])) {
        assertThrows(NotAuthenticException.class, () -> encapsulator.decapsulate(key, bytes));
      }
    }
  }

  /// A KEK with one DEK wrapped under it.
  private final class Kek {

    final KeyPairSpec spec;
    final DekWrapping wrapping;
    final WrappingKey publicKek;
    final UnwrappingKey privateKek;
    final SecretBytes dek = SecretBytes.random(32, random);

    Kek(KeyPairSpec spec) {
      this.spec = spec;
      this.wrapping = TestKeks.wrapping(provider);
      this.publicKek = TestKeks.publicKek(provider, spec);
      this.privateKek = TestKeks.privateKek(provider, spec);
      assertTrue(privateKek.matches(publicKek));
    }

    byte[] wrap(EncryptionContext context) {
      return wrapping.wrap(KEK_ID, publicKek, dek, context);
    }

    SecretBytes unwrap(byte[] wrapped, EncryptionContext context) throws NotAuthenticException {
      return wrapping.unwrap(KEK_ID, privateKek, wrapped, context);
    }

    void assertNotAuthentic(byte[] wrapped, EncryptionContext context, Supplier<String> what) {
      assertThrows(NotAuthenticException.class, () -> unwrap(wrapped, context), what);
    }
  }
}
