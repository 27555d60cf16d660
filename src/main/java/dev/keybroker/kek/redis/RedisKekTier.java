package dev.keybroker.kek.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.keybroker.crypto.InvalidKekException;
import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.kek.ActiveKek;
import dev.keybroker.kek.Kek;
import dev.keybroker.kek.KekCacheConfig;
import dev.keybroker.kek.KekCopies;
import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KekTier;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kek.LostKeks;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.redis.datasource.ReactiveRedisDataSource;
import io.smallrye.mutiny.Uni;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// The middle tier: records that another broker read from PostgreSQL recently.
///
/// A fresh entry saves a read from PostgreSQL. An older one is used only while PostgreSQL does not
/// answer, and only up to the age that its kind allows, because the MAC proves that a broker wrote
/// an entry, not when. An entry with a wrong MAC is counted, logged without its content, removed
/// and treated as a miss. If Redis is unavailable, a read costs its timeout and nothing else.
public final class RedisKekTier implements KekTier, KekCopies {
  /// The maximum clock difference between brokers. An entry from further in the future is not used,
  /// because its age is unknown.
  private static final Duration LARGEST_CLOCK_DIFFERENCE = Duration.ofMinutes(1);

  private static final Logger LOG = Logger.getLogger(RedisKekTier.class);

  private final KekTier next;
  private final LostKeks lost;
  private final RedisEntries entries;
  private final EntryMac mac;
  private final RecordCodec codec;
  private final RedisConfig config;
  private final KekCacheConfig cacheConfig;
  private final Clock clock;
  private final Counter forged;
  private final Counter uncopied;
  private final Tier<ActiveKek> active;
  private final Tier<Kek> keks;

  /// @param next the tier to ask for what Redis does not hold
  /// @param lost restores records that `next` has lost and Redis holds
  /// @param macKeys each at least 32 bytes; the first one seals
  public RedisKekTier(
      KekTier next,
      LostKeks lost,
      ReactiveRedisDataSource redis,
      List<byte[]> macKeys,
      KeyCodec keyCodec,
      RedisConfig config,
      KekCacheConfig cacheConfig,
      Clock clock,
      MeterRegistry registry) {
    this.next = next;
    this.lost = lost;
    this.entries = new RedisEntries(redis, config.timeout());
    this.mac = new EntryMac(macKeys);
    this.codec = new RecordCodec(keyCodec);
    this.config = config;
    this.cacheConfig = cacheConfig;
    this.clock = clock;
    this.forged = registry.counter(Metrics.KEK_FORGED);
    this.uncopied = registry.counter(Metrics.KEK_UNCOPIED);
    this.active =
        new Tier<>(
            "active",
            codec::decodeActive,
            codec::encode,
            ActiveKek::readTime,
            config.retention(),
            registry);
    this.keks =
        new Tier<>(
            "kek",
            codec::decodeKek,
            codec::encode,
            Kek::readTime,
            cacheConfig.unwrapMaxAge(),
            registry);
  }

  @Override
  public Uni<ActiveKek> active(KeystoreName keystore) {
    return active.get(
        activeKey(config, keystore),
        kek -> kek.name().keystore().equals(keystore),
        known -> next.active(keystore));
  }

  @Override
  public Uni<Kek> kek(UUID id) {
    return keks.get(
        kekKey(config, id),
        kek -> kek.name().id().equals(id),
        known -> lost.notLost(next.kek(id), known));
  }

  @Override
  public Uni<Void> copy(UUID kek) {
    String redisKey = kekKey(config, kek);
    return entries
        .get(redisKey)
        .chain(seen -> next.kek(kek).chain(record -> keks.put(redisKey, seen, record)))
        .onFailure()
        .invoke(
            failure -> {
              uncopied.increment();
              LOG.warnf("could not copy the new KEK %s to Redis: %s", kek, failure.getMessage());
            })
        .onFailure()
        .recoverWithNull();
  }

  static String activeKey(RedisConfig config, KeystoreName keystore) {
    return config.prefix() + "active:" + keystore;
  }

  static String kekKey(RedisConfig config, UUID id) {
    return config.prefix() + "kek:" + id;
  }

  private interface Decoder<V> {
    V decode(byte[] content) throws IOException;
  }

  private interface Source<V> {
    /// Reads the next tier.
    ///
    /// @param known the entry in Redis
    Uni<V> read(@Nullable V known);
  }

  private interface Check<V> {
    boolean isOf(V value);
  }

  /// Reads and writes one kind of record.
  private final class Tier<V> {
    private final Decoder<V> decoder;
    private final Function<V, byte[]> encoder;
    private final Function<V, Instant> readTime;
    private final Counter hits;
    private final Counter misses;
    private final Counter lastKnown;
    private final Counter tooOld;
    private final Duration maxAge;

    /// @param maxAge the maximum age of an entry that is used while PostgreSQL does not answer
    Tier(
        String record,
        Decoder<V> decoder,
        Function<V, byte[]> encoder,
        Function<V, Instant> readTime,
        Duration maxAge,
        MeterRegistry registry) {
      this.decoder = decoder;
      this.encoder = encoder;
      this.readTime = readTime;
      this.hits = counter(registry, record, "hit");
      this.misses = counter(registry, record, "miss");
      this.lastKnown = counter(registry, record, "last_known");
      this.tooOld = counter(registry, record, "too_old");
      this.maxAge = maxAge;
    }

    private Counter counter(MeterRegistry registry, String record, String result) {
      return registry.counter(
          Metrics.KEK_READS, Metrics.RECORD, record, Metrics.TIER, "redis", Metrics.RESULT, result);
    }

    Uni<V> get(String redisKey, Check<V> check, Source<V> source) {
      return entries
          .get(redisKey)
          .onFailure()
          .recoverWithNull()
          .chain(seen -> newest(redisKey, seen, check, source));
    }

    /// @param seen null if Redis did not answer; nothing may be written then
    private Uni<V> newest(
        String redisKey, RedisEntries.@Nullable Seen seen, Check<V> check, Source<V> source) {
      byte[] entry = seen == null ? null : seen.entry();
      V known = entry == null ? null : open(redisKey, entry, check);
      if (known != null && isFresh(known)) {
        hits.increment();
        return Uni.createFrom().item(known);
      }
      misses.increment();
      Uni<V> read = source.read(known);
      if (seen != null) {
        read = read.invoke(value -> sent(redisKey, put(redisKey, seen, value)));
        if (entry != null && known == null) {
          read = read.onFailure().invoke(failure -> sent(redisKey, entries.remove(redisKey, seen)));
        }
      }
      return known == null
          ? read
          : read.onFailure(KekFailure.StoreUnavailable.class)
              .recoverWithUni(failure -> lastKnown(known, failure));
    }

    private Uni<V> lastKnown(V known, Throwable failure) {
      Duration age = age(known);
      if (age.compareTo(maxAge) > 0 || age.plus(LARGEST_CLOCK_DIFFERENCE).isNegative()) {
        tooOld.increment();
        return Uni.createFrom().failure(failure);
      }
      lastKnown.increment();
      return Uni.createFrom().item(known);
    }

    private boolean isFresh(V value) {
      Duration age = age(value);
      return !age.isNegative() && age.compareTo(cacheConfig.freshness()) < 0;
    }

    private Duration age(V value) {
      return Duration.between(readTime.apply(value), clock.instant());
    }

    private @Nullable V open(String redisKey, byte[] entry, Check<V> check) {
      byte[] content = mac.open(redisKey.getBytes(UTF_8), entry);
      if (content != null) {
        try {
          V value = decoder.decode(content);
          if (check.isOf(value)) {
            return value;
          }
        } catch (IOException | IllegalArgumentException | InvalidKekException e) {
          // Sealed with our key, but not written by a broker: treat it as forged.
        }
      }
      forged.increment();
      LOG.errorf("Redis entry refused, its MAC or content is wrong: %s", redisKey);
      return null;
    }

    Uni<Void> put(String redisKey, RedisEntries.Seen seen, V value) {
      byte[] entry = mac.seal(redisKey.getBytes(UTF_8), encoder.apply(value));
      return entries.replace(redisKey, seen, entry, config.retention());
    }

    private static void sent(String redisKey, Uni<Void> command) {
      command
          .subscribe()
          .with(done -> {}, failure -> LOG.debugf("Redis did not take %s", redisKey));
    }
  }
}
