package dev.keybroker.embedded;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Real PostgreSQL, Redis and the local KMS for every test of the whole broker, started once.
///
/// A test's field of type [EmbeddedServices] is filled, for faults and counters.
public final class EmbeddedServicesResource implements QuarkusTestResourceLifecycleManager {
  private static @Nullable EmbeddedServices services;

  @Override
  public Map<String, String> start() {
    try {
      Path parent = Files.createDirectories(Path.of("target", "embedded-services"));
      services = EmbeddedServices.start(Files.createTempDirectory(parent, "test-"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new HashMap<>(services.configuration());
  }

  @Override
  public void inject(TestInjector injector) {
    injector.injectIntoFields(
        services, (Field field) -> field.getType().equals(EmbeddedServices.class));
  }

  @Override
  public void stop() {
    if (services != null) {
      services.close();
      services = null;
    }
  }
}
