package dev.keybroker.kek;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.embedded.EmbeddedServicesResource;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.time.Duration;

/// Memory before PostgreSQL, with no record yet.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class MemoryBeforePostgresTest extends KekTierContract {
  @Inject LostKeks lost;
  @Inject KekCacheConfig config;
  @Inject Ticker ticker;

  @Override
  protected KekTier tier(KekTier postgres) {
    return new MemoryKekTier(
        postgres,
        postgres,
        lost,
        Duration.ofHours(24),
        config,
        ticker,
        clock,
        new SimpleMeterRegistry());
  }
}
