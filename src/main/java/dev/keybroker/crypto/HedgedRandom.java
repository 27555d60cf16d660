package dev.keybroker.crypto;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.Arrays;

/// The randomness of one sealed DEK: HKDF-SHA256 of random bytes together with all that is sealed.
///
/// Without a repeat of the random bytes this is as good as they are. With one, as in two copies of
/// a virtual machine, two messages share an ephemeral key, and so a key and a nonce, only if they
/// are the same message. Used by one thread for one key pair.
final class HedgedRandom extends SecureRandom implements AutoCloseable {
  private static final long serialVersionUID = 1L;
  private static final int RANDOM_SIZE = 32;

  private final transient Hkdf hkdf = new Hkdf("SHA256");
  private final transient byte[] prk;
  private int calls;

  private HedgedRandom(byte[] random, byte[] input) {
    this.prk = hkdf.extract(random, input);
  }

  static HedgedRandom of(SecureRandom random, RecipientKey recipient, byte[] secret, byte[] aad) {
    byte[] key = recipient.encoded();
    byte[] drawn = new byte[RANDOM_SIZE];
    random.nextBytes(drawn);
    // The sizes make the input injective.
    byte[] input =
        ByteBuffer.allocate(8 + key.length + secret.length + aad.length)
            .putInt(key.length)
            .put(key)
            .putInt(secret.length)
            .put(secret)
            .put(aad)
            .array();
    try {
      return new HedgedRandom(drawn, input);
    } finally {
      Arrays.fill(drawn, (byte) 0);
      Arrays.fill(input, (byte) 0);
    }
  }

  @Override
  public void nextBytes(byte[] bytes) {
    byte[] call = ByteBuffer.allocate(4).putInt(calls++).array();
    byte[] drawn = hkdf.expand(prk, call, bytes.length);
    System.arraycopy(drawn, 0, bytes, 0, bytes.length);
    Arrays.fill(drawn, (byte) 0);
  }

  @Override
  public void close() {
    Arrays.fill(prk, (byte) 0);
  }
}
