package dev.keybroker.keystore.postgres;

import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.kek.KekTier;
import dev.keybroker.kek.KekTierContract;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;

/// The rows themselves.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
class PostgresKekTierTest extends KekTierContract {
  @Override
  protected KekTier tier(KekTier postgres) {
    return postgres;
  }
}
