package dev.keybroker.keystore;

import dev.keybroker.crypto.KeyPairSpec;
import java.time.Duration;

/// The settings of a keystore that an administrator makes.
///
/// @param keyPairSpec the kind of the next KEKs
/// @param privateKekLifetime how long a decrypted private KEK may live in memory, 0 s to 900 s
public record KeystoreSettings(
    String displayName,
    RootKey rootKey,
    KeyPairSpec keyPairSpec,
    RotationPeriod rotationPeriod,
    Duration privateKekLifetime,
    OnKmsOutage onKmsOutage) {

  /// Whether a KEK made under those settings could have been made under these: the same root key
  /// and the same spec.
  public boolean makesSameKeks(KeystoreSettings other) {
    return rootKey.equals(other.rootKey) && keyPairSpec == other.keyPairSpec;
  }

  /// Returns the same settings with another root key.
  public KeystoreSettings withRootKey(RootKey other) {
    return new KeystoreSettings(
        displayName, other, keyPairSpec, rotationPeriod, privateKekLifetime, onKmsOutage);
  }
}
