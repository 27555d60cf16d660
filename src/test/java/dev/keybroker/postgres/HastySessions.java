package dev.keybroker.postgres;

import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.Optional;
import org.hibernate.reactive.mutiny.Mutiny;

/// Sessions that give PostgreSQL next to no time, for tests in which it does not answer.
public final class HastySessions {
  private HastySessions() {}

  public static PostgresSessions of(Mutiny.SessionFactory sessions, Vertx vertx) {
    return new PostgresSessions(sessions, vertx, new Hasty());
  }

  private record Hasty() implements PostgresConfig {
    @Override
    public Duration timeout() {
      return Duration.ofMillis(100);
    }

    @Override
    public Duration transactionTimeout() {
      return timeout();
    }

    @Override
    public boolean migrate() {
      return false;
    }

    @Override
    public Optional<String> serviceRole() {
      return Optional.empty();
    }

    @Override
    public Duration migrationRetry() {
      return Duration.ofSeconds(1);
    }
  }
}
