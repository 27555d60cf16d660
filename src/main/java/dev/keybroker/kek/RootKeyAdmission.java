package dev.keybroker.kek;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.concurrent.SingleFlight;
import dev.keybroker.kek.RootKeyAccount.KmsAnswer;
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

/// Decides what the state of a root key means for wraps under its KEKs. Thread-safe and
/// non-blocking; if the key's state is known, a wrap makes no call.
///
/// Wraps depend on the permission that playback needs: on KMS's last answer to a Decrypt for the
/// keystore's KEKs. If no answer is fresh, the broker makes a dry run of the Decrypt of the ACTIVE
/// KEK's private key, with its encryption context. A denial ends with the next use that succeeds,
/// including a dry run. DescribeKey does not count.
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

  /// @param records the source of the ACTIVE KEKs' encrypted private keys
  /// @param kms called if no call was answered recently; its answers must reach `states`
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

  /// Returns the KEK itself if a wrap may use it now. If its keystore fails closed, that needs a
  /// fresh answer of KMS that the private key may be decrypted. Otherwise fails with [KmsFailure],
  /// or with [KekFailure] if the KEK's record, which the call of KMS needs, cannot be read.
  ///
  /// A failure is valid for the retry time. After that, the next wrap waits for a new answer, so
  /// that the first wrap after a recovery succeeds.
  public Uni<ActiveKek> admit(ActiveKek kek) {
    return kek.failClosed() ? admitByState(kek) : Uni.createFrom().item(kek);
  }

  private Uni<ActiveKek> admitByState(ActiveKek kek) {
    RootKeyState state = states.state(kek.rootKey());
    KmsAnswer last = state.decrypts();
    long age = last == null ? 0 : ticker.read() - last.ended();
    if (last == null || isOver(last, age) || state.isRefusedElsewhereSince(last.started())) {
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

  private boolean isOver(KmsAnswer last, long age) {
    return age >= (last.failure() == null ? freshness : retry);
  }

  /// @param refusal the failure of the dry run; null if it succeeded
  private ActiveKek admitted(
      ActiveKek kek, RootKeyState state, @Nullable RuntimeException refusal) {
    KmsAnswer last = state.decrypts();
    // KMS may have answered another use in the meantime.
    if (last != null
        && last.failure() == null
        && ticker.read() - last.ended() < freshness
        && !state.isRefusedElsewhereSince(last.started())) {
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

  /// Returns what a wrap under this KEK reports to its caller: null unless it is the last known
  /// KEK.
  ///
  /// @param fresh whether its record was fresh when it was looked up for this wrap
  public @Nullable LastKnownKek lastKnown(ActiveKek kek, boolean fresh) {
    KmsAnswer last = states.state(kek.rootKey()).decrypts();
    KmsFailure failure = last == null ? null : last.failure();
    if (!kek.failClosed()
        && (last == null || isOver(last, ticker.read() - last.ended()))
        && !asked.isUnderWay(kek.rootKey())
        && background.take()) {
      var unused = ask(kek);
    }
    if (failure == null && fresh) {
      return null;
    }
    long age = records.ageMillis(kek, clock.millis());
    if (failure == null && age < oldRecordMillis) {
      return null;
    }
    return new LastKnownKek(
        Duration.ofMillis(age), last != null, failure == null ? null : failure.kind());
  }

  /// Makes a dry run for a root key. Concurrent callers share one. Never fails: returns the failure
  /// of the dry run, if any. By then, the root key's state has KMS's answer.
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
        : kms.checkDecrypt(record.rootKey(), encrypted);
  }

  private static RuntimeException refusal(ActiveKek kek, Throwable failure) {
    return switch (failure) {
      case KekFailure.UnknownKek gone -> new KekFailure.NoActiveKek(kek.name().keystore());
      case RuntimeException known -> known;
      default -> new IllegalStateException(failure);
    };
  }

  /// A limit per second, which is also the largest burst.
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
