package dev.keybroker.postgres;

import dev.keybroker.settings.Bounds;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.Optional;

/// Settings for the use of PostgreSQL.
@ConfigMapping(prefix = "keybroker.postgres")
public interface PostgresConfig {
  /// How long a read or a transaction may take, including the wait for a connection, before it
  /// counts as failed.
  @WithDefault("800ms")
  @Bounds(atLeast = "1 ms")
  Duration timeout();

  /// How long a transaction of the control plane may take before it counts as failed.
  @WithDefault("5s")
  @Bounds(atLeast = "1 ms")
  Duration transactionTimeout();

  /// Whether a broker migrates the schema at startup. If `false`, the broker's role needs only the
  /// rights to read and write rows, and the command `migrate` changes the schema with the owner's
  /// role. The broker waits until the command has run.
  @WithDefault("true")
  boolean migrate();

  /// For the command `migrate`: the role of the brokers. The command grants it the rights to read
  /// and write rows, and no others. If absent, the brokers use the owner's role.
  Optional<String> serviceRole();

  /// The time between two attempts to migrate the schema at startup, or to find it migrated, while
  /// PostgreSQL does not answer.
  @WithDefault("1s")
  @Bounds(atLeast = "100 ms")
  Duration migrationRetry();
}
