package dev.keybroker.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfig;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConsoleServerTest {
  private static final int ORDINAL_OF_THE_ENVIRONMENT = 300;

  @TempDir Path folder;

  /// As on Kubernetes, where `SMALLRYE_CONFIG_LOCATIONS` names the settings.
  @Test
  void settings_ofAFileThatTheEnvironmentNames_countToo() throws IOException {
    Path file = folder.resolve("broker.properties");
    Files.writeString(
        file,
        """
        keybroker.console.enabled=true
        keybroker.console.port=8443
        quarkus.oidc.auth-server-url=https://login.example
        quarkus.tls.keybroker.key-store.pem.0.cert=tls.crt
        """);
    SmallRyeConfig config =
        new SmallRyeConfigBuilder()
            .addDiscoveredSources()
            .addDefaultInterceptors()
            .withInterceptors(new ConsoleServer())
            .withSources(
                new PropertiesConfigSource(
                    Map.of("smallrye.config.locations", file.toUri().toString()),
                    "environment",
                    ORDINAL_OF_THE_ENVIRONMENT))
            .build();

    assertEquals("true", config.getRawValue("quarkus.http.host-enabled"));
    assertEquals("8443", config.getRawValue("quarkus.http.ssl-port"));
    assertEquals("true", config.getRawValue("quarkus.oidc.tenant-enabled"));
    assertEquals(
        "authenticated", config.getRawValue("quarkus.http.auth.permission.console.policy"));
  }
}
