package dev.keybroker.crypto;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import java.security.AlgorithmParameters;
import java.security.KeyFactory;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPrivateKeySpec;
import java.security.spec.RSAPublicKeySpec;
import java.util.Arrays;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class KeyCodecTest {

  @ParameterizedTest
  @MethodSource("dev.keybroker.crypto.TestKeks#providersAndSpecs")
  void parse_bothHalves_match(CryptoProvider provider, KeyPairSpec spec) throws Exception {
    WrappingKey publicKek = TestKeks.publicKek(provider, spec);
    UnwrappingKey privateKek = TestKeks.privateKek(provider, spec);

    assertEquals(spec, publicKek.spec());
    assertEquals(spec, privateKek.spec());
    assertTrue(privateKek.matches(publicKek));
    assertArrayEquals(
        publicKek.subjectPublicKeyInfo(), privateKek.publicKey().subjectPublicKeyInfo());
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(publicKek.subjectPublicKeyInfo());
    assertEquals(HexFormat.of().formatHex(digest), publicKek.fingerprint());
  }

  @ParameterizedTest
  @MethodSource("dev.keybroker.crypto.TestKeks#providersAndSpecs")
  void matches_anotherPublicKek_isFalse(CryptoProvider provider, KeyPairSpec spec) {
    UnwrappingKey privateKek = TestKeks.privateKek(provider, spec);
    for (KeyPairSpec other : KeyPairSpec.values()) {
      if (other != spec) {
        assertFalse(privateKek.matches(TestKeks.publicKek(provider, other)));
      }
    }
    if (spec.encapsulation() == Encapsulation.HPKE) {
      PlaintextKeyPair pair = new KeyPairs(provider, new SecureRandom()).generate(spec);
      WrappingKey another = new KeyCodec(provider).parsePublic(spec, pair.subjectPublicKeyInfo());
      assertFalse(privateKek.matches(another));
      assertNotEquals(another, privateKek.publicKey());
    }
  }

  @ParameterizedTest
  @MethodSource("dev.keybroker.crypto.TestKeks#providers")
  void parsePrivate_ecScalars_derivesThePublicPointOfEither(CryptoProvider provider)
      throws Exception {
    // Of d and n - d the public points differ in the sign of y only.
    for (KeyPairSpec spec :
        new KeyPairSpec[] {KeyPairSpec.ECC_NIST_P256, KeyPairSpec.ECC_NIST_P384}) {
      AlgorithmParameters parameters = AlgorithmParameters.getInstance("EC");
      parameters.init(new ECGenParameterSpec(spec.curve().jcaName()));
      ECParameterSpec curve = parameters.getParameterSpec(ECParameterSpec.class);
      BigInteger d = new BigInteger(curve.getOrder().bitLength() - 1, new SecureRandom());
      byte[] one = publicPoint(provider, spec, d, curve);
      byte[] other = publicPoint(provider, spec, curve.getOrder().subtract(d), curve);
      int half = 1 + (one.length - 1) / 2;
      assertArrayEquals(Arrays.copyOf(one, half), Arrays.copyOf(other, half));
      assertFalse(Arrays.equals(one, other));
    }
  }

  private static byte[] publicPoint(
      CryptoProvider provider, KeyPairSpec spec, BigInteger d, ECParameterSpec curve)
      throws Exception {
    byte[] pkcs8 =
        KeyFactory.getInstance("EC").generatePrivate(new ECPrivateKeySpec(d, curve)).getEncoded();
    byte[] point =
        new KeyCodec(provider).parsePrivate(spec, SecretBytes.adopt(pkcs8)).publicKey().point();
    assertTrue(spec.curve().isPoint(point));
    return point;
  }

  @ParameterizedTest
  @MethodSource("dev.keybroker.crypto.TestKeks#providersAndSpecs")
  void parse_asAnotherSpec_isRefused(CryptoProvider provider, KeyPairSpec spec) {
    KeyCodec codec = new KeyCodec(provider);
    byte[] spki = TestKeks.publicKek(provider, spec).subjectPublicKeyInfo();
    for (KeyPairSpec other : KeyPairSpec.values()) {
      if (other != spec) {
        assertThrows(InvalidKekException.class, () -> codec.parsePublic(other, spki));
        assertThrows(
            InvalidKekException.class,
            () -> codec.parsePrivate(other, TestKeks.privateKekPkcs8(spec)));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("dev.keybroker.crypto.TestKeks#providersAndSpecs")
  void parse_damagedEncoding_isRefused(CryptoProvider provider, KeyPairSpec spec) {
    KeyCodec codec = new KeyCodec(provider);
    byte[] spki = TestKeks.publicKek(provider, spec).subjectPublicKeyInfo();
    for (byte[] bad :
        new byte[][] {
          {},
          {0x30},
          new byte[500],
          Arrays.copyOf(spki, spki.length - 1),
          Arrays.copyOf(spki, spki.length + 1)
        }) {
      InvalidKekException refusal =
          assertThrows(InvalidKekException.class, () -> codec.parsePublic(spec, bad));
      assertNull(refusal.getCause());
    }
    byte[] pkcs8 = TestKeks.privateKekPkcs8(spec).toByteArray();
    for (byte[] bad : new byte[][] {{}, {0x30}, new byte[500], Arrays.copyOf(pkcs8, 20), spki}) {
      InvalidKekException refusal =
          assertThrows(
              InvalidKekException.class, () -> codec.parsePrivate(spec, SecretBytes.copyOf(bad)));
      assertEquals("private key is not a valid key of the KEK's spec", refusal.getMessage());
      assertNull(refusal.getCause());
    }
  }

  @ParameterizedTest
  @MethodSource("dev.keybroker.crypto.TestKeks#providers")
  void parsePublic_pointOffTheCurve_isRefused(CryptoProvider provider) {
    KeyCodec codec = new KeyCodec(provider);
    for (KeyPairSpec spec :
        new KeyPairSpec[] {KeyPairSpec.ECC_NIST_P256, KeyPairSpec.ECC_NIST_P384}) {
      byte[] spki = TestKeks.publicKek(provider, spec).subjectPublicKeyInfo();
      spki[spki.length - 1] ^= 1;
      assertThrows(InvalidKekException.class, () -> codec.parsePublic(spec, spki));
    }
  }

  @ParameterizedTest
  @MethodSource("dev.keybroker.crypto.TestKeks#providers")
  void parsePublic_unusualRsaNumbers_areRefused(CryptoProvider provider) throws Exception {
    KeyCodec codec = new KeyCodec(provider);
    KeyFactory factory = KeyFactory.getInstance("RSA");
    BigInteger modulus =
        ((RSAPublicKey) TestKeks.publicKek(TestKeks.jdk(), KeyPairSpec.RSA_2048).key())
            .getModulus();
    BigInteger f4 = BigInteger.valueOf(65537);
    for (RSAPublicKeySpec bad :
        new RSAPublicKeySpec[] {
          new RSAPublicKeySpec(modulus, BigInteger.valueOf(3)),
          new RSAPublicKeySpec(modulus, BigInteger.valueOf(65535)),
          new RSAPublicKeySpec(modulus, BigInteger.valueOf(65538)),
          new RSAPublicKeySpec(modulus, BigInteger.ONE.shiftLeft(33).add(BigInteger.ONE)),
          new RSAPublicKeySpec(modulus.clearBit(0), f4),
          new RSAPublicKeySpec(modulus.clearBit(2047), f4),
          new RSAPublicKeySpec(modulus.setBit(2048), f4)
        }) {
      byte[] spki = factory.generatePublic(bad).getEncoded();
      assertThrows(InvalidKekException.class, () -> codec.parsePublic(KeyPairSpec.RSA_2048, spki));
    }
    byte[] good =
        factory
            .generatePublic(new RSAPublicKeySpec(modulus, BigInteger.valueOf(65539)))
            .getEncoded();
    assertEquals(KeyPairSpec.RSA_2048, codec.parsePublic(KeyPairSpec.RSA_2048, good).spec());
  }

  @ParameterizedTest
  @MethodSource("dev.keybroker.crypto.TestKeks#providers")
  void parse_rsaPssKey_isRefused(CryptoProvider provider) throws Exception {
    KeyCodec codec = new KeyCodec(provider);
    KeyPairGenerator generator = KeyPairGenerator.getInstance("RSASSA-PSS");
    generator.initialize(2048);
    var pair = generator.generateKeyPair();
    assertThrows(
        InvalidKekException.class,
        () -> codec.parsePublic(KeyPairSpec.RSA_2048, pair.getPublic().getEncoded()));
    assertThrows(
        InvalidKekException.class,
        () ->
            codec.parsePrivate(
                KeyPairSpec.RSA_2048, SecretBytes.adopt(pair.getPrivate().getEncoded())));
  }

  @ParameterizedTest
  @EnumSource(names = {"ECC_NIST_P256", "ECC_NIST_P384"})
  void curve_constants_areTheJdks(KeyPairSpec spec) throws Exception {
    AlgorithmParameters parameters = AlgorithmParameters.getInstance("EC");
    parameters.init(new ECGenParameterSpec(spec.curve().jcaName()));
    assertTrue(spec.curve().isCurveOf(parameters.getParameterSpec(ECParameterSpec.class)));
    assertTrue(spec.curve().isPoint(spec.curve().generator()));
    assertEquals(spec.encapsulatedSize(), spec.curve().pointSize());
    KeyPairSpec other =
        spec == KeyPairSpec.ECC_NIST_P256 ? KeyPairSpec.ECC_NIST_P384 : KeyPairSpec.ECC_NIST_P256;
    assertFalse(other.curve().isCurveOf(parameters.getParameterSpec(ECParameterSpec.class)));
  }

  @Test
  void toString_keys_showSpecAndFingerprintOnly() {
    CryptoProvider provider = TestKeks.jdk();
    String fingerprint = TestKeks.publicKek(provider, KeyPairSpec.ECC_NIST_P256).fingerprint();
    assertEquals(
        "WrappingKey[ECC_NIST_P256 " + fingerprint + "]",
        TestKeks.publicKek(provider, KeyPairSpec.ECC_NIST_P256).toString());
    assertEquals(
        "UnwrappingKey[ECC_NIST_P256 " + fingerprint + "]",
        TestKeks.privateKek(provider, KeyPairSpec.ECC_NIST_P256).toString());
  }
}
