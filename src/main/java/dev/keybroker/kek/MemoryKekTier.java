package dev.keybroker.kek;

import com.github.benmanes.caffeine.cache.Ticker;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import java.time.Clock;
import java.time.Duration;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The first tier: records in this process's memory and, for a short time, ids that belong to no
/// KEK.
///
/// While the stores are unavailable, an ACTIVE KEK that this broker saw fresh is used until they
/// are back. One that came from an old entry of Redis is used up to that entry's limit. A KEK to
/// unwrap with is used until its record reaches `unwrap-max-age`.
public final class MemoryKekTier implements KekTier {
  private final LastKnown<KeystoreName, ActiveKek> active;
  private final LastKnown<UUID, Kek> keks;
  private final UnknownKeks unknown;
  private final KekTier source;

  /// @param next the tier to ask for what memory does not hold
  /// @param source the tier to ask after a change: PostgreSQL itself
  /// @param lost restores what PostgreSQL has lost and memory holds
  /// @param retention the maximum age of an ACTIVE KEK that comes from Redis during an outage
  public MemoryKekTier(
      KekTier next,
      KekTier source,
      LostKeks lost,
      Duration retention,
      KekCacheConfig config,
      Ticker ticker,
      Clock clock,
      MeterRegistry registry) {
    this.active =
        new LastKnown<>(
            "active",
            next::active,
            (read, held) -> read,
            RecordSize::of,
            new LastKnown.Limit(retention, true),
            config,
            ticker,
            clock,
            registry);
    this.keks =
        new LastKnown<>(
            "kek",
            next::kek,
            lost::notLost,
            RecordSize::of,
            new LastKnown.Limit(config.unwrapMaxAge(), false),
            config,
            ticker,
            clock,
            registry);
    this.unknown = new UnknownKeks(config, ticker, registry);
    this.source = source;
  }

  @Override
  public Uni<ActiveKek> active(KeystoreName keystore) {
    return active.get(keystore);
  }

  @Override
  public Uni<Kek> kek(UUID id) {
    if (unknown.contains(id)) {
      return Uni.createFrom().failure(new KekFailure.UnknownKek());
    }
    return keks.get(id)
        .onFailure(KekFailure.UnknownKek.class)
        // At this point, restoring the KEK from every cache that holds it has failed.
        .invoke(failure -> unknown.add(id));
  }

  @Override
  public @Nullable ActiveKek freshActive(KeystoreName keystore) {
    return active.fresh(keystore);
  }

  @Override
  public @Nullable Kek freshKek(UUID id) {
    return keks.fresh(id);
  }

  /// Returns the fresh record in memory, or reads the KEK in PostgreSQL itself. Fails like
  /// [#kek(UUID)].
  public Uni<Kek> current(UUID id) {
    Kek fresh = freshKek(id);
    return fresh == null ? source.kek(id) : Uni.createFrom().item(fresh);
  }

  @Override
  public long ageMillis(ActiveKek kek, long now) {
    return Math.min(
        KekTier.super.ageMillis(kek, now),
        TimeUnit.NANOSECONDS.toMillis(active.age(kek.name().keystore(), kek)));
  }

  /// Notes a read of the feed of changes, and reads again the records in memory that the changes
  /// affect. Never fails. When this method returns, records that it has yet to read are no longer
  /// confirmed by the feed.
  ///
  /// @param start ticker time of the start of the feed's read
  Uni<Void> confirm(long start, Collection<KekChange> changes) {
    Set<KeystoreName> keystores = new HashSet<>();
    Set<KeystoreName> settings = new HashSet<>();
    Set<UUID> ids = new HashSet<>();
    for (KekChange change : changes) {
      switch (change) {
        case KekChange.OfKeystore(KeystoreName keystore) -> keystores.add(keystore);
        case KekChange.OfSettings(KeystoreName keystore) -> settings.add(keystore);
        case KekChange.OfKek(UUID kek) -> ids.add(kek);
      }
    }
    keystores.addAll(settings);
    ids.forEach(unknown::remove);
    Predicate<Kek> touched = kek -> settings.contains(kek.name().keystore());
    boolean any = !changes.isEmpty();
    active.confirm(start, any, keystores, null);
    keks.confirm(start, any, ids, settings.isEmpty() ? null : touched);
    return Multi.createBy()
        .merging()
        .streams(
            Multi.createFrom()
                .iterable(keystores)
                .onItem()
                .transformToUniAndMerge(keystore -> active.changed(keystore, source::active)),
            Multi.createFrom()
                .iterable(ids)
                .onItem()
                .transformToUniAndMerge(id -> keks.changed(id, source::kek)),
            (settings.isEmpty() ? Uni.createFrom().voidItem() : keks.changed(touched, source::kek))
                .toMulti())
        .collect()
        .last();
  }

  /// Notes that changes may have been missed until now: every record in memory is read again when
  /// it is next used.
  ///
  /// @param start ticker time of the start of the feed's read
  void restart(long start) {
    active.restart(start);
    keks.restart(start);
  }

  /// Reads again the records in memory that a change affects. Never fails.
  public Uni<Void> changed(KekChange change) {
    return switch (change) {
      case KekChange.OfKeystore(KeystoreName keystore) -> active.changed(keystore, source::active);
      case KekChange.OfSettings(KeystoreName keystore) ->
          active
              .changed(keystore, source::active)
              .chain(
                  () -> keks.changed(kek -> kek.name().keystore().equals(keystore), source::kek));
      case KekChange.OfKek(UUID kek) -> {
        unknown.remove(kek);
        yield keks.changed(kek, source::kek);
      }
    };
  }
}
