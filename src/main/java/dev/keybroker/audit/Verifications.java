package dev.keybroker.audit;

import dev.keybroker.access.Caller;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.time.InstantSource;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Finds the last result of the verification of the chains. Thread-safe. Unis fail with
/// [AuditFailure].
public final class Verifications {
  /// How far back results are looked for.
  private static final Duration WITHIN = Duration.ofDays(90);

  private final VerificationRecords records;
  private final byte @Nullable [] macKey;
  private final InstantSource clock;

  /// A result on record.
  ///
  /// @param chain the chain of its record
  /// @param authenticated whether the record has a valid MAC, so that nobody who has only the
  ///     database can have made it
  public record LastResult(Verification verification, UUID chain, boolean authenticated) {}

  /// @param macKey null if the records have no MAC
  public Verifications(VerificationRecords records, byte @Nullable [] macKey, InstantSource clock) {
    this.records = records;
    this.macKey = macKey == null ? null : macKey.clone();
    this.clock = clock;
  }

  /// Returns the last result; null if there is none.
  public Uni<@Nullable LastResult> last(Caller reader) {
    return Uni.createFrom()
        .deferred(() -> records.lastVerification(reader, clock.instant().minus(WITHIN)))
        .map(this::lastResult);
  }

  private @Nullable LastResult lastResult(@Nullable ChainedRecord record) {
    Verification verification = record == null ? null : Verification.of(record.event());
    return record == null || verification == null
        ? null
        : new LastResult(
            verification, record.chain(), macKey != null && RecordHash.of(macKey).isOf(record));
  }
}
