package dev.keybroker.grpc;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.keybroker.access.Target;
import dev.keybroker.kek.KeystoreName;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/// The names of keystores as requests contain them. The names seen last are kept by their bytes, so
/// that a name in use is not parsed and hashed again for each call. Thread-safe.
final class KeystoreNames {
  private static final int FEWEST = 4_096;
  private static final int MOST = 1 << 20;

  /// A name, and what calls need of it.
  record Named(KeystoreName name, Target target) {
    static Named of(KeystoreName name) {
      return new Named(name, new Target(name.tenant(), name.keystore()));
    }

    static Named parse(String name) {
      return of(KeystoreName.parse(name));
    }
  }

  @SuppressWarnings("ArrayRecordComponent") // compared by range
  private record Kept(byte[] bytes, Named named) {}

  /// A power of two of places. Names with the same place replace each other.
  private final AtomicReferenceArray<@Nullable Kept> table;

  /// @param inUse about how many keystores are in use at the same time
  KeystoreNames(long inUse) {
    int places = (int) Math.clamp(inUse, FEWEST, MOST);
    this.table = new AtomicReferenceArray<>(Integer.highestOneBit(2 * places - 1));
  }

  /// Returns the keystore whose name is in this range; null if it is not a keystore's name.
  @Nullable Named find(byte[] bytes, int begin, int end) {
    int place = place(bytes, begin, end);
    Kept known = table.get(place);
    if (known != null && Arrays.equals(known.bytes, 0, known.bytes.length, bytes, begin, end)) {
      return known.named;
    }
    Named named;
    try {
      named = Named.parse(new String(bytes, begin, end - begin, ISO_8859_1));
    } catch (IllegalArgumentException e) {
      return null;
    }
    table.set(place, new Kept(Arrays.copyOfRange(bytes, begin, end), named));
    return named;
  }

  private int place(byte[] bytes, int begin, int end) {
    int hash = 1;
    for (int i = begin; i < end; i++) {
      hash = 31 * hash + bytes[i];
    }
    return (hash ^ (hash >>> 16)) & (table.length() - 1);
  }
}
