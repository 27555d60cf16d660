package dev.keybroker.keystore;

import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kek.RootKeyObserver;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.KmsAction;
import dev.keybroker.kms.KmsFailure;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Instant;

/// Writes the `last_error` of keystores, with what to fix. Thread-safe.
@Singleton
public final class LastErrors implements RootKeyObserver {
  private final KeystoreStatus status;
  private final Diagnosis diagnosis;

  public LastErrors(KeystoreStatus status, Diagnosis diagnosis) {
    this.status = status;
    this.diagnosis = diagnosis;
  }

  @Override
  public Uni<Void> failed(KeystoreName keystore, KeyUse use, KmsFailure failure) {
    return diagnosis.of(failure, use).chain(error -> status.failed(keystore, error));
  }

  @Override
  public Uni<Void> succeeded(KeystoreName keystore, Instant started) {
    return status.succeeded(keystore, KmsAction.DECRYPT, started);
  }
}
