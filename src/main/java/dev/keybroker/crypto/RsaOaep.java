package dev.keybroker.crypto;

import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.spec.MGF1ParameterSpec;
import java.util.Arrays;
import javax.crypto.Cipher;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import org.jspecify.annotations.Nullable;

/// RFC 8017 RSAES-OAEP with SHA-256, MGF1 with SHA-256 and an empty label, around a random 32-byte
/// secret.
///
/// Thread-safe. Every way in which OAEP decoding fails ends as if a random secret had come out: the
/// caller then fails at the tag of the DEK's ciphertext, as with a tampered DEK, and in nearly the
/// same time. That is a second line of defence. The first is the provider's constant-time decoding
/// with one failure for all causes, and OAEP itself: an attacker who learns only that a ciphertext
/// as a whole is invalid gains nothing (RFC 8017, section 7.1.2). Not claimed: that the two
/// refusals take the same time to the microsecond, since the provider throws an exception in one of
/// them.
final class RsaOaep {

  /// The one name under which Amazon Corretto Crypto Provider has OAEP with SHA-256; the parameters
  /// must be given with it.
  static final String TRANSFORMATION = "RSA/ECB/OAEPPadding";

  private final CryptoProvider provider;
  private final SecureRandom random;
  // Explicit, since the JDK's default for MGF1 is SHA-1.
  private final OAEPParameterSpec parameters =
      new OAEPParameterSpec(
          "SHA-256", "MGF1", MGF1ParameterSpec.SHA256, PSource.PSpecified.DEFAULT);

  RsaOaep(CryptoProvider provider, SecureRandom random) {
    this.provider = provider;
    this.random = random;
  }

  EncapsulatedSecret encapsulate(WrappingKey key) {
    byte[] z = new byte[DekCipher.Z_SIZE];
    random.nextBytes(z);
    try {
      Cipher cipher = provider.primitives().rsaOaepEncryption();
      cipher.init(Cipher.ENCRYPT_MODE, key.key(), parameters, random);
      return new EncapsulatedSecret(cipher.doFinal(z), SecretBytes.adopt(z));
    } catch (GeneralSecurityException e) {
      Arrays.fill(z, (byte) 0);
      throw CryptoProvider.unavailable(e);
    }
  }

  /// The secret of an encapsulation of the modulus's size, or a random one if it does not decode.
  SecretBytes decapsulate(PrivateKey key, byte[] encapsulated) {
    // Drawn always, before it is known whether it is needed.
    byte[] substitute = new byte[DekCipher.Z_SIZE];
    random.nextBytes(substitute);
    byte[] z = decrypt(key, encapsulated);
    if (z != null && z.length == DekCipher.Z_SIZE) {
      Arrays.fill(substitute, (byte) 0);
      return SecretBytes.adopt(z);
    }
    if (z != null) {
      Arrays.fill(z, (byte) 0);
    }
    return SecretBytes.adopt(substitute);
  }

  /// Decodes the ciphertext; null if it does not decode.
  byte @Nullable [] decrypt(PrivateKey key, byte[] ciphertext) {
    // A fresh object for each call: a kept one would hold on to the private key.
    Cipher cipher = provider.cipher(TRANSFORMATION);
    try {
      cipher.init(Cipher.DECRYPT_MODE, key, parameters);
    } catch (GeneralSecurityException e) {
      throw CryptoProvider.unavailable(e);
    }
    try {
      return cipher.doFinal(ciphertext);
    } catch (GeneralSecurityException e) {
      return null;
    }
  }
}
