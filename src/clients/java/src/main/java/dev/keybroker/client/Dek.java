package dev.keybroker.client;

import java.security.SecureRandom;
import java.util.Arrays;

/** A data encryption key of 32 to 64 bytes, which is overwritten when it is closed. Thread-safe. */
public final class Dek implements AutoCloseable {
  static final int MIN_SIZE = 32;
  static final int MAX_SIZE = 64;

  private static final SecureRandom RANDOM = new SecureRandom();

  private final byte[] bytes;
  private boolean closed;

  private Dek(byte[] bytes) {
    if (bytes.length < MIN_SIZE || bytes.length > MAX_SIZE) {
      Arrays.fill(bytes, (byte) 0);
      throw new IllegalArgumentException("a DEK of a recording has 32 to 64 bytes");
    }
    this.bytes = bytes;
  }

  /** Takes ownership of the array: the caller must not use it again. */
  public static Dek adopt(byte[] bytes) {
    return new Dek(bytes);
  }

  /** Generates a DEK of 32 bytes. */
  public static Dek random() {
    byte[] bytes = new byte[MIN_SIZE];
    RANDOM.nextBytes(bytes);
    return new Dek(bytes);
  }

  /** Returns a copy, which the caller overwrites. */
  public synchronized byte[] toByteArray() {
    if (closed) {
      throw new IllegalStateException("the DEK is closed");
    }
    return bytes.clone();
  }

  @Override
  public synchronized void close() {
    closed = true;
    Arrays.fill(bytes, (byte) 0);
  }

  /** Never shows the bytes. */
  @Override
  public String toString() {
    return "Dek[" + bytes.length + " bytes]";
  }
}
