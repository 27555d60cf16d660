package dev.keybroker.boot;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.crypto.DekWrapping;
import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.crypto.MacKey;
import dev.keybroker.dek.DekBroker;
import dev.keybroker.dek.DekMetrics;
import dev.keybroker.dek.HeldSecrets;
import dev.keybroker.dek.OpenedSecrets;
import dev.keybroker.dek.UnwrapLane;
import dev.keybroker.dek.UnwrapLaneConfig;
import dev.keybroker.dek.WrapSessionConfig;
import dev.keybroker.dek.WrapSessions;
import dev.keybroker.grpc.transport.CallThread;
import dev.keybroker.grpc.transport.LoopPause;
import dev.keybroker.kek.ChangeFeed;
import dev.keybroker.kek.ChangeReader;
import dev.keybroker.kek.KekCacheConfig;
import dev.keybroker.kek.KekChange;
import dev.keybroker.kek.KekTier;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kek.LostKeks;
import dev.keybroker.kek.MemoryKekTier;
import dev.keybroker.kek.MemoryPrivateKeks;
import dev.keybroker.kek.ObservedTier;
import dev.keybroker.kek.RootKeyAdmission;
import dev.keybroker.kek.TracedKeks;
import dev.keybroker.kek.redis.RedisConfig;
import dev.keybroker.kek.redis.RedisKekChanges;
import dev.keybroker.kek.redis.RedisKekTier;
import dev.keybroker.keystore.postgres.PostgresKekTier;
import dev.keybroker.postgres.PostgresSessions;
import dev.keybroker.postgres.SchemaMigration;
import dev.keybroker.telemetry.Spans;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.redis.datasource.ReactiveRedisDataSource;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.scheduler.Scheduled;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.infrastructure.Infrastructure;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.UUID;

/// Assembles the data plane: memory → Redis → PostgreSQL for the records, memory → KMS for private
/// keys.
@Singleton
class DataPlane {
  private static final KeystoreName NO_KEYSTORE = new KeystoreName("none", "none");
  private static final Duration LONGEST_FIRST_READ = Duration.ofSeconds(5);
  private static final String EXPIRY_CHECK = "1s";

  private final MemoryPrivateKeks privateKeks;
  private final OpenedSecrets openedSecrets;
  private final WrapSessions sessions;
  private final ChangeReader changes;
  private final SchemaMigration schema;

  DataPlane(
      MemoryPrivateKeks privateKeks,
      OpenedSecrets openedSecrets,
      WrapSessions sessions,
      ChangeReader changes,
      SchemaMigration schema) {
    this.privateKeks = privateKeks;
    this.openedSecrets = openedSecrets;
    this.sessions = sessions;
    this.changes = changes;
    this.schema = schema;
  }

  @Produces
  @Singleton
  static RedisKekTier redisKekTier(
      PostgresKekTier postgres,
      LostKeks lost,
      ReactiveRedisDataSource redis,
      KeyCodec codec,
      RedisConfig redisConfig,
      KekCacheConfig cacheConfig,
      Clock clock,
      MeterRegistry registry) {
    return new RedisKekTier(
        postgres,
        lost,
        redis,
        macKeys(redisConfig),
        codec,
        redisConfig,
        cacheConfig,
        clock,
        registry);
  }

  @Produces
  @Singleton
  static MemoryKekTier kekTier(
      PostgresKekTier postgres,
      RedisKekTier throughRedis,
      LostKeks lost,
      RedisConfig redisConfig,
      KekCacheConfig cacheConfig,
      Ticker ticker,
      Clock clock,
      MeterRegistry registry,
      MemoryPrivateKeks privateKeks,
      OpenedSecrets openedSecrets) {
    return new MemoryKekTier(
        limiting(throughRedis, privateKeks, openedSecrets),
        limiting(postgres, privateKeks, openedSecrets),
        lost,
        redisConfig.retention(),
        cacheConfig,
        ticker,
        clock,
        registry);
  }

  /// Applies the lifetime of private keys that a record states as soon as the record is read.
  private static KekTier limiting(
      KekTier tier, MemoryPrivateKeks privateKeks, OpenedSecrets openedSecrets) {
    return new ObservedTier(
        tier,
        kek -> {
          privateKeks.limit(kek);
          openedSecrets.limit(kek);
        });
  }

  private static List<byte[]> macKeys(RedisConfig config) {
    List<String> texts = config.macKey().orElse(List.of());
    if (texts.isEmpty()) {
      throw new IllegalStateException(
          "keybroker.redis.mac-key is not set: without it, anyone with write access to Redis could"
              + " plant a public key. Set it to the base64 of 32 random bytes, the same for all"
              + " brokers of this deployment");
    }
    return texts.stream().map(text -> MacKey.parse("keybroker.redis.mac-key", text)).toList();
  }

  @Produces
  @Singleton
  static RedisKekChanges kekChanges(
      ReactiveRedisDataSource redis,
      RedisConfig config,
      MemoryKekTier tier,
      MemoryPrivateKeks privateKeks,
      WrapSessions sessions,
      OpenedSecrets openedSecrets,
      HeldSecrets secrets) {
    return new RedisKekChanges(
        redis,
        config,
        change -> {
          if (change instanceof KekChange.OfKek ofKek) {
            privateKeks.forget(ofKek.kek());
          }
          openedSecrets.changed(change);
          // Only after the record is read again: a session that starts before that would use the
          // old KEK.
          tier.changed(change)
              .subscribe()
              .with(
                  done -> {
                    sessions.changed(change);
                    if (change instanceof KekChange.OfSettings(KeystoreName keystore)) {
                      secrets.recheck(keystore);
                    }
                  });
        });
  }

  @Produces
  @Singleton
  static ChangeReader changeReader(
      ChangeFeed feed,
      MemoryKekTier tier,
      WrapSessions sessions,
      HeldSecrets secrets,
      Ticker ticker,
      MeterRegistry registry) {
    return new ChangeReader(
        feed,
        tier,
        changes -> {
          for (KekChange change : changes) {
            switch (change) {
              case KekChange.OfKeystore ofKeystore -> sessions.changed(ofKeystore);
              case KekChange.OfKek(UUID kek) -> secrets.recheck(kek);
              case KekChange.OfSettings(KeystoreName keystore) -> secrets.recheck(keystore);
            }
          }
        },
        ticker,
        registry);
  }

  @Produces
  @Singleton
  static HeldSecrets heldSecrets(
      MemoryKekTier tier, MemoryPrivateKeks privateKeks, OpenedSecrets openedSecrets) {
    return new HeldSecrets(tier::current, privateKeks, openedSecrets);
  }

  @Produces
  @Singleton
  static UnwrapLane unwrapLane(UnwrapLaneConfig config, MeterRegistry registry) {
    // While it refuses unwraps, there are more calls than the processor can do, and the fewer of
    // them wake it, the more it does.
    return new UnwrapLane(
        config, () -> CallThread.loop(Runnable::run), new LoopPause()::afterThisTurn, registry);
  }

  @Produces
  @Singleton
  static WrapSessions wrapSessions(DekWrapping wrapping, WrapSessionConfig config, Ticker ticker) {
    return new WrapSessions(wrapping, config, ticker, Infrastructure.getDefaultExecutor());
  }

  @Produces
  @Singleton
  static DekBroker dekBroker(
      MemoryKekTier tier,
      MemoryPrivateKeks privateKeks,
      DekWrapping wrapping,
      WrapSessions sessions,
      OpenedSecrets openedSecrets,
      UnwrapLane lane,
      RootKeyAdmission rootKeys,
      Spans spans,
      MeterRegistry registry) {
    TracedKeks keks = new TracedKeks(tier, tier, spans);
    return new DekBroker(
        keks,
        keks,
        privateKeks,
        wrapping,
        sessions,
        openedSecrets,
        lane,
        rootKeys,
        new DekMetrics(registry, spans));
  }

  /// Subscribes to the changes and reads once, so that whatever a first read loads and connects is
  /// ready before the first caller.
  void start(
      @Observes StartupEvent event,
      PostgresSessions postgres,
      MemoryKekTier tier,
      DekBroker broker,
      RedisKekChanges changes) {
    changes.start();
    postgres
        .firstAnswer()
        .onFailure()
        .recoverWithNull()
        .chain(() -> tier.active(NO_KEYSTORE))
        .onItemOrFailure()
        .transform((kek, failure) -> true)
        .ifNoItem()
        .after(LONGEST_FIRST_READ)
        .recoverWithItem(false)
        .await()
        .indefinitely();
  }

  /// Reads the feed of changes.
  @Scheduled(
      identity = "changes",
      every = "1s",
      concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  Uni<Void> readChanges() {
    return schema.isDone() ? changes.read() : Uni.createFrom().voidItem();
  }

  @Scheduled(
      identity = "changes-prune",
      every = "5m",
      delayed = "1m",
      concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  Uni<Void> pruneChanges() {
    return schema.isDone() ? changes.prune() : Uni.createFrom().voidItem();
  }

  /// Wipes secrets that expired while the machine was suspended. Nothing else checks secrets that
  /// are not in use.
  @Scheduled(
      identity = "key-expiry",
      every = EXPIRY_CHECK,
      delayed = EXPIRY_CHECK,
      concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  void wipeExpired() {
    privateKeks.cleanUp();
    openedSecrets.cleanUp();
    sessions.cleanUp();
  }

  void stop(@Observes ShutdownEvent event, RedisKekChanges changes, UnwrapLane lane) {
    changes.close();
    lane.close();
    sessions.endAll();
    openedSecrets.forgetAll();
    privateKeks.forgetAll();
  }
}
