package dev.keybroker.crypto;

import java.util.Arrays;
import javax.crypto.SecretKey;

/// A symmetric key for one call of the JCA, over an array that its caller owns; unlike
/// SecretKeySpec it can be destroyed.
///
/// Not thread-safe. Holds no copy: destroying it wipes the caller's array.
final class WipedKey implements SecretKey {

  private static final long serialVersionUID = 1L;

  private final String algorithm;
  private final transient byte[] bytes;
  private final int size;
  private boolean destroyed;

  WipedKey(String algorithm, byte[] bytes, int size) {
    this.algorithm = algorithm;
    this.bytes = bytes;
    this.size = size;
  }

  @Override
  public String getAlgorithm() {
    return algorithm;
  }

  @Override
  public String getFormat() {
    return "RAW";
  }

  @Override
  public byte[] getEncoded() {
    if (destroyed) {
      throw new IllegalStateException("key is destroyed");
    }
    return Arrays.copyOf(bytes, size);
  }

  @Override
  public void destroy() {
    destroyed = true;
    Arrays.fill(bytes, (byte) 0);
  }

  @Override
  public boolean isDestroyed() {
    return destroyed;
  }

  @Override
  public String toString() {
    return "WipedKey";
  }
}
