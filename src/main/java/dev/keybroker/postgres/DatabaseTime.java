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

/// The database's time: the only clock that all brokers share. Times that one broker stores and
/// another compares are times of this clock.
@Singleton
public class DatabaseTime {
  /// The maximum difference between the clocks of a broker and the database.
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

  /// The time when the session's transaction started.
  public static Uni<Instant> now(Mutiny.StatelessSession session) {
    return session.createNativeQuery("select now()", Instant.class).getSingleResult();
  }

  /// The time when the session's transaction started, for a change that cannot be undone. Fails
  /// with [ClocksDisagree] if this broker's clock is more than a minute away: one of the two is
  /// wrong, and the broker cannot decide which.
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

  /// Like [#agreedNow(Mutiny.StatelessSession)], outside a transaction.
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

  /// Compares the clocks. Fails with [ClocksDisagree] if they are more than a minute apart.
  ///
  /// @param asked this broker's time when it asked the database
  /// @param database the database's time, which has just arrived
  public void agree(Instant asked, Instant database) {
    Instant arrived = clock.instant();
    // The database may have read its clock at any time since the broker asked.
    Duration measured =
        database.isBefore(asked)
            ? Duration.between(database, asked)
            : database.isAfter(arrived) ? Duration.between(database, arrived) : Duration.ZERO;
    boolean disagree = isTooLong(measured);
    if (disagree && !isTooLong(skew)) {
      LOG.errorf(
          "this broker's clock differs from the database's by %s: it erases no private keys,"
              + " schedules no erasure and drops no audit records until they agree. Correct the"
              + " clock that is wrong",
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
