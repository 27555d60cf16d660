package dev.keybroker.kek;

import java.util.UUID;

/// A committed change that other brokers must see soon: they read the named record again from
/// PostgreSQL.
public sealed interface KekChange {
  /// Another KEK became ACTIVE.
  record OfKeystore(KeystoreName keystore) implements KekChange {}

  /// A setting of the keystore that the records of its KEKs carry was changed.
  record OfSettings(KeystoreName keystore) implements KekChange {}

  /// The KEK's state changed.
  record OfKek(UUID kek) implements KekChange {}
}
