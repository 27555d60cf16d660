package dev.keybroker.crypto;

import java.lang.invoke.VarHandle;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Secret bytes that are overwritten on close: a DEK, an encapsulated secret or an encoded private
/// key.
///
/// Thread-safe, and free of locks: a read that races with [#close()] yields either the whole secret
/// or an [IllegalStateException], never wiped bytes. Any use after close is an
/// [IllegalStateException]. [#toString()] never shows the bytes, and the class is not serialisable.
public final class SecretBytes implements AutoCloseable {

  private final byte[] bytes;
  private volatile boolean closed;

  private SecretBytes(byte[] bytes) {
    this.bytes = bytes;
  }

  /// A secret with the same bytes; the caller still owns (and wipes) its array.
  public static SecretBytes copyOf(byte[] bytes) {
    return new SecretBytes(bytes.clone());
  }

  /// Takes ownership of the array: the caller must not touch it again, and it is wiped on close.
  public static SecretBytes adopt(byte[] bytes) {
    return new SecretBytes(bytes);
  }

  /// A fresh secret of `size` bytes.
  public static SecretBytes random(int size, SecureRandom random) {
    byte[] bytes = new byte[size];
    random.nextBytes(bytes);
    return new SecretBytes(bytes);
  }

  /// The number of bytes; not secret, so it may be asked after close too.
  public int size() {
    return bytes.length;
  }

  /// A copy, which the caller wipes.
  public byte[] toByteArray() {
    byte[] copy = new byte[bytes.length];
    copyTo(copy, 0);
    return copy;
  }

  /// Copies the secret into `target`, which the caller wipes.
  void copyTo(byte[] target, int offset) {
    // close() raises the flag before it wipes, and this looks at the flag after it copied: with the
    // two fences, a copy that saw a wiped byte also sees the flag. So it takes no lock, and no wrap
    // ever runs on zeros.
    if (!tryCopyTo(target, offset)) {
      throw new IllegalStateException("secret is closed");
    }
  }

  private boolean tryCopyTo(byte[] target, int offset) {
    if (closed) {
      return false;
    }
    System.arraycopy(bytes, 0, target, offset, bytes.length);
    VarHandle.loadLoadFence();
    if (closed) {
      Arrays.fill(target, offset, offset + bytes.length, (byte) 0);
      return false;
    }
    return true;
  }

  /// Overwrites the bytes. Closing again does nothing.
  @Override
  public void close() {
    closed = true;
    VarHandle.fullFence();
    Arrays.fill(bytes, (byte) 0);
  }

  /// Whether both hold the same bytes, in time that depends on their sizes only. A closed secret
  /// equals only itself.
  @Override
  public boolean equals(@Nullable Object other) {
    if (this == other) {
      return true;
    }
    if (!(other instanceof SecretBytes that)) {
      return false;
    }
    byte[] mine = new byte[bytes.length];
    byte[] theirs = new byte[that.bytes.length];
    try {
      return tryCopyTo(mine, 0) && that.tryCopyTo(theirs, 0) && MessageDigest.isEqual(mine, theirs);
    } finally {
      Arrays.fill(mine, (byte) 0);
      Arrays.fill(theirs, (byte) 0);
    }
  }

  /// Depends only on the size, because a hash of the bytes would reveal something about them.
  @Override
  public int hashCode() {
    return bytes.length;
  }

  @Override
  public String toString() {
    return "SecretBytes[" + bytes.length + " bytes]";
  }
}
