package dev.keybroker.dek;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Scheduler;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.crypto.DekWrapping;
import dev.keybroker.crypto.EncryptionContext;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.kek.ActiveKek;
import dev.keybroker.kek.KekChange;
import dev.keybroker.kek.KeystoreName;
import java.util.UUID;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/// Wraps DEKs under the sessions of their KEKs: one encapsulation serves many DEKs, each with its
/// own salt and derived key. Thread-safe.
///
/// A session never serves two KEKs. It ends, and is wiped, at the first of its bounds or when its
/// KEK changes. The successor of a busy session is made in advance, in the background, so only the
/// first wrap of a keystore, or one of a keystore that wraps rarely, waits for an encapsulation.
public final class WrapSessions {
  private static final int ATTEMPTS = 3;

  private final DekWrapping wrapping;
  private final WrapSessionConfig config;
  private final Ticker ticker;
  private final Executor ahead;
  private final Cache<KeystoreName, WrapSession> sessions;

  /// @param ahead runs the work that makes successors
  public WrapSessions(
      DekWrapping wrapping, WrapSessionConfig config, Ticker ticker, Executor ahead) {
    this.wrapping = wrapping;
    this.config = config;
    this.ticker = ticker;
    this.ahead = ahead;
    this.sessions =
        Caffeine.newBuilder()
            .maximumSize(config.maxSessions())
            .expireAfterWrite(config.lifetime())
            .ticker(ticker)
            .scheduler(Scheduler.systemScheduler())
            .executor(Runnable::run)
            .<KeystoreName, WrapSession>removalListener((keystore, session, cause) -> wipe(session))
            .build();
  }

  private static void wipe(@Nullable WrapSession session) {
    if (session != null) {
      session.close();
    }
  }

  /// Wraps a DEK of 16 to 64 bytes under this KEK.
  byte[] wrap(ActiveKek kek, SecretBytes dek, EncryptionContext context) {
    if (config.maxDeks() <= 1) {
      return wrapping.wrap(kek.name().id(), kek.key(), dek, context);
    }
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      try {
        return seal(kek, session(kek), dek, context);
      } catch (IllegalStateException e) {
        // The session was wiped after it was looked up: retry with its successor.
      }
    }
    return wrapping.wrap(kek.name().id(), kek.key(), dek, context);
  }

  /// Returns a session after counting one DEK against its bound.
  private WrapSession session(ActiveKek kek) {
    long now = ticker.read();
    WrapSession session = sessions.getIfPresent(kek.name().keystore());
    if (session == null || !session.kek().equals(kek.name().id()) || !session.take(now)) {
      session = begin(kek, now);
      session.take(now);
    } else if (session.wantsSuccessor(now)) {
      ahead.execute(() -> begin(kek, ticker.read()));
    }
    return session;
  }

  private byte[] seal(
      ActiveKek kek, WrapSession session, SecretBytes dek, EncryptionContext context) {
    return wrapping.seal(kek.name().id(), kek.key().spec(), session.secret(), dek, context);
  }

  private WrapSession begin(ActiveKek kek, long now) {
    WrapSession session =
        new WrapSession(
            kek.name().id(),
            wrapping.encapsulator().encapsulate(kek.key()),
            now,
            config.lifetime().toNanos(),
            config.maxDeks());
    sessions.put(kek.name().keystore(), session);
    return session;
  }

  /// Ends the sessions affected by a change.
  public void changed(KekChange change) {
    switch (change) {
      case KekChange.OfKeystore(KeystoreName keystore) -> sessions.invalidate(keystore);
      case KekChange.OfKek(UUID kek) ->
          sessions.asMap().values().removeIf(session -> session.kek().equals(kek));
      case KekChange.OfSettings ignored -> {
        // This change does not affect the KEK.
      }
    }
  }

  /// Wipes what has expired. Caffeine also does this, but on the monotonic clock: after the machine
  /// was suspended, that is too late.
  public void cleanUp() {
    sessions.cleanUp();
  }

  /// Ends all sessions.
  public void endAll() {
    sessions.invalidateAll();
  }
}
