package dev.keybroker.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.keybroker.embedded.EmbeddedServicesResource;
import io.prometheus.client.exemplars.ExemplarSampler;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Without tracing, a counter that changes looks for no trace. `TracesTest` has the other case.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class ExemplarsTest {
  @Inject Optional<ExemplarSampler> exemplars;

  @Test
  void exemplars_withoutTracing_areNotLookedFor() {
    assertEquals(Optional.empty(), exemplars);
  }
}
