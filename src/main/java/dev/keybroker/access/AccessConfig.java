package dev.keybroker.access;

import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/// Who may do what.
@ConfigMapping(prefix = "keybroker.access")
public interface AccessConfig {
  /// The access file (`src/docs/access.md`). Absent: the broker refuses to start, but in dev and
  /// test mode and with `keybroker.insecure`, where then every caller may do everything.
  Optional<Path> file();

  /// How often the access file is read for changes. At least 1 s.
  @WithDefault("5s")
  Duration reloadEvery();
}
