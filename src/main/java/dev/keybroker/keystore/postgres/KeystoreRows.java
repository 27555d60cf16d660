package dev.keybroker.keystore.postgres;

import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KekState;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.Keystore;
import dev.keybroker.keystore.KeystoreSettings;
import dev.keybroker.keystore.RootKey;
import dev.keybroker.keystore.RootKeyError;
import dev.keybroker.keystore.postgres.KeystoreEntity.RootKeyKind;
import dev.keybroker.kms.KmsArn;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.hibernate.reactive.mutiny.Mutiny.StatelessSession;
import org.jspecify.annotations.Nullable;

/// Converts rows of `keystore` from and to the domain's types.
final class KeystoreRows {
  private static final Duration SAVER_LEASE = Duration.ofMinutes(1);

  private KeystoreRows() {}

  /// A keystore without its KEK and re-encryption.
  static Keystore keystore(KeystoreEntity row) {
    return keystore(row, null, null, null, null);
  }

  static Keystore keystore(
      KeystoreEntity row,
      @Nullable UUID activeKek,
      @Nullable Instant activeKekTime,
      @Nullable String activeKekRootKey,
      @Nullable ReEncryptionEntity reEncryption) {
    KeystoreName name = name(row);
    return new Keystore(
        name,
        settings(row),
        row.version,
        activeKek == null ? null : new KekName(name, activeKek),
        activeKekTime,
        activeKekRootKey == null ? null : KmsArn.parse(activeKekRootKey),
        row.createTime,
        row.updateTime,
        row.nextRotationTime,
        row.errorTime == null
            ? null
            : new RootKeyError(
                row.errorCode,
                row.errorAction,
                row.errorMessage,
                row.errorHint,
                row.errorRequestId,
                row.errorTime),
        row.errorTime == null ? null : row.errorSince,
        row.deleteTime,
        reEncryption == null ? null : ReEncryptionRows.reEncryption(reEncryption));
  }

  static KeystoreName name(KeystoreEntity row) {
    return new KeystoreName(row.tenant, row.id);
  }

  static KeystoreSettings settings(KeystoreEntity row) {
    return new KeystoreSettings(
        row.displayName,
        switch (row.rootKeyKind) {
          case AWS_KMS ->
              new RootKey.TenantManaged(KmsArn.parse(row.kmsKeyArn), row.roleArn, row.grantId);
          case BROKER_MANAGED -> new RootKey.BrokerManaged();
        },
        row.keyPairSpec,
        row.rotationPeriod,
        Duration.ofMillis(row.privateKekLifetimeMillis),
        row.onKmsOutage);
  }

  static void set(KeystoreEntity row, KeystoreSettings settings) {
    row.displayName = settings.displayName();
    switch (settings.rootKey()) {
      case RootKey.TenantManaged(KmsArn arn, String roleArn, String grantId) -> {
        row.rootKeyKind = RootKeyKind.AWS_KMS;
        row.kmsKeyArn = arn.toString();
        row.roleArn = roleArn;
        row.grantId = grantId;
      }
      case RootKey.BrokerManaged() -> {
        row.rootKeyKind = RootKeyKind.BROKER_MANAGED;
        row.kmsKeyArn = null;
        row.roleArn = null;
        row.grantId = null;
      }
    }
    row.keyPairSpec = settings.keyPairSpec();
    row.rotationPeriod = settings.rotationPeriod();
    row.privateKekLifetimeMillis = settings.privateKekLifetime().toMillis();
    row.onKmsOutage = settings.onKmsOutage();
  }

  static void setError(KeystoreEntity row, @Nullable RootKeyError error) {
    if (error == null || row.errorTime == null) {
      row.errorSince = error == null ? null : error.time();
    }
    row.errorCode = error == null ? null : error.code();
    row.errorAction = error == null ? null : error.action();
    row.errorMessage = error == null ? null : error.message();
    row.errorHint = error == null ? null : error.hint();
    row.errorRequestId = error == null ? null : error.requestId();
    row.errorTime = error == null ? null : error.time();
  }

  /// Marks the keystore as needing a KEK. The broker that saves also makes the KEK; if it fails,
  /// the scheduled rotation does.
  static void requestKek(KeystoreEntity row, Instant now) {
    row.kekRequested = true;
    row.rotationAttemptTime = now.plus(SAVER_LEASE);
    row.rotationReserved = false;
    row.rotationFailures = 0;
  }

  /// Returns when the ACTIVE KEK became ACTIVE; null if there is none.
  static Uni<Instant> lastChange(StatelessSession session, KeystoreName name) {
    return session
        .createSelectionQuery(
            "select activeTime from KekEntity where tenant = :tenant and keystore = :keystore and"
                + " state = :active",
            Instant.class)
        .setParameter("tenant", name.tenant())
        .setParameter("keystore", name.keystore())
        .setParameter("active", KekState.ACTIVE)
        .getSingleResultOrNull();
  }

  static void planNext(KeystoreEntity row) {
    row.rotationAttemptTime = row.deleteTime == null ? row.nextRotationTime : null;
    row.rotationReserved = false;
    row.rotationFailures = 0;
  }
}
