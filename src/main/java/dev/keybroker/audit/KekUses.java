package dev.keybroker.audit;

import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Finds the use of KEKs in the audit trail. Thread-safe. Unis fail with [AuditFailure].
@Singleton
public final class KekUses {
  private static final Set<String> UNWRAPS = Set.of("UnwrapDek", "RewrapDek");
  private static final Set<String> WRAPS = Set.of("WrapDek");

  private final UseRecords records;
  private final AuditConfig config;
  private final InstantSource clock;

  public KekUses(UseRecords records, AuditConfig config, InstantSource clock) {
    this.records = records;
    this.config = config;
    this.clock = clock;
  }

  /// Whether everything that opens a wrapped DEK is recorded.
  public boolean recordsUnwraps() {
    return config.unwraps() != AuditMode.OFF && config.rewraps() != AuditMode.OFF;
  }

  /// Returns when a KEK last opened something within this time; null if it did not.
  public Uni<@Nullable Instant> lastUnwrap(String tenant, UUID kek, Duration within) {
    return last(tenant, Set.of(kek), within).map(last -> last.get(kek));
  }

  /// Returns the use of each KEK. What cannot be counted in time is unknown.
  ///
  /// @param counted how far back wraps and unwraps are counted; null if they are not
  /// @param within how far back the last unwrap is looked for
  public Uni<Map<UUID, KekUse>> of(
      String tenant, Set<UUID> keks, @Nullable Duration counted, Duration within) {
    if (keks.isEmpty()) {
      return Uni.createFrom().item(Map.of());
    }
    return count(tenant, keks, WRAPS, counted, config.wraps() != AuditMode.OFF)
        .chain(
            wraps ->
                count(tenant, keks, UNWRAPS, counted, recordsUnwraps())
                    .chain(
                        unwraps ->
                            last(tenant, keks, within)
                                .onFailure(AuditFailure.TooLarge.class)
                                .recoverWithItem(Map.of())
                                .map(last -> joined(keks, wraps, unwraps, last))));
  }

  /// Returns what root keys have refused within this time. Empty if that is not recorded or cannot
  /// be counted in time.
  public Uni<Optional<RefusedUnwraps>> refused(String tenant, Set<UUID> keks, Duration within) {
    return !recordsUnwraps()
        ? Uni.createFrom().item(Optional.empty())
        : counted(
            keks.isEmpty()
                ? Uni.createFrom().item(RefusedUnwraps.NONE)
                : records.refused(tenant, keks, UNWRAPS, from(within)));
  }

  private static Map<UUID, KekUse> joined(
      Set<UUID> keks,
      Optional<Map<UUID, Long>> wraps,
      Optional<Map<UUID, Long>> unwraps,
      Map<UUID, Instant> last) {
    Map<UUID, KekUse> uses = new HashMap<>();
    keks.forEach(
        kek -> uses.put(kek, new KekUse(number(wraps, kek), number(unwraps, kek), last.get(kek))));
    return uses;
  }

  private static OptionalLong number(Optional<Map<UUID, Long>> counts, UUID kek) {
    return counts.isEmpty()
        ? OptionalLong.empty()
        : OptionalLong.of(counts.get().getOrDefault(kek, 0L));
  }

  /// Empty if the records are not written, not to be counted, or too many.
  private Uni<Optional<Map<UUID, Long>>> count(
      String tenant,
      Set<UUID> keks,
      Set<String> actions,
      @Nullable Duration within,
      boolean recorded) {
    return recorded && within != null
        ? counted(records.count(tenant, keks, actions, from(within)))
        : Uni.createFrom().item(Optional.empty());
  }

  private static <T> Uni<Optional<T>> counted(Uni<T> count) {
    return count
        .map(Optional::of)
        .onFailure(AuditFailure.TooLarge.class)
        .recoverWithItem(Optional.empty());
  }

  private Uni<Map<UUID, Instant>> last(String tenant, Set<UUID> keks, Duration within) {
    return records.last(tenant, keks, UNWRAPS, from(within));
  }

  private Instant from(Duration within) {
    return clock.instant().minus(within);
  }
}
