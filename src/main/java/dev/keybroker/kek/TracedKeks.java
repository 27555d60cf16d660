package dev.keybroker.kek;

import dev.keybroker.telemetry.Spans;
import io.smallrye.mutiny.Uni;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Creates a span for each read of a KEK record.
public final class TracedKeks implements ActiveKeks, KekRecords {
  private final ActiveKeks activeKeks;
  private final KekRecords records;
  private final Spans spans;

  public TracedKeks(ActiveKeks activeKeks, KekRecords records, Spans spans) {
    this.activeKeks = activeKeks;
    this.records = records;
    this.spans = spans;
  }

  @Override
  public Uni<ActiveKek> active(KeystoreName keystore) {
    return spans.around(Spans.KEK_READ, activeKeks.active(keystore));
  }

  @Override
  public Uni<Kek> kek(UUID id) {
    return spans.around(Spans.KEK_READ, records.kek(id));
  }

  @Override
  public @Nullable ActiveKek freshActive(KeystoreName keystore) {
    return spans.<@Nullable ActiveKek, RuntimeException>around(
        Spans.KEK_READ, () -> activeKeks.freshActive(keystore));
  }

  @Override
  public @Nullable Kek freshKek(UUID id) {
    return spans.<@Nullable Kek, RuntimeException>around(
        Spans.KEK_READ, () -> records.freshKek(id));
  }
}
