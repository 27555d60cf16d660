package dev.keybroker.kek;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.KeyUseObserver;
import dev.keybroker.kms.Kms;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.KmsKey;
import dev.keybroker.kms.KmsKeyDescription;
import io.smallrye.mutiny.Uni;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// The state of root keys, each by KMS's last answer to this broker, and what follows from it for
/// wraps. Thread-safe; a look at a state that is known costs no call and blocks nobody.
///
/// An answer to a use of a key (Decrypt, Encrypt, GenerateDataKeyPair) holds for that use, one to
/// DescribeKey for all uses of the key. Which answer is the last one is told by when its call
/// began: a call that hung while a later one was answered says nothing new. A throttled call leaves
/// the state as it is while that is fine and fresh. A use that was denied stays denied while that
/// answer is fresh, since who may not decrypt may yet be allowed to describe.
public final class RootKeyStates implements KeyUseObserver {
  private static final String DESCRIBE = "kms:DescribeKey";

  /// Reads take their time: a record this much older than its freshness is none that the stores
  /// still answer for.
  private static final Duration READING = Duration.ofSeconds(1);

  private final Kms kms;
  private final Ticker ticker;
  private final Clock clock;
  private final long freshness;
  private final long askAhead;
  private final long retry;
  private final long oldRecordMillis;
  private final Budget background;
  private final Cache<KeyUse, State> states;
  private final Cache<KmsKey, Key> keys;

  /// @param begun ticker time of the call
  /// @param ended ticker time of the answer
  private record Answer(long begun, long ended, @Nullable KmsFailure failure) {
    boolean isDenied() {
      return failure != null && failure.kind() == KmsFailure.Kind.ACCESS_DENIED;
    }
  }

  /// A KMS key, asked by one DescribeKey at a time.
  private static final class Key {
    private final AtomicReference<@Nullable Answer> described = new AtomicReference<>();
    private final AtomicReference<@Nullable CompletableFuture<Answer>> asked =
        new AtomicReference<>();
  }

  private static final class State {
    private final Key key;
    private final AtomicReference<@Nullable Answer> used = new AtomicReference<>();

    State(Key key) {
      this.key = key;
    }

    @Nullable Answer last(long now, long freshness) {
      Answer use = used.get();
      Answer described = key.described.get();
      if (use == null || described == null) {
        return use == null ? described : use;
      }
      return use.begun - described.begun >= 0 || (use.isDenied() && now - use.ended < freshness)
          ? use
          : described;
    }
  }

  /// @param kms asked for what no call has answered lately
  public RootKeyStates(
      Kms kms, RootKeyConfig config, KekCacheConfig records, Ticker ticker, Clock clock) {
    this.kms = kms;
    this.ticker = ticker;
    this.clock = clock;
    this.freshness = config.freshness().toNanos();
    this.askAhead = freshness - freshness / 4;
    this.retry = config.retry().toNanos();
    this.oldRecordMillis = records.freshness().plus(READING).toMillis();
    this.background = new Budget(config.backgroundRate(), ticker);
    this.states = Caffeine.newBuilder().maximumSize(config.max()).executor(Runnable::run).build();
    this.keys = Caffeine.newBuilder().weakValues().executor(Runnable::run).build();
  }

  /// The KEK itself, where a wrap may use it now. Where its keystore fails closed, that needs an
  /// answer of KMS for the root key that is fresh and no failure; it fails with [KmsFailure]
  /// otherwise.
  public Uni<ActiveKek> admit(ActiveKek kek) {
    return kek.failClosed() ? admitByState(kek) : Uni.createFrom().item(kek);
  }

  private Uni<ActiveKek> admitByState(ActiveKek kek) {
    State state = state(kek.rootKey());
    long now = ticker.read();
    Answer last = state.last(now, freshness);
    long age = last == null ? freshness : now - last.ended;
    if (last == null || age >= freshness) {
      return Uni.createFrom()
          .completionStage(() -> ask(kek.rootKey().key(), state.key).minimalCompletionStage())
          .map(answer -> admitted(kek, state, answer));
    }
    if (age >= (last.failure == null ? askAhead : retry)) {
      var unused = ask(kek.rootKey().key(), state.key);
    }
    return last.failure == null
        ? Uni.createFrom().item(kek)
        : Uni.createFrom().failure(last.failure);
  }

  private ActiveKek admitted(ActiveKek kek, State state, Answer described) {
    Answer last = state.last(ticker.read(), freshness);
    KmsFailure failure = last == null ? described.failure : last.failure;
    if (failure != null) {
      throw failure;
    }
    return kek;
  }

  /// What a wrap under this KEK is to be told of it: null unless it is the last known one.
  public @Nullable LastKnownKek lastKnown(ActiveKek kek) {
    State state = state(kek.rootKey());
    long now = ticker.read();
    Answer last = state.last(now, freshness);
    KmsFailure failure = last == null ? null : last.failure;
    if (!kek.failClosed()
        && (last == null || now - last.ended >= (failure == null ? freshness : retry))
        && state.key.asked.get() == null
        && background.take()) {
      var unused = ask(kek.rootKey().key(), state.key);
    }
    long age = clock.millis() - kek.readTime().toEpochMilli();
    if (failure == null && age < oldRecordMillis) {
      return null;
    }
    return new LastKnownKek(
        Duration.ofMillis(Math.max(0, age)), last != null, failure == null ? null : failure.kind());
  }

  @Override
  public void ended(KeyUse use, long begun, @Nullable KmsFailure failure) {
    State state = state(use);
    long now = ticker.read();
    note(state.used, state.last(now, freshness), new Answer(begun, now, failure));
  }

  private void note(
      AtomicReference<@Nullable Answer> answers, @Nullable Answer last, Answer answer) {
    boolean saysNothing =
        answer.failure != null
            && answer.failure.kind() == KmsFailure.Kind.THROTTLED
            && last != null
            && last.failure == null
            && answer.ended - last.ended < freshness;
    if (!saysNothing) {
      answers.accumulateAndGet(
          answer,
          (known, given) ->
              known != null && given != null && known.begun - given.begun > 0 ? known : given);
    }
  }

  private State state(KeyUse use) {
    State state = states.getIfPresent(use);
    return state != null
        ? state
        : states.get(use, missing -> new State(keys.get(missing.key(), it -> new Key())));
  }

  /// One DescribeKey at a time for a key; whoever comes meanwhile shares it. Never fails.
  private CompletableFuture<Answer> ask(KmsKey kmsKey, Key key) {
    CompletableFuture<Answer> mine = new CompletableFuture<>();
    CompletableFuture<Answer> running = key.asked.compareAndExchange(null, mine);
    if (running != null) {
      return running;
    }
    long begun = ticker.read();
    Uni.createFrom()
        .deferred(() -> kms.describe(kmsKey))
        .map(RootKeyStates::refusal)
        .onFailure()
        .recoverWithItem(RootKeyStates::failure)
        .subscribe()
        .with(
            failure -> {
              Answer answer = new Answer(begun, ticker.read(), failure);
              note(key.described, key.described.get(), answer);
              key.asked.set(null);
              mine.complete(answer);
            });
    return mine;
  }

  private static @Nullable KmsFailure refusal(KmsKeyDescription description) {
    return switch (description.state()) {
      case "Enabled", "Updating" -> null;
      case "Disabled" -> refusal(KmsFailure.Kind.KEY_DISABLED, description);
      default -> refusal(KmsFailure.Kind.KEY_PENDING_DELETION, description);
    };
  }

  private static KmsFailure refusal(KmsFailure.Kind kind, KmsKeyDescription description) {
    return new KmsFailure(
        kind, DESCRIBE, "KeyState", "the key's state is " + description.state(), null);
  }

  private static KmsFailure failure(Throwable failure) {
    return failure instanceof KmsFailure known
        ? known
        : new KmsFailure(
            KmsFailure.Kind.UNREACHABLE,
            DESCRIBE,
            "ClientError",
            "no answer, for " + failure.getClass().getName(),
            null);
  }

  /// A number a second, and no more than that at once.
  private static final class Budget {
    private static final long SECOND = Duration.ofSeconds(1).toNanos();

    private final int perSecond;
    private final Ticker ticker;
    private final AtomicLong spentUntil;

    Budget(int perSecond, Ticker ticker) {
      this.perSecond = perSecond;
      this.ticker = ticker;
      this.spentUntil = new AtomicLong(ticker.read());
    }

    boolean take() {
      if (perSecond <= 0) {
        return false;
      }
      long now = ticker.read();
      long until = spentUntil.get();
      long next = (now - until > 0 ? now : until) + SECOND / perSecond;
      return next - now <= SECOND && spentUntil.compareAndSet(until, next);
    }
  }
}
