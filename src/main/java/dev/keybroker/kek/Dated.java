package dev.keybroker.kek;

import java.time.Instant;

/// A record that knows when the database was asked for it.
interface Dated {
  Instant readTime();
}
