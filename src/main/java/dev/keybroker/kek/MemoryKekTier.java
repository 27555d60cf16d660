package dev.keybroker.kek;

import com.github.benmanes.caffeine.cache.Ticker;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Uni;
import java.time.Clock;
import java.time.Duration;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The first tier: records in this process's memory, and for a moment the ids that belong to no
/// KEK.
///
/// While the stores are away, an ACTIVE KEK that this broker saw fresh is used until they are back;
/// one that it has only from an old entry of Redis, until that entry's own limit. A KEK to unwrap
/// with is used until its record reaches `unwrap-max-age`.
public final class MemoryKekTier implements KekTier {
  private final LastKnown<KeystoreName, ActiveKek> active;
  private final LastKnown<UUID, Kek> keks;
  private final UnknownKeks unknown;
  private final KekTier source;

  /// @param next the tier that is asked for what memory does not hold
  /// @param source the tier that is asked after a change: PostgreSQL itself
  /// @param lost restores what PostgreSQL has lost and memory holds
  /// @param retention how old an ACTIVE KEK may be that comes from Redis during an outage
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
        // By then it was tried to restore the KEK from every cache that holds it.
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

  /// Reads again what a change touched, where memory holds it. Never fails.
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
