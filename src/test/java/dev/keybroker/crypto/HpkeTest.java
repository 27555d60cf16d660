package dev.keybroker.crypto;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.crypto.tink.hybrid.HpkeParameters.KemId;
import com.google.crypto.tink.hybrid.internal.HpkeKem;
import com.google.crypto.tink.hybrid.internal.HpkeKemPrivateKey;
import com.google.crypto.tink.hybrid.internal.HpkePrimitiveFactory;
import com.google.crypto.tink.util.Bytes;
import java.lang.reflect.Method;
import java.math.BigInteger;
import java.security.AlgorithmParameters;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.interfaces.ECPrivateKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.ECParameterSpec;
import java.security.spec.ECPrivateKeySpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.bouncycastle.crypto.AsymmetricCipherKeyPair;
import org.bouncycastle.crypto.hpke.HPKE;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// HPKE against RFC 9180's own vectors, Bouncy Castle and Tink.
class HpkeTest {

  private static final byte[] INFO = "keybroker/v1".getBytes(US_ASCII);
  private static final byte[] EXPORTER_CONTEXT = "keybroker/v1 dek".getBytes(US_ASCII);
  private static final int ROUNDS = 20;

  static Stream<Arguments> providersAndEcSpecs() {
    return TestKeks.providersAndSpecs()
        .filter(a -> ((KeyPairSpec) a.get()[1]).encapsulation() == Encapsulation.HPKE);
  }

  @ParameterizedTest
  @MethodSource("dev.keybroker.crypto.TestKeks#providers")
  void encapsulate_rfc9180Vectors_givesTheirSecrets(CryptoProvider provider) throws Exception {
    JsonNode file = Vectors.resource("hpke-p256-base-vectors.json");
    byte[] info = Vectors.bytes(file, "info");
    int checked = 0;
    for (JsonNode vector : file.get("vectors")) {
      ThreadPrimitives primitives = provider.primitives();
      HpkeSuite suite = HpkeSuite.of(EcCurve.P256, vector.get("aead_id").asInt(), info, primitives);
      byte[] enc = Vectors.bytes(vector, "pkEm");
      byte[] recipientPoint = Vectors.bytes(vector, "pkRm");
      PrivateKey ephemeral = privateKey(provider, EcCurve.P256, Vectors.text(vector, "skEm"));
      PrivateKey recipient = privateKey(provider, EcCurve.P256, Vectors.text(vector, "skRm"));
      PublicKey ephemeralPublic = primitives.ecPublicKey(EcCurve.P256, enc);
      WrappingKey recipientPublic =
          new KeyCodec(provider)
              .parsePublic(
                  KeyPairSpec.ECC_NIST_P256, EcCurve.P256.toSubjectPublicKeyInfo(recipientPoint));

      byte[] dh =
          new Hpke(provider, EcCurve.P256, suite, new byte[0])
              .diffieHellman(recipient, ephemeralPublic);
      byte[] sharedSecret = suite.sharedSecret(dh, enc, recipientPoint, primitives);
      assertArrayEquals(Vectors.bytes(vector, "shared_secret"), sharedSecret);
      byte[] exporterSecret = suite.exporterSecret(sharedSecret, primitives);
      assertArrayEquals(Vectors.bytes(vector, "exporter_secret"), exporterSecret);

      for (JsonNode export : vector.get("exports")) {
        Hpke hpke =
            new Hpke(provider, EcCurve.P256, suite, Vectors.bytes(export, "exporter_context"));
        EncapsulatedSecret sent =
            hpke.encapsulate(recipientPublic, new KeyPair(ephemeralPublic, ephemeral));
        assertArrayEquals(enc, sent.encapsulated());
        assertArrayEquals(Vectors.bytes(export, "value"), sent.z().toByteArray());
        SecretBytes received = hpke.decapsulate(recipient, recipientPoint, enc);
        assertArrayEquals(Vectors.bytes(export, "value"), received.toByteArray());
        checked++;
      }
    }
    assertEquals(5, checked);
  }

  private static PrivateKey privateKey(CryptoProvider provider, EcCurve curve, String scalar)
      throws Exception {
    AlgorithmParameters parameters = AlgorithmParameters.getInstance("EC");
    parameters.init(new ECGenParameterSpec(curve.jcaName()));
    return provider
        .keyFactory("EC")
        .generatePrivate(
            new ECPrivateKeySpec(
                new BigInteger(scalar, 16), parameters.getParameterSpec(ECParameterSpec.class)));
  }

  @ParameterizedTest
  @MethodSource("providersAndEcSpecs")
  void decapsulate_ofBouncyCastle_givesItsSecret(CryptoProvider provider, KeyPairSpec spec)
      throws Exception {
    Encapsulator encapsulator = new Encapsulator(provider, new SecureRandom());
    UnwrappingKey key = TestKeks.privateKek(provider, spec);
    HPKE theirs = bouncyCastle(spec);
    for (int i = 0; i < ROUNDS; i++) {
      var sender = theirs.setupBaseS(theirs.deserializePublicKey(key.publicKey().point()), INFO);
      assertArrayEquals(
          sender.export(EXPORTER_CONTEXT, 32),
          encapsulator.decapsulate(key, sender.getEncapsulation()).toByteArray());
    }
  }

  @ParameterizedTest
  @MethodSource("providersAndEcSpecs")
  void encapsulate_toBouncyCastle_givesItTheSecret(CryptoProvider provider, KeyPairSpec spec)
      throws Exception {
    Encapsulator encapsulator = new Encapsulator(provider, new SecureRandom());
    WrappingKey key = TestKeks.publicKek(provider, spec);
    HPKE theirs = bouncyCastle(spec);
    AsymmetricCipherKeyPair recipient =
        theirs.deserializePrivateKey(privateScalar(spec), key.point());
    for (int i = 0; i < ROUNDS; i++) {
      EncapsulatedSecret secret = encapsulator.encapsulate(key);
      assertArrayEquals(
          theirs.setupBaseR(secret.encapsulated(), recipient, INFO).export(EXPORTER_CONTEXT, 32),
          secret.z().toByteArray());
    }
  }

  private static HPKE bouncyCastle(KeyPairSpec spec) {
    return spec == KeyPairSpec.ECC_NIST_P256
        ? new HPKE(
            HPKE.mode_base, HPKE.kem_P256_SHA256, HPKE.kdf_HKDF_SHA256, HPKE.aead_EXPORT_ONLY)
        : new HPKE(
            HPKE.mode_base, HPKE.kem_P384_SHA384, HPKE.kdf_HKDF_SHA384, HPKE.aead_EXPORT_ONLY);
  }

  @ParameterizedTest
  @MethodSource("providersAndEcSpecs")
  void decapsulate_ofTink_givesItsSecret(CryptoProvider provider, KeyPairSpec spec)
      throws Exception {
    Encapsulator encapsulator = new Encapsulator(provider, new SecureRandom());
    UnwrappingKey key = TestKeks.privateKek(provider, spec);
    HpkeKem theirs = HpkePrimitiveFactory.createKem(kemId(spec));
    for (int i = 0; i < ROUNDS; i++) {
      Object sent = theirs.encapsulate(key.publicKey().point());
      byte[] sharedSecret = tinkBytes(sent, "getSharedSecret");
      byte[] enc = tinkBytes(sent, "getEncapsulatedKey");
      assertArrayEquals(
          tinkExport(spec, sharedSecret), encapsulator.decapsulate(key, enc).toByteArray());
    }
  }

  @ParameterizedTest
  @MethodSource("providersAndEcSpecs")
  void encapsulate_toTink_givesItTheSecret(CryptoProvider provider, KeyPairSpec spec)
      throws Exception {
    Encapsulator encapsulator = new Encapsulator(provider, new SecureRandom());
    WrappingKey key = TestKeks.publicKek(provider, spec);
    HpkeKem theirs = HpkePrimitiveFactory.createKem(kemId(spec));
    HpkeKemPrivateKey recipient =
        new HpkeKemPrivateKey(Bytes.copyFrom(privateScalar(spec)), Bytes.copyFrom(key.point()));
    for (int i = 0; i < ROUNDS; i++) {
      EncapsulatedSecret secret = encapsulator.encapsulate(key);
      assertArrayEquals(
          tinkExport(spec, theirs.decapsulate(secret.encapsulated(), recipient)),
          secret.z().toByteArray());
    }
  }

  private static KemId kemId(KeyPairSpec spec) {
    return spec == KeyPairSpec.ECC_NIST_P256
        ? KemId.DHKEM_P256_HKDF_SHA256
        : KemId.DHKEM_P384_HKDF_SHA384;
  }

  /// Tink has no export-only mode: this is RFC 9180's key schedule written out over Tink's labelled
  /// HKDF.
  private static byte[] tinkExport(KeyPairSpec spec, byte[] sharedSecret) throws Exception {
    boolean p256 = spec == KeyPairSpec.ECC_NIST_P256;
    byte[] kdfId = {0, (byte) (p256 ? 1 : 2)};
    int hashSize = p256 ? 32 : 48;
    var kdf = HpkePrimitiveFactory.createKdf(kdfId);
    byte[] suiteId =
        HexFormat.of().parseHex("48504b45" + (p256 ? "00100001" : "00110002") + "ffff");
    byte[] pskIdHash = kdf.labeledExtract(new byte[0], new byte[0], "psk_id_hash", suiteId);
    byte[] infoHash = kdf.labeledExtract(new byte[0], INFO, "info_hash", suiteId);
    byte[] context = new byte[1 + 2 * hashSize];
    System.arraycopy(pskIdHash, 0, context, 1, hashSize);
    System.arraycopy(infoHash, 0, context, 1 + hashSize, hashSize);
    byte[] secret = kdf.labeledExtract(sharedSecret, new byte[0], "secret", suiteId);
    byte[] exporterSecret = kdf.labeledExpand(secret, context, "exp", suiteId, hashSize);
    return kdf.labeledExpand(exporterSecret, EXPORTER_CONTEXT, "sec", suiteId, 32);
  }

  /// What Tink's encapsulation holds is not public.
  private static byte[] tinkBytes(Object output, String getter) throws Exception {
    Method method = output.getClass().getDeclaredMethod(getter);
    method.setAccessible(true);
    byte[] bytes = (byte[]) method.invoke(output);
    assertTrue(bytes.length >= 32);
    return bytes;
  }

  private static byte[] privateScalar(KeyPairSpec spec) throws Exception {
    byte[] pkcs8 = TestKeks.privateKekPkcs8(spec).toByteArray();
    PrivateKey key = KeyFactory.getInstance("EC").generatePrivate(new PKCS8EncodedKeySpec(pkcs8));
    byte[] number = ((ECPrivateKey) key).getS().toByteArray();
    int size = (spec.encapsulatedSize() - 1) / 2;
    byte[] scalar = new byte[size];
    int length = Math.min(number.length, size);
    System.arraycopy(number, number.length - length, scalar, size - length, length);
    return scalar;
  }
}
