package dev.keybroker.embedded.kms;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// All that the local KMS knows. Readers take no lock; every change is made inside [#change],
/// one at a time, and is on disk (where there is a state file) before `change` returns.
final class LocalState {

  private final ReentrantLock changes = new ReentrantLock();
  private final @Nullable StateFile file;
  private final byte[] sealingKey;

  /// By key ARN.
  final ConcurrentMap<String, KmsKey> keys = new ConcurrentHashMap<>();

  /// By [KmsKey#materialId].
  final ConcurrentMap<String, KeyMaterial> materials = new ConcurrentHashMap<>();

  /// By alias ARN.
  final ConcurrentMap<String, Alias> aliases = new ConcurrentHashMap<>();

  /// By key ARN.
  final ConcurrentMap<String, List<Grant>> grants = new ConcurrentHashMap<>();

  /// By user ARN.
  final ConcurrentMap<String, User> users = new ConcurrentHashMap<>();

  /// By role ARN.
  final ConcurrentMap<String, Role> roles = new ConcurrentHashMap<>();

  /// By access key id.
  final ConcurrentMap<String, LocalCredentials> accessKeys = new ConcurrentHashMap<>();

  LocalState(@Nullable StateFile file) {
    this.file = file;
    Snapshot saved = file == null ? null : file.read();
    if (saved == null) {
      sealingKey = RandomBytes.next(32);
      return;
    }
    sealingKey = saved.sealingKey();
    materials.putAll(saved.materials());
    saved.keys().forEach(key -> keys.put(key.arn(), key));
    saved.aliases().forEach(alias -> aliases.put(alias.arn(), alias));
    for (Grant grant : saved.grants()) {
      grants.merge(grant.keyArn(), List.of(grant), LocalState::concat);
    }
    saved.users().forEach(user -> users.put(user.arn(), user));
    saved.roles().forEach(role -> roles.put(role.arn(), role));
    saved.accessKeys().forEach(key -> accessKeys.put(key.accessKeyId(), key));
  }

  /// The secret that session tokens are sealed and ciphertext headers are authenticated with.
  byte[] sealingKey() {
    return sealingKey;
  }

  /// Runs `change` while no other change runs, and saves what it did, also where it fails halfway.
  <T> T change(Supplier<T> change) {
    changes.lock();
    try {
      return change.get();
    } finally {
      try {
        if (file != null) {
          file.write(snapshot());
        }
      } finally {
        changes.unlock();
      }
    }
  }

  List<Grant> grantsOf(String keyArn) {
    return grants.getOrDefault(keyArn, List.of());
  }

  private static List<Grant> concat(List<Grant> first, List<Grant> second) {
    return Stream.concat(first.stream(), second.stream()).toList();
  }

  private Snapshot snapshot() {
    return new Snapshot(
        Snapshot.README,
        sealingKey,
        List.copyOf(keys.values()),
        Map.copyOf(materials),
        List.copyOf(aliases.values()),
        grants.values().stream().flatMap(List::stream).toList(),
        List.copyOf(users.values()),
        List.copyOf(roles.values()),
        List.copyOf(accessKeys.values()));
  }
}
