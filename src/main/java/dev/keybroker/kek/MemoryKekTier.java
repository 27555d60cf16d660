package dev.keybroker.kek;

import com.github.benmanes.caffeine.cache.Ticker;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Uni;
import java.time.Clock;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The first tier: records in this process's memory.
public final class MemoryKekTier implements KekTier {
  private final LastKnown<KeystoreName, ActiveKek> active;
  private final LastKnown<UUID, Kek> keks;
  private final KekTier source;

  /// @param next the tier that is asked for what memory does not hold
  /// @param source the tier that is asked after a change: PostgreSQL itself
  /// @param lost restores what PostgreSQL has lost and memory holds
  public MemoryKekTier(
      KekTier next,
      KekTier source,
      LostKeks lost,
      KekCacheConfig config,
      Ticker ticker,
      Clock clock,
      MeterRegistry registry) {
    this.active =
        new LastKnown<>(
            "active", next::active, (read, held) -> read, config, ticker, clock, registry);
    this.keks = new LastKnown<>("kek", next::kek, lost::notLost, config, ticker, clock, registry);
    this.source = source;
  }

  @Override
  public Uni<ActiveKek> active(KeystoreName keystore) {
    return active.get(keystore);
  }

  @Override
  public Uni<Kek> kek(UUID id) {
    return keks.get(id);
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
      case KekChange.OfKek(UUID kek) -> keks.changed(kek, source::kek);
    };
  }
}
