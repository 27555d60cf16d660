package dev.keybroker.postgres;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;

/// How long the broker waits for PostgreSQL.
@ConfigMapping(prefix = "keybroker.postgres")
public interface PostgresConfig {
  /// How long a read or a transaction may take, the wait for a connection included, before it
  /// counts as failed. At least 1 ms.
  @WithDefault("800ms")
  Duration timeout();

  /// How long a transaction of the control plane may take before it counts as failed. At least 1
  /// ms.
  @WithDefault("5s")
  Duration transactionTimeout();

  /// How long to wait between two attempts to migrate the schema at start while PostgreSQL does not
  /// answer. At least 100 ms.
  @WithDefault("1s")
  Duration migrationRetry();
}
