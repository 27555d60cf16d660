package dev.keybroker.dek;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Scheduler;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.kek.Kek;
import dev.keybroker.kek.KekChange;
import dev.keybroker.kek.PrivateKek;
import java.util.Arrays;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Secrets that a private KEK has decapsulated, so that the DEKs of one wrap session need one
/// private-key operation. Thread-safe.
///
/// A secret is kept under the same absolute bound as the private KEK that opened it: a tenant who
/// withdraws access is obeyed no later for it. Only what opened an authentic wrapped DEK is kept.
public final class OpenedSecrets {
  private final Ticker ticker;
  private final Cache<Key, Opened> secrets;

  public OpenedSecrets(OpenedSecretsConfig config, Ticker ticker) {
    this.ticker = ticker;
    this.secrets =
        Caffeine.newBuilder()
            .maximumSize(config.max())
            .ticker(ticker)
            .scheduler(Scheduler.systemScheduler())
            .executor(Runnable::run)
            .expireAfter(new UntilBound())
            .<Key, Opened>removalListener((key, opened, cause) -> wipe(opened))
            .build();
  }

  private static void wipe(@Nullable Opened opened) {
    if (opened != null) {
      opened.z.close();
    }
  }

  /// The secret of this encapsulation under a KEK, or null. It may be wiped at any time; a use then
  /// fails with an [IllegalStateException].
  @Nullable Opened get(Kek kek, byte[] encapsulated) {
    Opened opened = secrets.getIfPresent(new Key(kek.name().id(), encapsulated));
    return opened == null || opened.isExpired(ticker.read(), kek) ? null : opened;
  }

  /// Whether the bound is reached: what was opened with the secret must not be released then.
  boolean isExpired(Opened opened, Kek kek) {
    return opened.isExpired(ticker.read(), kek);
  }

  /// Keeps a secret, which is this cache's to wipe from now on.
  void put(Kek kek, byte[] encapsulated, SecretBytes z, PrivateKek openedBy) {
    secrets.put(
        new Key(kek.name().id(), encapsulated),
        new Opened(z, openedBy.decryptedAt(), openedBy.expiresAt()));
  }

  /// Wipes the secrets that a change touches.
  public void changed(KekChange change) {
    if (change instanceof KekChange.OfKek(UUID kek)) {
      secrets.asMap().keySet().removeIf(key -> key.kek.equals(kek));
    }
  }

  /// Wipes all secrets.
  public void forgetAll() {
    secrets.invalidateAll();
  }

  /// @param decryptedAt ticker time of the KMS Decrypt that this rests on
  /// @param expiresAt ticker time of the private KEK's bound
  record Opened(SecretBytes z, long decryptedAt, long expiresAt) {
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
