package dev.keybroker.postgres;

import io.smallrye.mutiny.Uni;
import java.time.Instant;
import org.hibernate.reactive.mutiny.Mutiny;

/// The database's time: the one clock that all brokers share. Whatever one broker stores and
/// another compares goes by it.
public final class DatabaseTime {
  private DatabaseTime() {}

  /// When the session's transaction began.
  public static Uni<Instant> now(Mutiny.StatelessSession session) {
    return session.createNativeQuery("select now()", Instant.class).getSingleResult();
  }
}
