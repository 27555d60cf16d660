package dev.keybroker.kek;

import io.smallrye.mutiny.Uni;
import java.util.UUID;
import java.util.function.Consumer;

/// Reports every KEK record that is read, before it is used. What memory holds because of an older
/// record, such as a private key with a longer lifetime, must not outlive the new record.
public final class ObservedTier implements KekTier {
  private final KekTier tier;
  private final Consumer<Kek> reads;

  public ObservedTier(KekTier tier, Consumer<Kek> reads) {
    this.tier = tier;
    this.reads = reads;
  }

  @Override
  public Uni<ActiveKek> active(KeystoreName keystore) {
    return tier.active(keystore);
  }

  @Override
  public Uni<Kek> kek(UUID id) {
    return tier.kek(id).invoke(reads);
  }
}
