package dev.keybroker.kek;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.kms.KeyUse;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// A KEK's record with what an unwrap needs. It is immutable except for the state, and holds the
/// private half only as a ciphertext.
///
/// @param rootKey the use of the KMS key that encrypts the private half, as it was when the KEK was
///     generated: the key by the ARN that KMS reported, the role to reach it, and the encryption
///     context of every KMS call for this KEK
/// @param encryptedPrivateKey PKCS#8 DER under `rootKey`; null while generation is pending and
///     after destruction
/// @param privateKekLifetime how long the decrypted private key may live in memory, counted from
///     the KMS Decrypt; with zero, every unwrap calls KMS
/// @param readTime when the record was read from PostgreSQL
/// @param provenance null while generation is pending, and if an older version cached the record
/// @param destroyTime when the private key will be erased, if that is scheduled; null otherwise
/// @param cached whether it comes from a cache outside this process
@SuppressWarnings("ArrayRecordComponent") // never compared; copied nowhere on the unwrap path
public record Kek(
    KekName name,
    KekState state,
    KeyPairSpec spec,
    KeyUse rootKey,
    byte @Nullable [] encryptedPrivateKey,
    Duration privateKekLifetime,
    Instant readTime,
    @Nullable KekProvenance provenance,
    @Nullable Instant destroyTime,
    boolean cached)
    implements Dated {

  /// Creates a record that was read in PostgreSQL.
  public Kek(
      KekName name,
      KekState state,
      KeyPairSpec spec,
      KeyUse rootKey,
      byte @Nullable [] encryptedPrivateKey,
      Duration privateKekLifetime,
      Instant readTime,
      @Nullable KekProvenance provenance,
      @Nullable Instant destroyTime) {
    this(
        name,
        state,
        spec,
        rootKey,
        encryptedPrivateKey,
        privateKekLifetime,
        readTime,
        provenance,
        destroyTime,
        false);
  }

  /// Creates the record of a KEK whose destruction is not scheduled.
  public Kek(
      KekName name,
      KekState state,
      KeyPairSpec spec,
      KeyUse rootKey,
      byte @Nullable [] encryptedPrivateKey,
      Duration privateKekLifetime,
      Instant readTime,
      @Nullable KekProvenance provenance) {
    this(
        name,
        state,
        spec,
        rootKey,
        encryptedPrivateKey,
        privateKekLifetime,
        readTime,
        provenance,
        null);
  }

  /// Creates a record without provenance.
  public Kek(
      KekName name,
      KekState state,
      KeyPairSpec spec,
      KeyUse rootKey,
      byte @Nullable [] encryptedPrivateKey,
      Duration privateKekLifetime,
      Instant readTime) {
    this(name, state, spec, rootKey, encryptedPrivateKey, privateKekLifetime, readTime, null, null);
  }

  @Override
  public String toString() {
    return name + " " + state;
  }
}
