package dev.keybroker.postgres;

import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import org.hibernate.reactive.mutiny.Mutiny;
import org.jboss.logging.Logger;

/// The database's time: the one clock that all brokers share. Whatever one broker stores and
/// another compares goes by it.
@Singleton
public class DatabaseTime {
  /// How far the clocks of a broker and the database may be apart.
  public static final Duration LONGEST_SKEW = Duration.ofMinutes(1);

  private static final Logger LOG = Logger.getLogger(DatabaseTime.class);

  private final Clock clock;
  private volatile Duration skew = Duration.ZERO;

  public DatabaseTime(Clock clock, MeterRegistry registry) {
    this.clock = clock;
    Gauge.builder(Metrics.CLOCK_SKEW, () -> skew.toMillis() / 1e3)
        .strongReference(true)
        .register(registry);
  }

  /// When the session's transaction began.
  public static Uni<Instant> now(Mutiny.StatelessSession session) {
    return session.createNativeQuery("select now()", Instant.class).getSingleResult();
  }

  /// When the session's transaction began, for a change that cannot be undone. Fails with
  /// [ClocksDisagree] if this broker's clock is more than a minute away: one of the two is wrong,
  /// and nothing here can say which.
  public Uni<Instant> agreedNow(Mutiny.StatelessSession session) {
    return Uni.createFrom()
        .deferred(
            () -> {
              Instant asked = clock.instant();
              return session
                  .createNativeQuery("select clock_timestamp()", Instant.class)
                  .getSingleResult()
                  .invoke(database -> agree(asked, database));
            })
        .chain(() -> now(session));
  }

  /// As [#agreedNow(Mutiny.StatelessSession)], outside a transaction.
  public Future<Instant> agreedNow(Pool pool) {
    Instant asked = clock.instant();
    return pool.query("select clock_timestamp()")
        .execute()
        .map(
            rows -> {
              Instant now = rows.iterator().next().getOffsetDateTime(0).toInstant();
              agree(asked, now);
              return now;
            });
  }

  /// Compares the clocks. Fails with [ClocksDisagree] where they are more than a minute apart.
  ///
  /// @param asked this broker's time when it asked the database
  /// @param database the database's time, which has just arrived
  public void agree(Instant asked, Instant database) {
    Instant arrived = clock.instant();
    // On the way the database's time may have been any of this broker's time since.
    Duration measured =
        database.isBefore(asked)
            ? Duration.between(database, asked)
            : database.isAfter(arrived) ? Duration.between(database, arrived) : Duration.ZERO;
    boolean disagree = isTooLong(measured);
    if (disagree && !isTooLong(skew)) {
      LOG.errorf(
          "this broker's clock differs from the database's by %s: it erases no private keys,"
              + " schedules no erasure and drops no audit records until they agree. Correct the clock that is wrong",
          measured);
    } else if (!disagree && isTooLong(skew)) {
      LOG.infof("this broker's clock and the database's agree again");
    }
    skew = measured;
    if (disagree) {
      throw new ClocksDisagree();
    }
  }

  private static boolean isTooLong(Duration measured) {
    return measured.abs().compareTo(LONGEST_SKEW) > 0;
  }
}
