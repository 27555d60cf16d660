package dev.keybroker.kms.postgres;

import dev.keybroker.kms.QuotaLine;
import dev.keybroker.kms.QuotaLines;
import dev.keybroker.postgres.PostgresSessions;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.hibernate.reactive.mutiny.Mutiny.StatelessSession;

/// Quota lines that all brokers share, by the database's clock. Fails with
/// [dev.keybroker.postgres.PostgresUnavailable].
///
/// Each statement is its own transaction, so no broker holds a line while it does something else.
/// If a crash loses a confirmed transaction, brokers make a few calls too many for a moment.
@Singleton
public class PostgresQuotaLines implements QuotaLines {
  /// Returns a row if the line was free. The clock is read after the row is locked.
  private static final String TAKE =
      """
      insert into kms_rate as r (quota, free_time)
      values (:quota, clock_timestamp() + :interval * interval '1 microsecond')
      on conflict (quota) do update
        set free_time =
          greatest(r.free_time, clock_timestamp()) + :interval * interval '1 microsecond'
        where r.free_time <= clock_timestamp() + :burst * interval '1 microsecond'
      returning free_time
      """;

  private static final String MICROS_UNTIL_FREE =
      """
      select cast(ceil(extract(epoch from free_time - clock_timestamp()) * 1000000) as bigint)
      from kms_rate where quota = :quota
      """;

  private final PostgresSessions sessions;

  PostgresQuotaLines(PostgresSessions sessions) {
    this.sessions = sessions;
  }

  @Override
  public Uni<Duration> take(QuotaLine line) {
    return sessions.read(
        session ->
            taken(session, line)
                .chain(
                    taken ->
                        taken.isEmpty()
                            ? untilFree(session, line)
                            : Uni.createFrom().item(Duration.ZERO)));
  }

  private static Uni<List<Instant>> taken(StatelessSession session, QuotaLine line) {
    return session
        .createNativeQuery(TAKE, Instant.class)
        .setParameter("quota", line.name())
        .setParameter("interval", line.interval().toNanos() / 1e3)
        .setParameter("burst", line.burst().toNanos() / 1e3)
        .getResultList();
  }

  /// At least a millisecond: the line may have become free since.
  private static Uni<Duration> untilFree(StatelessSession session, QuotaLine line) {
    return session
        .createNativeQuery(MICROS_UNTIL_FREE, Long.class)
        .setParameter("quota", line.name())
        .getSingleResult()
        .map(micros -> Math.max(1_000, micros - line.burst().toNanos() / 1_000))
        .map(micros -> Duration.ofNanos(1_000 * micros));
  }
}
