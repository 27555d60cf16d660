package dev.keybroker.keystore.postgres;

import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.KeystoreStatus;
import dev.keybroker.keystore.RootKeyError;
import dev.keybroker.keystore.RotationSchedule;
import dev.keybroker.kms.KmsAction;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// The columns of `keystore` that are not settings.
@Singleton
public class PostgresKeystoreStatus implements KeystoreStatus {
  private final KeystoreTransactions transactions;

  PostgresKeystoreStatus(KeystoreTransactions transactions) {
    this.transactions = transactions;
  }

  @Override
  public Uni<Void> rotated(KeystoreName name, long version, Instant activeTime) {
    return transactions.locked(
        name,
        (session, row) -> {
          if (!isOf(KmsAction.DECRYPT, row.errorAction)) {
            KeystoreRows.setError(row, null);
          }
          if (row.version == version) {
            row.kekRequested = false;
          }
          row.nextRotationTime = RotationSchedule.next(row.rotationPeriod, activeTime);
          if (!row.kekRequested) {
            KeystoreRows.planNext(row);
          }
          return session.update(row);
        });
  }

  @Override
  public Uni<Void> rotatedBefore(KeystoreName name, long version) {
    return transactions.locked(
        name,
        (session, row) ->
            KeystoreRows.lastChange(session, name)
                .chain(
                    lastChange -> {
                      if (row.version == version) {
                        row.kekRequested = false;
                      }
                      if (lastChange != null) {
                        row.nextRotationTime =
                            RotationSchedule.next(row.rotationPeriod, lastChange);
                      }
                      if (!row.kekRequested) {
                        KeystoreRows.planNext(row);
                      }
                      return session.update(row);
                    }));
  }

  @Override
  public Uni<Void> failed(KeystoreName name, RootKeyError error) {
    return transactions.locked(
        name,
        (session, row) -> {
          KeystoreRows.setError(row, error);
          return session.update(row);
        });
  }

  @Override
  public Uni<Void> succeeded(KeystoreName name, KmsAction operation, Instant started) {
    return transactions.locked(
        name,
        (session, row) -> {
          if (row.errorTime == null
              || row.errorTime.isAfter(started)
              || !(isOf(operation, row.errorAction) || isOfTheRole(row.errorAction))) {
            return Uni.createFrom().voidItem();
          }
          KeystoreRows.setError(row, null);
          return session.update(row);
        });
  }

  private static boolean isOf(KmsAction operation, @Nullable String errorAction) {
    return operation.action().equals(errorAction);
  }

  /// Whether the error is one of assuming the role. Any successful call had a session of the role.
  private static boolean isOfTheRole(@Nullable String errorAction) {
    return errorAction != null && errorAction.startsWith("sts:");
  }
}
