package dev.keybroker.console;

import dev.keybroker.kek.KeystoreName;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.KeystoreState;
import dev.keybroker.v1.OnKmsOutage;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// A keystore, as a page shows it.
///
/// @param light `ok`, `failing` or `leaving`: whether its root key works, or it is about to be
///     deleted
/// @param rootKey the ARN of the root key; empty if the operator's key is used
/// @param way how the broker uses the root key: `policy`, `role`, `grant` or `managed`
/// @param activeKek the id of the active KEK; empty before the first
/// @param activeKekTime since when it is active; null before the first
/// @param activeKekDays how many whole days that is
/// @param activeRootKey the key, never an alias, that encrypts it; empty if that is the root key
/// @param lifetimeSeconds how long unwraps may continue after the key is withdrawn
/// @param failClosed whether wraps stop while the root key fails
/// @param nextChange null if the KEK is changed by hand alone
/// @param lastError null if the root key's last calls succeeded
/// @param failingSince null if they did, or it is not known
/// @param deleteTime null unless the keystore is about to be deleted
record KeystoreView(
    String tenant,
    String id,
    String name,
    String displayName,
    String light,
    String rootKey,
    String way,
    String role,
    String spec,
    String period,
    long lifetimeSeconds,
    boolean failClosed,
    String activeKek,
    @Nullable Moment activeKekTime,
    long activeKekDays,
    String activeRootKey,
    String etag,
    Moment created,
    @Nullable Moment nextChange,
    @Nullable Problem lastError,
    @Nullable Moment failingSince,
    @Nullable Moment deleteTime) {

  static KeystoreView of(Keystore keystore, Instant now) {
    KeystoreName name = KeystoreName.parse(keystore.getName());
    AwsKmsKey key = keystore.getRootKey().getAwsKms();
    boolean leaves = keystore.getState() == KeystoreState.KEYSTORE_STATE_DELETE_SCHEDULED;
    return new KeystoreView(
        name.tenant(),
        name.keystore(),
        keystore.getName(),
        keystore.getDisplayName(),
        leaves ? "leaving" : keystore.hasLastError() ? "failing" : "ok",
        key.getKeyArn(),
        way(keystore),
        key.getRoleArn(),
        keystore.getKeyPairSpec().name().replace("KEY_PAIR_SPEC_", ""),
        keystore.getRotationPeriod().name().replace("ROTATION_PERIOD_", ""),
        keystore.getPrivateKekLifetime().getSeconds(),
        keystore.getOnKmsOutage() == OnKmsOutage.ON_KMS_OUTAGE_FAIL_CLOSED,
        keystore.getActiveKek().substring(keystore.getActiveKek().lastIndexOf('/') + 1),
        keystore.hasActiveKekTime() ? Moment.of(keystore.getActiveKekTime()) : null,
        Duration.between(Instant.ofEpochSecond(keystore.getActiveKekTime().getSeconds()), now)
            .toDays(),
        keystore.getActiveKekRootKeyArn().equals(key.getKeyArn())
            ? ""
            : keystore.getActiveKekRootKeyArn(),
        keystore.getEtag(),
        Moment.of(keystore.getCreateTime()),
        keystore.hasNextRotationTime() ? Moment.of(keystore.getNextRotationTime()) : null,
        keystore.hasLastError() ? Problem.of(keystore.getLastError()) : null,
        keystore.hasFailingSinceTime() ? Moment.of(keystore.getFailingSinceTime()) : null,
        leaves ? Moment.of(keystore.getDeleteTime()) : null);
  }

  private static String way(Keystore keystore) {
    AwsKmsKey key = keystore.getRootKey().getAwsKms();
    if (keystore.getRootKey().hasBrokerManaged()) {
      return "managed";
    }
    if (!key.getGrantId().isEmpty()) {
      return "grant";
    }
    return key.getRoleArn().isEmpty() ? "policy" : "role";
  }
}
