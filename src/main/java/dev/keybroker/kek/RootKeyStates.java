package dev.keybroker.kek;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.kek.RootKeyAccount.KmsAnswer;
import dev.keybroker.kms.KeyOperation;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.KeyUseObserver;
import dev.keybroker.kms.KmsAction;
import dev.keybroker.kms.KmsFailure;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// What this broker knows about its root keys: KMS's last answer for each use of a key and each
/// class of operations. Every call of KMS is reported here, including early refreshes and dry runs.
/// Wraps of keystores that fail closed, response headers, `last_error` and the health page all
/// depend on it. Thread-safe.
///
/// Classes of operations are kept apart: a throttled key pair generation says nothing about
/// decryption. DescribeKey is not recorded at all, because it says nothing about permission to use
/// a key.
public final class RootKeyStates implements KeyUseObserver {
  /// A failure that has not occurred again for this long is no longer listed.
  private static final long LISTED = Duration.ofHours(1).toNanos();

  private static final long MAX_KEYSTORES = 100_000;

  /// A failure that persists is recorded again after this time.
  private static final Duration FAILURE_AGAIN = Duration.ofSeconds(30);

  /// A success is recorded again after this time, because another broker may have recorded a
  /// failure.
  private static final Duration SUCCESS_AGAIN = Duration.ofMinutes(5);

  private final Supplier<RootKeyObserver> observer;
  private final Ticker ticker;
  private final InstantSource clock;
  private final long freshness;
  private final Cache<KeyUse, RootKeyState> states;
  private final Map<KeyOperation, KmsAnswer> failing = new ConcurrentHashMap<>();
  private final Cache<KeystoreName, Recorded> recorded;

  /// What was recorded last on a keystore.
  private static final class Recorded {
    private final boolean isFailure;

    /// Ticker time from which the same is recorded again.
    private final long until;

    Recorded(boolean isFailure, long until) {
      this.isFailure = isFailure;
      this.until = until;
    }
  }

  /// @param observer records the answers to Decrypts, rarely, however often KMS answers; supplied
  ///     with the first answer, because the observer itself calls KMS
  public RootKeyStates(
      RootKeyConfig config,
      Supplier<RootKeyObserver> observer,
      Ticker ticker,
      InstantSource clock) {
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
    this.recorded =
        Caffeine.newBuilder().maximumSize(MAX_KEYSTORES).executor(Runnable::run).build();
  }

  private void unlist(@Nullable KeyUse use) {
    if (use != null) {
      for (KmsAction operation : KmsAction.classes()) {
        failing.remove(new KeyOperation(use, operation));
      }
    }
  }

  /// Remembers which keystore's KEK a root key encrypts, so that the key's answers are reported to
  /// that keystore.
  void belongs(KeyUse use, KeystoreName keystore) {
    state(use).isOf(keystore);
  }

  RootKeyState state(KeyUse use) {
    RootKeyState state = states.getIfPresent(use);
    return state != null ? state : states.get(use, missing -> new RootKeyState());
  }

  @Override
  public void ended(KeyUse use, KmsAction operation, long started, @Nullable KmsFailure failure) {
    long now = ticker.read();
    RootKeyState state = state(use);
    KmsAnswer answer = new KmsAnswer(started, now, failure);
    KeyOperation call = new KeyOperation(use, operation);
    if (state.account(operation).note(answer, freshness)) {
      if (failure == null) {
        failing.remove(call);
      } else {
        failing.put(call, answer);
      }
    }
    KeystoreName keystore = state.keystore();
    if (keystore != null && operation == KmsAction.DECRYPT) {
      record(keystore, use, answer);
    }
  }

  /// The other classes of operations make key pairs, whose callers record their failures.
  private void record(KeystoreName keystore, KeyUse use, KmsAnswer answer) {
    KmsFailure failure = answer.failure();
    long now = answer.ended();
    Duration again = failure == null ? SUCCESS_AGAIN : FAILURE_AGAIN;
    Recorded mine = new Recorded(failure != null, now + again.toNanos());
    Recorded last =
        recorded
            .asMap()
            .compute(
                keystore,
                (same, known) ->
                    known != null && known.isFailure == mine.isFailure && now - known.until < 0
                        ? known
                        : mine);
    if (last != mine) {
      return;
    }
    Uni<Void> recording =
        failure == null
            ? observer.get().succeeded(keystore, clock.instant().minusNanos(now - answer.started()))
            : observer.get().failed(keystore, use, failure);
    recording.subscribe().with(written -> {}, unwritten -> recorded.asMap().remove(keystore, mine));
  }

  /// Returns the root keys and classes of operations whose last answer is a failure, with that
  /// failure.
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
