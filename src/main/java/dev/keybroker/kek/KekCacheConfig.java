package dev.keybroker.kek;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// The bounds of what the broker remembers of KEKs.
@ConfigMapping(prefix = "keybroker.kek")
public interface KekCacheConfig {
  /// How old a KEK record may be, counted from its read in PostgreSQL, before the stores are asked
  /// again. A missed change is seen after this time and `keybroker.kek.stale-age` at the latest.
  /// Zero asks them on every call.
  @WithDefault("30s")
  Duration freshness();

  /// How long a call waits for the stores when the record in memory is no longer fresh, before it
  /// goes on with the last known one. Zero means it does not wait. Beyond
  /// `keybroker.kek.stale-age` it goes on so only if the stores failed lately.
  @WithDefault("250ms")
  Duration staleWait();

  /// How far beyond its freshness a record is used while the stores answer, however slowly. After
  /// that a call waits for them until they answer or fail. Not negative.
  @WithDefault("1s")
  Duration staleAge();

  /// After the stores failed to answer for a record: how long until they are asked for it again.
  @WithDefault("1s")
  Duration retry();

  /// How old the record of a KEK to unwrap with may be, counted from its read in PostgreSQL, while
  /// the stores do not answer, in memory and in Redis alike. Older ones are refused with
  /// STORE_UNAVAILABLE. A KEK that is disabled meanwhile is used for this time at most by a broker
  /// that is cut off from PostgreSQL. At least `keybroker.kek.freshness`.
  @WithDefault("24h")
  Duration unwrapMaxAge();

  /// How long a broker answers for an id of a KEK that PostgreSQL does not know without asking
  /// again. Zero asks each time.
  @WithDefault("5s")
  Duration unknownTime();

  /// How many such ids are remembered; the least used go first. At least 1.
  @WithDefault("10000")
  long maxUnknown();

  /// How many bytes of memory records may take: one half for ACTIVE public KEKs, the other one for
  /// KEKs to unwrap with. An estimate that counts keys, names and objects. The least used go first,
  /// and are read again when they are used. At least 65536.
  @WithDefault("25165824")
  long maxRecordBytes();

  /// How many decrypted private KEKs are kept in memory, of RSA_4096 7 KiB each, nearly half of it
  /// outside the heap. At least 1.
  @WithDefault("3000")
  long maxPrivateKeks();
}
