package dev.keybroker.embedded.kms;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The backing keys of a KMS key, oldest first: the last one encrypts, each of them decrypts.
record KeyMaterial(List<BackingKey> backingKeys) {

  /// 256 bits of AES key. `rotationType` is `AUTOMATIC` or `ON_DEMAND`, null for the first one.
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record BackingKey(UUID id, byte[] secret, Instant created, @Nullable String rotationType) {

    @Override
    public String toString() {
      return "BackingKey[" + id + "]";
    }
  }

  KeyMaterial {
    backingKeys = List.copyOf(backingKeys);
  }

  BackingKey current() {
    return backingKeys.getLast();
  }

  @Nullable BackingKey find(UUID id) {
    for (BackingKey key : backingKeys) {
      if (key.id().equals(id)) {
        return key;
      }
    }
    return null;
  }

  KeyMaterial rotatedTo(BackingKey next) {
    List<BackingKey> keys = new ArrayList<>(backingKeys);
    keys.add(next);
    return new KeyMaterial(keys);
  }
}
