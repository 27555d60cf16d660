package dev.keybroker.keystore;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kek.RootKeyObserver;
import dev.keybroker.kms.KeyOperation;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.KmsAction;
import dev.keybroker.kms.KmsFailure;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// Records on the keystore how KMS answers Decrypts under its root key: the newest failure, and its
/// end. Writes rarely, however often it is called. Thread-safe.
///
/// The other classes of operations make key pairs. [Rotation] records their failures with the
/// failed attempt.
@Singleton
public final class RootKeyWatch implements RootKeyObserver {
  private static final long MAX_KEYSTORES = 100_000;

  /// A failure that persists is written again after this time.
  private static final Duration FAILURE_AGAIN = Duration.ofSeconds(30);

  /// A success is written again after this time, because another broker may have written a failure.
  private static final Duration SUCCESS_AGAIN = Duration.ofMinutes(5);

  private final KeystoreStatus status;
  private final Diagnosis diagnosis;
  private final Cache<KeystoreName, Boolean> failures;
  private final Cache<KeystoreName, Boolean> successes;

  public RootKeyWatch(KeystoreStatus status, Diagnosis diagnosis, Ticker ticker) {
    this.status = status;
    this.diagnosis = diagnosis;
    this.failures = remembered(FAILURE_AGAIN, ticker);
    this.successes = remembered(SUCCESS_AGAIN, ticker);
  }

  private static Cache<KeystoreName, Boolean> remembered(Duration time, Ticker ticker) {
    return Caffeine.newBuilder()
        .maximumSize(MAX_KEYSTORES)
        .expireAfterWrite(time)
        .ticker(ticker)
        .executor(Runnable::run)
        .build();
  }

  @Override
  public void answered(
      KeystoreName keystore, KeyOperation call, Instant started, @Nullable KmsFailure failure) {
    if (call.operation() != KmsAction.DECRYPT) {
      return;
    }
    if (failure == null) {
      succeeded(keystore, started);
    } else {
      failed(keystore, call.use(), failure);
    }
  }

  private void failed(KeystoreName keystore, KeyUse use, KmsFailure failure) {
    successes.invalidate(keystore);
    if (failures.asMap().putIfAbsent(keystore, true) != null) {
      return;
    }
    diagnosis
        .of(failure, use.key(), use.context())
        .chain(error -> status.failed(keystore, error))
        .subscribe()
        .with(written -> {}, unwritten -> failures.invalidate(keystore));
  }

  private void succeeded(KeystoreName keystore, Instant started) {
    failures.invalidate(keystore);
    if (successes.asMap().putIfAbsent(keystore, true) != null) {
      return;
    }
    status
        .succeeded(keystore, KmsAction.DECRYPT, started)
        .subscribe()
        .with(written -> {}, unwritten -> successes.invalidate(keystore));
  }
}
