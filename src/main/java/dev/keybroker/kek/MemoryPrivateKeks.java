package dev.keybroker.kek;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;
import com.github.benmanes.caffeine.cache.Scheduler;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.concurrent.Soon;
import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.crypto.UnwrappingKey;
import dev.keybroker.kms.Kms;
import dev.keybroker.kms.KmsAction;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Decrypted private KEKs in a bounded cache, each until an absolute time.
///
/// The bound counts from the *start* of the KMS Decrypt: KMS admitted the call after that, so if a
/// tenant withdraws access at time t, unwraps stop at t + lifetime at the latest. Use does not
/// extend the bound. While a key is in use, a *real* KMS Decrypt before the bound replaces it; if
/// KMS refuses that call, the old key expires at its own bound. Times are those of the ticker; with
/// [ElapsedTime] they advance while the machine is suspended.
///
/// It does not share Decrypts by a [dev.keybroker.concurrent.SingleFlight], because forgetting or
/// limiting a KEK must also drop its running Decrypt and wipe the key that this one brings.
@Singleton
public final class MemoryPrivateKeks implements PrivateKeks {
  private final Kms kms;
  private final RootKeyStates rootKeys;
  private final KeyCodec codec;
  private final Ticker ticker;
  private final Cache<UUID, Held> keys;
  private final ConcurrentHashMap<UUID, CompletableFuture<Held>> decrypts =
      new ConcurrentHashMap<>();
  private final Counter hits;
  private final Counter misses;
  private final Counter refreshes;

  private static final class Held {
    private final KeystoreName keystore;
    private final UnwrappingKey key;
    private final long decryptedAt;

    /// Ticker time from which a use starts a refresh. The caller that starts one moves it ahead.
    private final AtomicLong refreshFrom;

    private final @Nullable String requestId;
    private volatile long lifetime;

    Held(
        KeystoreName keystore,
        UnwrappingKey key,
        long decryptedAt,
        long lifetime,
        @Nullable String requestId) {
      this.keystore = keystore;
      this.key = key;
      this.decryptedAt = decryptedAt;
      this.lifetime = lifetime;
      this.refreshFrom = new AtomicLong(decryptedAt + lifetime - lifetime / 4);
      this.requestId = requestId;
    }

    boolean isExpired(long now, long allowedLifetime) {
      return now - decryptedAt >= Math.min(lifetime, allowedLifetime);
    }
  }

  /// A running Decrypt.
  private static final class Decrypt extends CompletableFuture<Held> {
    private final long lifetime;

    Decrypt(long lifetime) {
      this.lifetime = lifetime;
    }
  }

  /// @param rootKeys records which keystore each Decrypt is for
  public MemoryPrivateKeks(
      Kms kms,
      RootKeyStates rootKeys,
      KeyCodec codec,
      KekCacheConfig config,
      Ticker ticker,
      MeterRegistry registry) {
    this.kms = kms;
    this.rootKeys = rootKeys;
    this.codec = codec;
    this.ticker = ticker;
    this.keys =
        Caffeine.newBuilder()
            .maximumSize(config.maxPrivateKeks())
            .ticker(ticker)
            .scheduler(Scheduler.systemScheduler())
            .executor(Runnable::run)
            .expireAfter(new UntilBound())
            .<UUID, Held>removalListener((id, held, cause) -> wipe(held))
            .build();
    this.hits = registry.counter(Metrics.PRIVATE_KEK_READS, Metrics.RESULT, "hit");
    this.misses = registry.counter(Metrics.PRIVATE_KEK_READS, Metrics.RESULT, "miss");
    this.refreshes = registry.counter(Metrics.PRIVATE_KEK_READS, Metrics.RESULT, "refresh");
    registry.gauge(Metrics.PRIVATE_KEKS, keys, Cache::estimatedSize);
  }

  private static void wipe(@Nullable Held held) {
    if (held != null) {
      held.key.close();
    }
  }

  @Override
  public Soon<PrivateKek> privateKek(Kek kek) {
    long allowed = kek.privateKekLifetime().toNanos();
    if (allowed <= 0) {
      misses.increment();
      forget(kek.name().id());
      return new Soon.Later<>(decrypt(kek, 0).map(held -> lease(held, 0, true, held.requestId)));
    }
    Held held = keys.getIfPresent(kek.name().id());
    long now = ticker.read();
    if (held == null || held.isExpired(now, allowed)) {
      misses.increment();
      return new Soon.Later<>(
          shared(kek, held).map(fresh -> lease(fresh, allowed, false, fresh.requestId)));
    }
    hits.increment();
    refreshAhead(kek, held, now);
    return new Soon.Now<>(lease(held, allowed, false, null));
  }

  @Override
  public void used(Kek kek) {
    Held held = keys.getIfPresent(kek.name().id());
    if (held != null) {
      refreshAhead(kek, held, ticker.read());
    }
  }

  @Override
  public boolean isHeld(Kek kek) {
    Held held = keys.getIfPresent(kek.name().id());
    return held != null && !held.isExpired(ticker.read(), kek.privateKekLifetime().toNanos());
  }

  private PrivateKek lease(
      Held held, long allowed, boolean forThisUseOnly, @Nullable String requestId) {
    long bound = held.decryptedAt + Math.min(held.lifetime, allowed);
    return new PrivateKek(held.key, held.decryptedAt, bound, ticker, forThisUseOnly, requestId);
  }

  private void refreshAhead(Kek kek, Held held, long now) {
    long from = held.refreshFrom.get();
    // The caller that moves the time ahead makes the attempt. The next attempt is due an eighth of
    // the lifetime later.
    if (now - from >= 0 && held.refreshFrom.compareAndSet(from, now + held.lifetime / 8)) {
      refreshes.increment();
      shared(kek, held).subscribe().with(fresh -> {}, failure -> {});
    }
  }

  /// Decrypts a KEK's private key. Concurrent callers share one Decrypt, and its failure.
  private Uni<Held> shared(Kek kek, @Nullable Held known) {
    UUID id = kek.name().id();
    return Uni.createFrom()
        .completionStage(
            () -> {
              CompletableFuture<Held> mine = new Decrypt(kek.privateKekLifetime().toNanos());
              CompletableFuture<Held> running = decrypts.putIfAbsent(id, mine);
              if (running != null) {
                return running.minimalCompletionStage();
              }
              // Another Decrypt may have ended since the caller looked into memory.
              Held newer = keys.getIfPresent(id);
              if (newer != null
                  && (known == null || newer.decryptedAt - known.decryptedAt > 0)
                  && !newer.isExpired(ticker.read(), kek.privateKekLifetime().toNanos())) {
                decrypts.remove(id, mine);
                mine.complete(newer);
                return mine.minimalCompletionStage();
              }
              decrypt(kek, kek.privateKekLifetime().toNanos())
                  .subscribe()
                  .with(
                      held -> decrypted(id, held, mine),
                      failure -> {
                        decrypts.remove(id, mine);
                        mine.completeExceptionally(failure);
                      });
              return mine.minimalCompletionStage();
            });
  }

  private void decrypted(UUID id, Held held, CompletableFuture<Held> decrypt) {
    if (held.isExpired(ticker.read(), held.lifetime)) {
      decrypts.remove(id, decrypt);
      held.key.close();
      decrypt.completeExceptionally(
          new KmsFailure(
              KmsFailure.Kind.UNREACHABLE,
              KmsAction.DECRYPT.action(),
              "Timeout",
              "the answer took longer than a private KEK may live",
              held.requestId));
      return;
    }
    AtomicBoolean kept = new AtomicBoolean();
    // In one step, so that a KEK that is removed at this moment does not come back.
    decrypts.computeIfPresent(
        id,
        (same, current) -> {
          if (current != decrypt) {
            return current;
          }
          keys.put(id, held);
          kept.set(true);
          return null;
        });
    if (!kept.get()) {
      held.key.close();
    }
    decrypt.complete(held);
  }

  private Uni<Held> decrypt(Kek kek, long lifetime) {
    return Uni.createFrom()
        .deferred(
            () -> {
              long start = ticker.read();
              byte[] encrypted = Objects.requireNonNull(kek.encryptedPrivateKey());
              rootKeys.belongs(kek.rootKey(), kek.name().keystore());
              return kms.decryptPrivateKey(kek.rootKey(), encrypted)
                  .map(
                      decrypted -> {
                        try (decrypted;
                            SecretBytes pkcs8 = decrypted.privateKey()) {
                          return new Held(
                              kek.name().keystore(),
                              codec.parsePrivate(kek.spec(), pkcs8),
                              start,
                              lifetime,
                              decrypted.requestId());
                        }
                      });
            });
  }

  /// Wipes the private key of a KEK now, and drops its Decrypt if one is running.
  public void forget(UUID kek) {
    decrypts.remove(kek);
    keys.invalidate(kek);
  }

  /// Wipes the private key of a KEK if it is older than the lifetime of this record; otherwise the
  /// key expires when it reaches that age. Drops a running Decrypt that started with a longer
  /// lifetime.
  public void limit(Kek kek) {
    UUID id = kek.name().id();
    long allowed = kek.privateKekLifetime().toNanos();
    decrypts.computeIfPresent(
        id,
        (same, running) ->
            running instanceof Decrypt decrypt && decrypt.lifetime > allowed ? null : running);
    Held held = keys.getIfPresent(id);
    if (held == null) {
      return;
    }
    long left = held.decryptedAt + allowed - ticker.read();
    if (left <= 0) {
      keys.invalidate(id);
    } else if (allowed < held.lifetime) {
      held.lifetime = allowed;
      keys.policy()
          .expireVariably()
          .ifPresent(expiry -> expiry.setExpiresAfter(id, Duration.ofNanos(left)));
    }
  }

  /// Returns the KEKs of a keystore whose private keys memory holds.
  public Set<UUID> keksOf(KeystoreName keystore) {
    return keys.asMap().entrySet().stream()
        .filter(entry -> entry.getValue().keystore.equals(keystore))
        .map(Map.Entry::getKey)
        .collect(Collectors.toSet());
  }

  /// Wipes all private keys.
  public void forgetAll() {
    decrypts.clear();
    keys.invalidateAll();
  }

  /// Wipes what has expired. Caffeine also does this, but on the monotonic clock: after the machine
  /// was suspended, that is too late.
  public void cleanUp() {
    keys.cleanUp();
  }

  long size() {
    return keys.estimatedSize();
  }

  /// Expiry at the bound; reads do not extend it.
  private static final class UntilBound implements Expiry<UUID, Held> {
    @Override
    public long expireAfterCreate(UUID id, Held held, long now) {
      return Math.max(0, held.decryptedAt + held.lifetime - now);
    }

    @Override
    public long expireAfterUpdate(UUID id, Held held, long now, long current) {
      return expireAfterCreate(id, held, now);
    }

    @Override
    public long expireAfterRead(UUID id, Held held, long now, long current) {
      return current;
    }
  }
}
