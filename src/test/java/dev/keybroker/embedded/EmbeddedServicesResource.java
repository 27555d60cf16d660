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
/// A test's field of type [EmbeddedServices] is filled, for faults and counters, and one of type
/// [BrokerAddress]. The broker that listens there is in the test's own process, or the packaged
/// one.
public final class EmbeddedServicesResource implements QuarkusTestResourceLifecycleManager {
  /// What the profile `test` sets, for a packaged broker too.
  private static final Map<String, String> PATIENCE =
      Map.of(
          "keybroker.postgres.timeout", "10s",
          "keybroker.postgres.transaction-timeout", "10s",
          "keybroker.audit.commit-timeout", "10s",
          "keybroker.rotation.jitter", "0s",
          "keybroker.aws.role-session-duration", "3S",
          "quarkus.grpc.server.enable-reflection-service", "true");

  private static @Nullable EmbeddedServices services;
  private static @Nullable BrokerAddress address;

  @Override
  public Map<String, String> start() {
    try {
      Path parent = Files.createDirectories(Path.of("target", "embedded-services"));
      services = EmbeddedServices.start(Files.createTempDirectory(parent, "test-"));
      address = BrokerAddress.free();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    Map<String, String> configuration = new HashMap<>(services.configuration());
    configuration.putAll(address.configuration());
    configuration.putAll(PATIENCE);
    // Of a package: tests that give callers rights name an access file, the others are open.
    configuration.put("keybroker.insecure", "true");
    return configuration;
  }

  @Override
  public void inject(TestInjector injector) {
    injector.injectIntoFields(
        services, (Field field) -> field.getType().equals(EmbeddedServices.class));
    injector.injectIntoFields(
        address, (Field field) -> field.getType().equals(BrokerAddress.class));
  }

  @Override
  public void stop() {
    if (services != null) {
      services.close();
      services = null;
    }
  }
}
