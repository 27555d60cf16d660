package dev.keybroker.crypto;

import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.EnumMap;
import java.util.Map;
import javax.crypto.Cipher;
import org.jspecify.annotations.Nullable;

/// The JCA objects that a thread reuses, created on first use.
///
/// None of them ever sees a private KEK: an object that is kept keeps its last key too, and a
/// private KEK must be gone when it is closed. Operations with a private KEK make a fresh object,
/// which costs a few percent of such an operation at most.
final class ThreadPrimitives {

  private final CryptoProvider provider;
  private final Hkdf hkdfSha256 = new Hkdf("SHA256");
  private final Hkdf hkdfSha384 = new Hkdf("SHA384");
  private final Map<EcCurve, KeyPairGenerator> ecGenerators = new EnumMap<>(EcCurve.class);
  private @Nullable Cipher aesGcm;
  private @Nullable Cipher rsaOaepEncryption;
  private @Nullable KeyFactory ecKeyFactory;

  ThreadPrimitives(CryptoProvider provider) {
    this.provider = provider;
  }

  Hkdf hkdfSha256() {
    return hkdfSha256;
  }

  Hkdf hkdfSha384() {
    return hkdfSha384;
  }

  Cipher aesGcm() {
    Cipher cipher = aesGcm;
    if (cipher == null) {
      cipher = provider.cipher("AES/GCM/NoPadding");
      aesGcm = cipher;
    }
    return cipher;
  }

  Cipher rsaOaepEncryption() {
    Cipher cipher = rsaOaepEncryption;
    if (cipher == null) {
      cipher = provider.cipher(RsaOaep.TRANSFORMATION);
      rsaOaepEncryption = cipher;
    }
    return cipher;
  }

  /// The key of an uncompressed point.
  PublicKey ecPublicKey(EcCurve curve, byte[] point) throws GeneralSecurityException {
    KeyFactory factory = ecKeyFactory;
    if (factory == null) {
      factory = provider.keyFactory("EC");
      ecKeyFactory = factory;
    }
    return factory.generatePublic(new X509EncodedKeySpec(curve.toSubjectPublicKeyInfo(point)));
  }

  /// For ephemeral keys, from the provider's own randomness.
  KeyPairGenerator ecGenerator(EcCurve curve) {
    KeyPairGenerator generator = ecGenerators.get(curve);
    if (generator == null) {
      generator = provider.keyPairGenerator("EC");
      try {
        generator.initialize(new ECGenParameterSpec(curve.jcaName()));
      } catch (GeneralSecurityException e) {
        throw CryptoProvider.unavailable(e);
      }
      ecGenerators.put(curve, generator);
    }
    return generator;
  }
}
