package dev.keybroker.kek;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.kek.RootKeyAccount.Answer;
import dev.keybroker.kms.KeyOperation;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.KeyUseObserver;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.KmsOperation;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/// What this broker knows of its root keys: for each use of a key and each class of operations,
/// KMS's last answer. Every call of KMS reports here, refreshes ahead of time and dry runs
/// included. Wraps of keystores that fail closed, response headers, `last_error` and the health
/// page all go by it. Thread-safe.
///
/// Classes of operations are kept apart: a throttled key pair generation says nothing about
/// decryption. DescribeKey is not kept at all, since it says nothing about the right to use a key.
public final class RootKeyStates implements KeyUseObserver {
  /// A failure that nobody has met again for so long is not listed any more.
  private static final long LISTED = Duration.ofHours(1).toNanos();

  private final RootKeyObserver observer;
  private final Ticker ticker;
  private final InstantSource clock;
  private final long freshness;
  private final Cache<KeyUse, RootKeyState> states;
  private final Map<KeyOperation, Answer> failing = new ConcurrentHashMap<>();

  /// @param observer receives the answers for root keys whose keystore is known
  public RootKeyStates(
      RootKeyConfig config, RootKeyObserver observer, Ticker ticker, InstantSource clock) {
    this.observer = observer;
    this.ticker = ticker;
    this.clock = clock;
    this.freshness = config.freshness().toNanos();
    this.states =
        Caffeine.newBuilder()
            .maximumSize(config.max())
            .executor(Runnable::run)
            .<KeyUse, RootKeyState>removalListener((use, state, cause) -> unlist(use))
            .build();
  }

  private void unlist(@Nullable KeyUse use) {
    if (use != null) {
      for (KmsOperation operation : KmsOperation.values()) {
        failing.remove(new KeyOperation(use, operation));
      }
    }
  }

  /// Remembers whose KEK a root key encrypts, so that this keystore learns of the key's answers.
  void belongs(KeyUse use, KeystoreName keystore) {
    state(use).isOf(keystore);
  }

  RootKeyState state(KeyUse use) {
    RootKeyState state = states.getIfPresent(use);
    return state != null ? state : states.get(use, missing -> new RootKeyState());
  }

  @Override
  public void ended(KeyUse use, KmsOperation operation, long begun, @Nullable KmsFailure failure) {
    long now = ticker.read();
    RootKeyState state = state(use);
    Answer answer = new Answer(begun, now, failure);
    KeyOperation call = new KeyOperation(use, operation);
    if (state.account(operation).note(answer, freshness)) {
      if (failure == null) {
        failing.remove(call);
      } else {
        failing.put(call, answer);
      }
    }
    KeystoreName keystore = state.keystore();
    if (keystore != null) {
      observer.answered(keystore, call, clock.instant().minusNanos(now - begun), failure);
    }
  }

  /// What fails: the root keys and classes of operations whose last answer is a failure, with it.
  public Map<KeyOperation, KmsFailure> failing() {
    long now = ticker.read();
    failing.values().removeIf(answer -> now - answer.ended() > LISTED);
    Map<KeyOperation, KmsFailure> listed = new ConcurrentHashMap<>();
    failing.forEach(
        (call, answer) -> {
          if (answer.failure() != null) {
            listed.put(call, answer.failure());
          }
        });
    return listed;
  }
}
