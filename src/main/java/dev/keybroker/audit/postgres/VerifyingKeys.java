package dev.keybroker.audit.postgres;

import dev.keybroker.audit.DropSeal;
import dev.keybroker.audit.RecordHash;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The MAC keys of chains and dropped ranges, by their ids.
final class VerifyingKeys {
  private final Map<String, byte[]> keys = new HashMap<>();

  VerifyingKeys(List<byte[]> keys) {
    for (byte[] key : keys) {
      String id = RecordHash.of(key).keyId();
      if (id != null) {
        this.keys.put(id, key);
      }
    }
  }

  boolean isEmpty() {
    return keys.isEmpty();
  }

  /// Returns the hash of a chain's records; null if its key is not known.
  ///
  /// @param keyId null for no key
  @Nullable RecordHash hash(@Nullable String keyId) {
    byte[] key = keyId == null ? null : keys.get(keyId);
    return keyId == null || key != null ? RecordHash.of(key) : null;
  }

  /// Returns the seal that authenticates dropped ranges; null if its key is not known.
  @Nullable DropSeal seal(String keyId) {
    byte[] key = keys.get(keyId);
    return key == null ? null : DropSeal.of(key);
  }
}
