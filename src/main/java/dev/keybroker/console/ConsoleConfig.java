package dev.keybroker.console;

import dev.keybroker.settings.Bounds;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// The console for administrators and auditors. In production it needs an OpenID Connect provider
/// (`quarkus.oidc.auth-server-url`, `quarkus.oidc.client-id` and
/// `quarkus.oidc.credentials.secret`); otherwise the broker refuses to start, except with
/// `keybroker.insecure`. TLS is that of the gRPC port (`quarkus.tls.keybroker.*`).
@ConfigMapping(prefix = "keybroker.console")
public interface ConsoleConfig {
  /// Whether the broker serves the console. If false, nothing listens on its port. True in dev
  /// mode.
  @WithDefault("false")
  boolean enabled();

  /// The address to listen on. In dev mode `127.0.0.1`.
  @WithDefault("0.0.0.0")
  String host();

  /// The port to listen on: HTTPS if TLS is configured, otherwise HTTP.
  @WithDefault("8080")
  @Bounds(atLeast = "1", atMost = "65535")
  int port();

  /// The maximum number of API calls of the console in progress in a broker. Further pages are
  /// refused at once with HTTP status 503. A call holds at most one thread and one database
  /// connection, so keep it below the size of the connection pool
  /// (`quarkus.datasource.reactive.max-size`, 20), and the rest stays free for other callers.
  @WithDefault("8")
  @Bounds(atLeast = "1", atMost = "64")
  int calls();

  /// How long a page waits for a call of the API. Afterwards it fails with HTTP status 503; a
  /// change may still be made.
  @WithDefault("30s")
  @Bounds(atLeast = "1 s")
  Duration timeout();
}
