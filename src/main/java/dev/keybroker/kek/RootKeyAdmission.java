package dev.keybroker.kek;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.concurrent.SingleFlight;
import dev.keybroker.kek.RootKeyAccount.Answer;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.Kms;
import dev.keybroker.kms.KmsFailure;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/// What the state of a root key means for wraps under its KEKs. Thread-safe; a wrap under a key
/// whose state is known costs no call and blocks nobody.
///
/// Wraps go by the right that playback needs: KMS's last answer to a Decrypt of the keystore's
/// KEKs. Where there is none that is fresh, a dry run of the Decrypt of the ACTIVE KEK's private
/// key asks, under its encryption context. A denied use is over with the next use that succeeds, a
/// dry run included; DescribeKey has no say.
public final class RootKeyAdmission {
  /// Allowance for read latency. Beyond it, a record is too old for the stores to be answering.
  private static final Duration READING = Duration.ofSeconds(1);

  private final RootKeyStates states;
  private final KekRecords records;
  private final Kms kms;
  private final Ticker ticker;
  private final InstantSource clock;
  private final long freshness;
  private final long askAhead;
  private final long retry;
  private final long oldRecordMillis;
  private final Budget background;
  private final SingleFlight<KeyUse, Optional<RuntimeException>> asked = new SingleFlight<>();

  /// @param records of which the ACTIVE KEKs' encrypted private keys are taken
  /// @param kms asked for what no call has answered lately; its answers must reach `states`
  public RootKeyAdmission(
      RootKeyStates states,
      KekRecords records,
      Kms kms,
      RootKeyConfig config,
      KekCacheConfig cacheConfig,
      Ticker ticker,
      InstantSource clock) {
    this.states = states;
    this.records = records;
    this.kms = kms;
    this.ticker = ticker;
    this.clock = clock;
    this.freshness = config.freshness().toNanos();
    this.askAhead = freshness - freshness / 4;
    this.retry = config.retry().toNanos();
    this.oldRecordMillis = cacheConfig.freshness().plus(READING).toMillis();
    this.background = new Budget(config.backgroundRate(), ticker);
  }

  /// The KEK itself, where a wrap may use it now. Where its keystore fails closed, that needs a
  /// fresh answer of KMS that the private key may be decrypted. Fails with [KmsFailure] otherwise,
  /// or with [KekFailure] where KMS cannot be asked because the KEK's record cannot be read.
  ///
  /// A failure is believed for the retry time. The next wrap waits for a new answer, so that the
  /// first one after a recovery succeeds.
  public Uni<ActiveKek> admit(ActiveKek kek) {
    return kek.failClosed() ? admitByState(kek) : Uni.createFrom().item(kek);
  }

  private Uni<ActiveKek> admitByState(ActiveKek kek) {
    RootKeyState state = states.state(kek.rootKey());
    Answer last = state.decrypts();
    long age = last == null ? 0 : ticker.read() - last.ended();
    if (last == null || isOver(last, age) || state.isRefusedElsewhereSince(last.begun())) {
      return Uni.createFrom()
          .completionStage(() -> ask(kek))
          .map(refusal -> admitted(kek, state, refusal.orElse(null)));
    }
    KmsFailure failure = last.failure();
    if (failure != null) {
      return Uni.createFrom().failure(failure);
    }
    if (age >= askAhead) {
      var unused = ask(kek);
    }
    return Uni.createFrom().item(kek);
  }

  private boolean isOver(Answer last, long age) {
    return age >= (last.failure() == null ? freshness : retry);
  }

  /// @param refusal what the dry run failed with; null where it succeeded
  private ActiveKek admitted(
      ActiveKek kek, RootKeyState state, @Nullable RuntimeException refusal) {
    Answer last = state.decrypts();
    // Another use may have been answered meanwhile.
    if (last != null
        && last.failure() == null
        && ticker.read() - last.ended() < freshness
        && !state.isRefusedElsewhereSince(last.begun())) {
      return kek;
    }
    if (refusal != null) {
      throw refusal;
    }
    if (last != null && last.failure() != null) {
      throw last.failure();
    }
    return kek;
  }

  /// What a wrap under this KEK has to say about it: null unless it is the last known one.
  public @Nullable LastKnownKek lastKnown(ActiveKek kek) {
    Answer last = states.state(kek.rootKey()).decrypts();
    KmsFailure failure = last == null ? null : last.failure();
    if (!kek.failClosed()
        && (last == null || isOver(last, ticker.read() - last.ended()))
        && !asked.isUnderWay(kek.rootKey())
        && background.take()) {
      var unused = ask(kek);
    }
    long age = clock.instant().toEpochMilli() - kek.readTime().toEpochMilli();
    if (failure == null && age < oldRecordMillis) {
      return null;
    }
    return new LastKnownKek(
        Duration.ofMillis(Math.max(0, age)), last != null, failure == null ? null : failure.kind());
  }

  /// One dry run at a time for a root key; concurrent callers share it. Never fails: gives what the
  /// dry run failed with, if it did. What KMS answered is in the root key's state by then.
  private CompletionStage<Optional<RuntimeException>> ask(ActiveKek kek) {
    return asked.join(
        kek.rootKey(),
        () -> {
          states.belongs(kek.rootKey(), kek.name().keystore());
          return Uni.createFrom()
              .deferred(() -> records.kek(kek.name().id()))
              .chain(record -> check(kek, record))
              .map(admitted -> Optional.<RuntimeException>empty())
              .onFailure()
              .recoverWithItem(failure -> Optional.of(refusal(kek, failure)));
        });
  }

  private Uni<Void> check(ActiveKek kek, Kek record) {
    byte[] encrypted = record.encryptedPrivateKey();
    return encrypted == null
        ? Uni.createFrom().failure(new KekFailure.NoActiveKek(kek.name().keystore()))
        : kms.checkDecrypt(record.rootKey(), encrypted, record.kmsContext());
  }

  private static RuntimeException refusal(ActiveKek kek, Throwable failure) {
    return switch (failure) {
      case KekFailure.UnknownKek gone -> new KekFailure.NoActiveKek(kek.name().keystore());
      case RuntimeException known -> known;
      default -> new IllegalStateException(failure);
    };
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
