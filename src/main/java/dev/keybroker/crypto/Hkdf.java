package dev.keybroker.crypto;

import java.security.GeneralSecurityException;
import javax.crypto.KDF;
import javax.crypto.spec.HKDFParameterSpec;

/// RFC 5869 HKDF over one hash. Not thread-safe. Inputs stay the caller's; what comes back is the
/// caller's to wipe.
final class Hkdf {

  private final KDF kdf;
  private final int hashSize;

  Hkdf(String algorithm, int hashSize) {
    this.hashSize = hashSize;
    try {
      this.kdf = KDF.getInstance(algorithm);
    } catch (GeneralSecurityException e) {
      throw CryptoProvider.unavailable(e);
    }
  }

  /// Size in bytes of the hash, and so of a pseudorandom key (`Nh` in RFC 9180).
  int hashSize() {
    return hashSize;
  }

  /// HKDF-Extract; an empty salt means the hash size in zeros.
  byte[] extract(byte[] salt, byte[] ikm) {
    WipedKey saltKey = new WipedKey("Generic", salt, salt.length);
    WipedKey ikmKey = new WipedKey("Generic", ikm, ikm.length);
    HKDFParameterSpec.Builder builder = HKDFParameterSpec.ofExtract().addIKM(ikmKey);
    if (salt.length > 0) {
      builder.addSalt(saltKey);
    }
    return derive(builder.extractOnly());
  }

  /// HKDF-Expand.
  byte[] expand(byte[] prk, byte[] info, int length) {
    WipedKey prkKey = new WipedKey("Generic", prk, prk.length);
    return derive(HKDFParameterSpec.expandOnly(prkKey, info, length));
  }

  private byte[] derive(HKDFParameterSpec spec) {
    try {
      return kdf.deriveData(spec);
    } catch (GeneralSecurityException e) {
      throw CryptoProvider.unavailable(e);
    }
  }
}
