package dev.keybroker.crypto;

import java.security.PrivateKey;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// A KEK's private key, valid for its spec and ready for use: what a [KeyCodec] makes of a PKCS#8
/// encoding. It is parsed once and kept, because parsing costs up to a third of a use.
///
/// Thread-safe. [#close()] takes the key away from new operations at once and destroys it when the
/// last running one has ended, so it neither waits nor wipes a key in use. Keys of Amazon Corretto
/// Crypto Provider lie outside the Java heap and are overwritten; the JDK's keys cannot be, so of
/// those only the reference goes.
public final class UnwrappingKey implements AutoCloseable {

  private static final int CLOSED = Integer.MIN_VALUE;

  private final WrappingKey publicKey;
  /// The number of running operations, plus [#CLOSED] once it is closed.
  private final AtomicInteger uses = new AtomicInteger();

  private volatile @Nullable PrivateKey key;

  UnwrappingKey(WrappingKey publicKey, PrivateKey key) {
    this.publicKey = publicKey;
    this.key = key;
  }

  public KeyPairSpec spec() {
    return publicKey.spec();
  }

  /// The public key, computed from the private one.
  public WrappingKey publicKey() {
    return publicKey;
  }

  /// Whether this is the private half of that public key.
  public boolean matches(WrappingKey wrappingKey) {
    return publicKey.equals(wrappingKey);
  }

  /// Starts an operation, which [#release()] ends.
  void acquire() {
    int before = uses.getAndUpdate(n -> n < 0 ? n : n + 1);
    if (before < 0) {
      throw new IllegalStateException("private KEK is closed");
    }
  }

  void release() {
    if (uses.decrementAndGet() == CLOSED) {
      destroy();
    }
  }

  /// Valid between [#acquire()] and [#release()].
  PrivateKey key() {
    PrivateKey present = key;
    if (present == null) {
      throw new IllegalStateException("private KEK is closed");
    }
    return present;
  }

  @Override
  public void close() {
    if (uses.getAndUpdate(n -> n | CLOSED) == 0) {
      destroy();
    }
  }

  private void destroy() {
    PrivateKey present = key();
    key = null;
    KeyCodec.destroy(present);
  }

  @Override
  public String toString() {
    return "UnwrappingKey[" + spec() + " " + publicKey.fingerprint() + "]";
  }
}
