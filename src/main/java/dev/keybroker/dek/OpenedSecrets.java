package dev.keybroker.dek;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Scheduler;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.kek.Kek;
import dev.keybroker.kek.KekChange;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kek.PrivateKek;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// A cache of secrets that private KEKs have decapsulated, so that all DEKs of a wrap session need
/// only one private-key operation. Thread-safe.
///
/// A secret expires at the same absolute time as the private KEK that opened it, so the cache does
/// not delay a tenant's withdrawal of access. Only secrets that opened an authentic wrapped DEK are
/// kept.
@Singleton
public final class OpenedSecrets {
  private final Ticker ticker;
  private final Cache<Key, Opened> secrets;

  /// The KEKs that have secrets in this cache.
  private final ConcurrentHashMap<UUID, Live> live = new ConcurrentHashMap<>();

  /// @param lifetime the longest lifetime of these secrets, in nanoseconds
  private record Live(int secrets, long lifetime) {}

  public OpenedSecrets(OpenedSecretsConfig config, Ticker ticker) {
    this.ticker = ticker;
    this.secrets =
        Caffeine.newBuilder()
            .maximumSize(config.max())
            .ticker(ticker)
            .scheduler(Scheduler.systemScheduler())
            .executor(Runnable::run)
            .expireAfter(new UntilBound())
            .<Key, Opened>removalListener((key, opened, cause) -> removed(key, opened))
            .build();
  }

  private void removed(@Nullable Key key, @Nullable Opened opened) {
    if (key != null && opened != null) {
      opened.z.close();
      live.computeIfPresent(
          key.kek, (kek, of) -> of.secrets == 1 ? null : new Live(of.secrets - 1, of.lifetime));
    }
  }

  /// Returns the secret of this encapsulation under a KEK, or null. The secret may be wiped at any
  /// time; using it then throws an [IllegalStateException].
  @Nullable Opened get(Kek kek, byte[] encapsulated) {
    Opened opened = secrets.getIfPresent(new Key(kek.name().id(), encapsulated));
    return opened == null || opened.isExpired(ticker.read(), kek) ? null : opened;
  }

  /// Whether the secret has expired. What was opened with it must not be released then.
  boolean isExpired(Opened opened, Kek kek) {
    return opened.isExpired(ticker.read(), kek);
  }

  /// Keeps a secret. The cache takes ownership and wipes it.
  void put(Kek kek, byte[] encapsulated, SecretBytes z, PrivateKek openedBy) {
    long lifetime = openedBy.expiresAt() - openedBy.decryptedAt();
    live.merge(
        kek.name().id(),
        new Live(1, lifetime),
        (before, one) -> new Live(before.secrets + 1, Math.max(before.lifetime, one.lifetime)));
    secrets.put(
        new Key(kek.name().id(), encapsulated),
        new Opened(kek.name().keystore(), z, openedBy.decryptedAt(), openedBy.expiresAt()));
  }

  /// Wipes the secrets affected by a change.
  public void changed(KekChange change) {
    if (change instanceof KekChange.OfKek(UUID kek)) {
      secrets.asMap().keySet().removeIf(key -> key.kek.equals(kek));
    }
  }

  /// Wipes the secrets of a KEK that are older than the lifetime in this record. The others are
  /// wiped when they reach that age.
  public void limit(Kek kek) {
    UUID id = kek.name().id();
    long allowed = kek.privateKekLifetime().toNanos();
    Live of = live.get(id);
    if (of == null || allowed >= of.lifetime) {
      return;
    }
    long now = ticker.read();
    secrets
        .asMap()
        .forEach(
            (key, opened) -> {
              if (!key.kek.equals(id)) {
                return;
              }
              long left = opened.decryptedAt + allowed - now;
              if (left <= 0) {
                secrets.invalidate(key);
              } else if (opened.decryptedAt + allowed - opened.expiresAt < 0) {
                secrets
                    .policy()
                    .expireVariably()
                    .ifPresent(expiry -> expiry.setExpiresAfter(key, Duration.ofNanos(left)));
              }
            });
    live.computeIfPresent(id, (same, others) -> new Live(others.secrets, allowed));
  }

  /// Returns the KEKs of a keystore that memory holds secrets of.
  public Set<UUID> keksOf(KeystoreName keystore) {
    return secrets.asMap().entrySet().stream()
        .filter(entry -> entry.getValue().keystore.equals(keystore))
        .map(entry -> entry.getKey().kek)
        .collect(Collectors.toSet());
  }

  /// Wipes what has expired. Caffeine also does this, but on the monotonic clock: after the machine
  /// was suspended, that is too late.
  public void cleanUp() {
    secrets.cleanUp();
  }

  long size() {
    return secrets.estimatedSize();
  }

  /// Wipes all secrets.
  public void forgetAll() {
    secrets.invalidateAll();
  }

  /// @param decryptedAt ticker time of the KMS Decrypt that opened the private KEK
  /// @param expiresAt ticker time when the private KEK expires
  record Opened(KeystoreName keystore, SecretBytes z, long decryptedAt, long expiresAt) {
    boolean isExpired(long now, Kek kek) {
      return now - expiresAt >= 0 || now - decryptedAt >= kek.privateKekLifetime().toNanos();
    }
  }

  private static final class Key {
    private final UUID kek;
    private final byte[] encapsulated;
    private final int hash;

    Key(UUID kek, byte[] encapsulated) {
      this.kek = kek;
      this.encapsulated = encapsulated;
      this.hash = Arrays.hashCode(encapsulated);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Key key
          && hash == key.hash
          && kek.equals(key.kek)
          && Arrays.equals(encapsulated, key.encapsulated);
    }

    @Override
    public int hashCode() {
      return hash;
    }
  }

  private static final class UntilBound implements Expiry<Key, Opened> {
    @Override
    public long expireAfterCreate(Key key, Opened opened, long now) {
      return Math.max(0, opened.expiresAt - now);
    }

    @Override
    public long expireAfterUpdate(Key key, Opened opened, long now, long current) {
      return expireAfterCreate(key, opened, now);
    }

    @Override
    public long expireAfterRead(Key key, Opened opened, long now, long current) {
      return current;
    }
  }
}
