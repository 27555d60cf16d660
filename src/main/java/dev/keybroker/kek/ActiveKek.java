package dev.keybroker.kek;

import dev.keybroker.crypto.WrappingKey;
import dev.keybroker.kms.KeyUse;
import java.time.Instant;

/// The public half of a keystore's ACTIVE KEK, with everything that a wrap needs.
///
/// @param rootKey the KMS key that encrypts the private half, as the keystore uses it
/// @param failClosed whether the keystore's wraps are refused if the root key fails
/// @param createTime when the KEK's generation started
/// @param readTime when the record was read from PostgreSQL; its age counts from here, wherever it
///     is cached
/// @param cached whether it comes from a cache outside this process
public record ActiveKek(
    KekName name,
    WrappingKey key,
    KeyUse rootKey,
    boolean failClosed,
    Instant createTime,
    Instant readTime,
    boolean cached)
    implements Dated {

  /// Creates a record that was read in PostgreSQL.
  public ActiveKek(
      KekName name,
      WrappingKey key,
      KeyUse rootKey,
      boolean failClosed,
      Instant createTime,
      Instant readTime) {
    this(name, key, rootKey, failClosed, createTime, readTime, false);
  }
}
