package dev.keybroker.keystore.postgres;

import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.kek.KekTier;
import dev.keybroker.postgres.PostgresSessions;
import java.time.Clock;

/// The last tier on other sessions than the broker's.
public final class PostgresTiers {
  private PostgresTiers() {}

  public static KekTier on(PostgresSessions sessions, KeyCodec codec, Clock clock) {
    return new PostgresKekTier(sessions, codec, clock);
  }
}
