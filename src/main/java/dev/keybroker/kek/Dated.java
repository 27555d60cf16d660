package dev.keybroker.kek;

import java.time.Instant;

/// A record with the time when it was read from the database.
interface Dated {
  Instant readTime();
}
