package dev.keybroker.kek;

import dev.keybroker.settings.Bounds;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// Limits of the cache of KEKs in the broker's memory.
@ConfigMapping(prefix = "keybroker.kek")
public interface KekCacheConfig {
  /// How old a KEK record may be before the broker reads it again from the stores. Its age counts
  /// from its read in PostgreSQL, or from the last read of the feed of changes, once a second, that
  /// confirmed it. A change that the broker learns of neither by a message nor by the feed takes
  /// effect after this time plus `keybroker.kek.stale-age` at the latest. With zero, every call
  /// reads the stores.
  @WithDefault("30s")
  @Bounds(atLeast = "0")
  Duration freshness();

  /// How long a call waits for the stores if the record in memory is no longer fresh, before it
  /// continues with the last known record. With zero, it does not wait. Beyond
  /// `keybroker.kek.stale-age` it continues with that record only if the stores failed recently.
  @WithDefault("250ms")
  @Bounds(atLeast = "0")
  Duration staleWait();

  /// How far beyond its freshness a record is used while the stores answer, however slowly. After
  /// that, a call waits until they answer or fail.
  @WithDefault("1s")
  @Bounds(atLeast = "0")
  Duration staleAge();

  /// How long after the stores failed to answer for a record the broker waits before it asks for
  /// that record again.
  @WithDefault("1s")
  @Bounds(atLeast = "0")
  Duration retry();

  /// How old the record of a KEK to unwrap with may be while the stores do not answer. In memory
  /// its age counts from the last confirmation by PostgreSQL, in Redis from its read in PostgreSQL.
  /// Calls that need an older record fail with STORE_UNAVAILABLE. If a KEK is disabled while a
  /// broker has no connection to PostgreSQL, that broker uses the KEK for at most this time. At
  /// least `keybroker.kek.freshness`.
  @WithDefault("24h")
  @Bounds(atLeast = "0")
  Duration unwrapMaxAge();

  /// How long a broker remembers that PostgreSQL does not know a KEK's id. With zero, it asks
  /// PostgreSQL each time.
  @WithDefault("5s")
  @Bounds(atLeast = "0")
  Duration unknownTime();

  /// The maximum number of unknown ids to remember. The least used are evicted first.
  @WithDefault("10000")
  @Bounds(atLeast = "1")
  long maxUnknown();

  /// The maximum memory for records, in bytes: one half for ACTIVE public KEKs, the other half for
  /// KEKs to unwrap with. An estimate that counts keys, names and objects. The least used records
  /// are evicted first and read again when needed.
  @WithDefault("25165824")
  @Bounds(atLeast = "65536")
  long maxRecordBytes();

  /// The maximum number of decrypted private KEKs in memory. For RSA_4096, each takes 7 KiB, nearly
  /// half of it outside the heap.
  @WithDefault("3000")
  @Bounds(atLeast = "1")
  long maxPrivateKeks();
}
