package dev.keybroker.postgres;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.time.Duration;
import java.util.Optional;

/// How the broker uses PostgreSQL.
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

  /// Whether a broker migrates the schema at start. `false`: its role may only read and write rows,
  /// and the command `migrate` changes the schema with the owner's role. Until that has run, the
  /// broker waits for it.
  @WithDefault("true")
  boolean migrate();

  /// For the command `migrate`: the role of the brokers, which gets the right to read and write
  /// rows and no other. Absent: the brokers use the owner's role.
  Optional<String> serviceRole();

  /// How long to wait between two attempts to migrate the schema at start, or to find it migrated,
  /// while PostgreSQL does not answer. At least 100 ms.
  @WithDefault("1s")
  Duration migrationRetry();
}
