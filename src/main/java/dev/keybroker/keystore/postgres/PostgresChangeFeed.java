package dev.keybroker.keystore.postgres;

import dev.keybroker.kek.ChangeFeed;
import dev.keybroker.kek.KekChange;
import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.postgres.PostgresSessions;
import dev.keybroker.postgres.PostgresUnavailable;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The table `kek_change`, which triggers write. A position is a snapshot: which transactions were
/// finished at that time. A transaction that commits late is in none of the snapshots before, so
/// its changes are in the next read, in whatever order transactions began.
@Singleton
public class PostgresChangeFeed implements ChangeFeed {
  /// Another server, e.g. after a failover, may use the ids of transactions again that its
  /// predecessor has used. A table that was restored or truncated has changed without its triggers.
  private static final String EPOCH =
      """
      concat_ws('/', extract(epoch from pg_postmaster_start_time()),
        pg_relation_filenode('keystore'), pg_relation_filenode('kek'),
        pg_relation_filenode('kek_change'))\
      """;

  private static final String READ =
      """
      select %s, cast(pg_current_snapshot() as text), c.tenant, c.keystore, cast(c.kek as text)
      from (select cast(nullif(cast(:seen as text), '') as pg_snapshot) as snapshot) as seen
      left join kek_change c
        on c.xid >= pg_snapshot_xmin(seen.snapshot)
        and c.xid < pg_snapshot_xmax(pg_current_snapshot())
        and not pg_visible_in_snapshot(c.xid, seen.snapshot)
      """
          .formatted(EPOCH);

  private static final String PRUNE =
      """
      delete from kek_change
      where %s = :epoch and pg_visible_in_snapshot(xid, cast(cast(:seen as text) as pg_snapshot))
      """
          .formatted(EPOCH);

  private final PostgresSessions sessions;

  PostgresChangeFeed(PostgresSessions sessions) {
    this.sessions = sessions;
  }

  @Override
  public Uni<Reading> readFrom(@Nullable Position position) {
    return available(
        sessions
            .read(
                session ->
                    session
                        .createNativeQuery(READ, Object[].class)
                        .setParameter("seen", position == null ? "" : position.snapshot())
                        .getResultList())
            .map(PostgresChangeFeed::reading));
  }

  private static Reading reading(List<Object[]> rows) {
    // Without a change there is one row, because of the outer join.
    Collection<KekChange> changes = new LinkedHashSet<>();
    for (Object[] row : rows) {
      if (row[2] != null) {
        KeystoreName keystore = new KeystoreName((String) row[2], (String) row[3]);
        if (row[4] == null) {
          changes.add(new KekChange.OfSettings(keystore));
        } else {
          changes.add(new KekChange.OfKeystore(keystore));
          changes.add(new KekChange.OfKek(UUID.fromString((String) row[4])));
        }
      }
    }
    Object[] first = rows.getFirst();
    return new Reading(new Position((String) first[0], (String) first[1]), changes);
  }

  @Override
  public Uni<Void> prune(Position position) {
    return available(
        sessions
            .transaction(
                session ->
                    session
                        .createNativeQuery(PRUNE)
                        .setParameter("epoch", position.epoch())
                        .setParameter("seen", position.snapshot())
                        .executeUpdate())
            .replaceWithVoid());
  }

  private static <T> Uni<T> available(Uni<T> work) {
    return work.onFailure(PostgresUnavailable.class)
        .transform(failure -> new KekFailure.StoreUnavailable());
  }
}
