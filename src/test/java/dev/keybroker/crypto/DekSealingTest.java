package dev.keybroker.crypto;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.fasterxml.jackson.databind.JsonNode;
import java.math.BigInteger;
import java.security.AlgorithmParameters;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPrivateKeySpec;
import java.security.spec.NamedParameterSpec;
import java.security.spec.XECPrivateKeySpec;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.bouncycastle.crypto.AsymmetricCipherKeyPair;
import org.bouncycastle.crypto.InvalidCipherTextException;
import org.bouncycastle.crypto.hpke.HPKE;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Sealed DEKs against RFC 9180's vectors and Bouncy Castle, and the keys that are refused.
class DekSealingTest {
  private static final byte[] INFO = "keybroker/v1 sealed".getBytes(US_ASCII);
  private static final byte[] AAD = "tenants/acme/keystores/calls/keks/1".getBytes(US_ASCII);
  private static final HexFormat HEX = HexFormat.of();

  private static HPKE bouncyCastle(short kem) {
    return new HPKE(HPKE.mode_base, kem, HPKE.kdf_HKDF_SHA256, HPKE.aead_AES_GCM256);
  }

  private static RecipientKey recipient(HPKE hpke, AsymmetricCipherKeyPair pair) {
    return Objects.requireNonNull(RecipientKey.parse(hpke.serializePublicKey(pair.getPublic())));
  }

  /// Two recipients of each kind.
  static Stream<Arguments> recipients() {
    return Stream.of(HPKE.kem_P256_SHA256, HPKE.kem_X25519_SHA256)
        .map(DekSealingTest::bouncyCastle)
        .map(
            hpke ->
                Arguments.of(
                    recipient(hpke, hpke.generatePrivateKey()),
                    recipient(hpke, hpke.generatePrivateKey())));
  }

  static Stream<Arguments> providersAndKems() {
    return TestKeks.providers().stream()
        .flatMap(
            provider ->
                Stream.of(HPKE.kem_P256_SHA256, HPKE.kem_X25519_SHA256)
                    .map(
                        kem -> Arguments.argumentSet(provider.name() + ", " + kem, provider, kem)));
  }

  @ParameterizedTest
  @MethodSource("dev.keybroker.crypto.TestKeks#providers")
  void seal_rfc9180Vectors_givesTheirCiphertexts(CryptoProvider provider) throws Exception {
    JsonNode file = Vectors.resource("hpke-seal-vectors.json");
    byte[] info = Vectors.bytes(file, "info");
    ThreadPrimitives primitives = provider.primitives();
    DekSealing sealing = new DekSealing(provider, new SecureRandom());
    int checked = 0;
    for (JsonNode vector : file.get("vectors")) {
      byte[] enc = Vectors.bytes(vector, "pkEm");
      RecipientKey recipient = RecipientKey.parse(Vectors.bytes(vector, "pkRm"));
      assertNotNull(recipient);
      HpkeSuite suite =
          recipient.isX25519()
              ? HpkeSuite.x25519(1, info, primitives)
              : HpkeSuite.of(EcCurve.P256, 1, info, primitives);
      PublicKey ephemeral = Objects.requireNonNull(RecipientKey.parse(enc)).toPublicKey();
      KeyPair pair = new KeyPair(ephemeral, privateKey(recipient, Vectors.bytes(vector, "skEm")));

      byte[] shared = sealing.sharedSecret(suite, recipient, pair, enc);
      assertArrayEquals(Vectors.bytes(vector, "shared_secret"), shared);
      assertEquals(
          Vectors.text(vector, "key") + Vectors.text(vector, "base_nonce"),
          HEX.formatHex(suite.keyAndNonce(shared, 16, primitives)));
      assertEquals(
          Vectors.text(vector, "pkEm") + Vectors.text(vector, "ct"),
          HEX.formatHex(
              sealing.seal(
                  suite,
                  16,
                  recipient,
                  pair,
                  Vectors.bytes(file, "pt"),
                  Vectors.bytes(file, "aad"))));
      checked++;
    }
    assertEquals(2, checked);
  }

  private static PrivateKey privateKey(RecipientKey kind, byte[] secret) throws Exception {
    if (kind.isX25519()) {
      return KeyFactory.getInstance("X25519", DekSealing.CURVES)
          .generatePrivate(new XECPrivateKeySpec(NamedParameterSpec.X25519, secret));
    }
    AlgorithmParameters parameters = AlgorithmParameters.getInstance("EC");
    parameters.init(new ECGenParameterSpec("secp256r1"));
    return KeyFactory.getInstance("EC", DekSealing.CURVES)
        .generatePrivate(
            new ECPrivateKeySpec(
                new BigInteger(1, secret), parameters.getParameterSpec(ECParameterSpec.class)));
  }

  @ParameterizedTest
  @MethodSource("providersAndKems")
  void seal_opensWithBouncyCastle_underTheSameDataAlone(CryptoProvider provider, short kem)
      throws Exception {
    DekWrapping wrapping = new DekWrapping(provider, new SecureRandom());
    HPKE theirs = bouncyCastle(kem);
    AsymmetricCipherKeyPair pair = theirs.generatePrivateKey();
    RecipientKey recipient = recipient(theirs, pair);
    for (int size : List.of(16, 32, 64)) {
      byte[] plaintext = new byte[size];
      new SecureRandom().nextBytes(plaintext);
      byte[] sealed = wrapping.sealTo(recipient, SecretBytes.copyOf(plaintext), AAD);
      int encSize = recipient.encoded().length;
      byte[] enc = Arrays.copyOf(sealed, encSize);
      byte[] ciphertext = Arrays.copyOfRange(sealed, encSize, sealed.length);

      assertEquals(encSize + size + 16, sealed.length);
      assertArrayEquals(plaintext, theirs.setupBaseR(enc, pair, INFO).open(AAD, ciphertext));
      assertThrows(
          InvalidCipherTextException.class,
          () -> theirs.setupBaseR(enc, pair, INFO).open(new byte[] {1}, ciphertext));
      assertThrows(
          InvalidCipherTextException.class,
          () -> theirs.setupBaseR(enc, theirs.generatePrivateKey(), INFO).open(AAD, ciphertext));
    }
  }

  @Test
  void seal_closedDek_isRefused() {
    DekWrapping wrapping = new DekWrapping(TestKeks.jdk(), new SecureRandom());
    RecipientKey recipient = (RecipientKey) recipients().findFirst().orElseThrow().get()[0];
    SecretBytes dek = SecretBytes.copyOf(new byte[32]);
    dek.close();
    assertThrows(IllegalStateException.class, () -> wrapping.sealTo(recipient, dek, AAD));
  }

  /// The twelve public values for which X25519 gives zero (the seven of small order below 2^255,
  /// and some with the high bit set), others that are not canonical, and what is no key at all.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "cdeb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b880",
        "4c9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f11d7",
        "d9ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "0900000000000000000000000000000000000000000000000000000000000080",
        "f6ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "",
        "09",
        "0409",
        "04000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
            + "00000000000000000000000000000000000000",
        "04fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a826a779b4cf969b8a0e539c7f6"
            + "2fb3d30ad6aa8f80e30f1d128aafd68a2ce72ea1",
        "02fe8c19ce0905191ebc298a9245792531f26f0cece2460639e8bc39cb7f706a82"
      })
  void parse_invalidKey_givesNone(String hex) {
    assertNull(RecipientKey.parse(HEX.parseHex(hex)));
  }
}
