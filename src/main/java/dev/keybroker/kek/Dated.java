package dev.keybroker.kek;

import java.time.Instant;

/// A record with the time when it was read from the database.
interface Dated {
  Instant readTime();

  /// Whether the record comes from a cache outside this process. Its read time is then another
  /// broker's, and changes that this broker already knows may be missing in it.
  boolean cached();
}
