package dev.keybroker.faults.histories;

import com.google.protobuf.ByteString;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// A DEK as this side knows it: from the beginning, or from the first answer that shows it.
final class Secret {
  private static final int SIZE = 32;

  private final AtomicReference<@Nullable ByteString> dek;

  private Secret(@Nullable ByteString dek) {
    this.dek = new AtomicReference<>(dek);
  }

  static Secret random() {
    byte[] dek = new byte[SIZE];
    ThreadLocalRandom.current().nextBytes(dek);
    return new Secret(ByteString.copyFrom(dek));
  }

  /// One that the broker makes and keeps to itself.
  static Secret unknown() {
    return new Secret(null);
  }

  ByteString dek() {
    ByteString known = dek.get();
    return known == null ? ByteString.EMPTY : known;
  }

  /// Whether an answer is this DEK. The first one of an unknown DEK is what the others must be.
  boolean is(ByteString answer) {
    return answer.size() == SIZE && (dek.compareAndSet(null, answer) || answer.equals(dek.get()));
  }
}
