package dev.keybroker.kek.redis;

import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.crypto.MacKey;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.kek.KekCacheConfig;
import dev.keybroker.kek.KekTier;
import dev.keybroker.kek.KekTierContract;
import dev.keybroker.kek.LostKeks;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.redis.datasource.ReactiveRedisDataSource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/// Redis before PostgreSQL, with no entry yet.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class RedisKekTierTest extends KekTierContract {
  @Inject ReactiveRedisDataSource redis;
  @Inject LostKeks lost;
  @Inject KekCacheConfig cacheConfig;
  @Inject KeyCodec keyCodec;
  @Inject Clock wallClock;

  private record Config(String prefix) implements RedisConfig {
    @Override
    public Optional<List<String>> macKey() {
      return Optional.empty();
    }

    @Override
    public Duration timeout() {
      return Duration.ofSeconds(30);
    }

    @Override
    public Duration retention() {
      return Duration.ofHours(24);
    }
  }

  @Override
  protected KekTier tier(KekTier postgres) {
    return new RedisKekTier(
        postgres,
        lost,
        redis,
        List.of(new byte[MacKey.MIN_SIZE]),
        keyCodec,
        new Config("test-" + UUID.randomUUID() + ":"),
        cacheConfig,
        wallClock,
        new SimpleMeterRegistry());
  }
}
