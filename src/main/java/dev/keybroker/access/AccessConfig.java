package dev.keybroker.access;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/// Settings of the access file.
@ConfigMapping(prefix = "keybroker.access")
public interface AccessConfig {
  /// The access file (`src/docs/access.md`). If absent, the broker refuses to start, except in dev
  /// and test mode and with `keybroker.insecure`; there, every caller may then do everything.
  Optional<Path> file();

  /// How often the broker checks the access file for changes. At least 1 s.
  @WithDefault("5s")
  Duration reloadEvery();
}
