package dev.keybroker.access;

import dev.keybroker.settings.Bounds;
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

  /// How often the broker checks the access file for changes.
  @WithDefault("5s")
  @Bounds(atLeast = "1 s")
  Duration reloadEvery();
}
