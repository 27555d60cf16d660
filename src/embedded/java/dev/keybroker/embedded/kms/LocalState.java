package dev.keybroker.embedded.kms;

import java.security.PublicKey;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// All that the local KMS knows. Readers take no lock; every change is made inside [#change],
/// one at a time, and is on disk (if there is a state file) before `change` returns.
final class LocalState {

  private final ReentrantLock changes = new ReentrantLock();
  private final @Nullable StateFile file;
  private final byte[] sealingKey;

  final Consistency consistency;

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

  /// The partitions of the accounts that are not in `aws`, by account.
  final ConcurrentMap<String, String> partitions = new ConcurrentHashMap<>();

  /// The ids of the organizations that accounts belong to, by account.
  final ConcurrentMap<String, String> organizations = new ConcurrentHashMap<>();

  /// By ARN.
  final ConcurrentMap<String, OidcProvider> oidcProviders = new ConcurrentHashMap<>();

  /// The keys that OIDC issuers publish, by issuer (without `https://`) and key id. Not saved: they
  /// are not AWS's.
  final ConcurrentMap<String, Map<String, PublicKey>> issuerKeys = new ConcurrentHashMap<>();

  /// By access key id.
  final ConcurrentMap<String, LocalCredentials> accessKeys = new ConcurrentHashMap<>();

  LocalState(@Nullable StateFile file, InstantSource clock) {
    this.file = file;
    consistency = new Consistency(clock);
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
    partitions.putAll(saved.partitions());
    organizations.putAll(saved.organizations());
    saved.oidcProviders().forEach(provider -> oidcProviders.put(provider.arn(), provider));
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

  /// The partition of an account's principals.
  String partition(String account) {
    return partitions.getOrDefault(account, "aws");
  }

  /// The unique id of the user or role `arn`; null if there is none.
  @Nullable String entityId(String arn) {
    User user = users.get(arn);
    Role role = roles.get(arn);
    return user != null ? user.userId() : role != null ? role.roleId() : null;
  }

  /// The unique ids of all users and roles, by ARN.
  Map<String, String> entityIds() {
    Map<String, String> ids = new HashMap<>();
    users.values().forEach(user -> ids.put(user.arn(), user.userId()));
    roles.values().forEach(role -> ids.put(role.arn(), role.roleId()));
    return ids;
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
        List.copyOf(accessKeys.values()),
        Map.copyOf(partitions),
        Map.copyOf(organizations),
        List.copyOf(oidcProviders.values()));
  }
}
