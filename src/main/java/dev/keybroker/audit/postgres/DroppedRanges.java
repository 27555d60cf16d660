package dev.keybroker.audit.postgres;

import dev.keybroker.audit.ChainHead;
import dev.keybroker.audit.CheckpointLines;
import dev.keybroker.audit.DropSeal;
import dev.keybroker.audit.DroppedRange;
import dev.keybroker.audit.Finding;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Decides which of a chain's dropped ranges are credible, because an attacker with write access to
/// the table could hide the removal of records with such a row.
///
/// With a MAC key, a range counts only with a valid MAC. Without a key, a writer of the database
/// can forge everything, so a range is checked only against a retention that the operator gives and
/// against the times of checkpoints from outside.
final class DroppedRanges {
  private static final int HASH_SIZE = ChainHead.START.hash().length;

  /// How much later than its record a checkpoint may be, if a broker could not commit for a long
  /// time.
  private static final Duration CHECKPOINT_DELAY = Duration.ofDays(1);

  private static final LocalDate LAST_DAY = LocalDate.of(9999, 12, 31);

  private final UUID chain;
  private final boolean keyed;
  private final @Nullable ChainHead head;
  private final VerifyingKeys keys;
  private final CheckpointLines outside;
  private final @Nullable LocalDate keptFrom;

  private final List<DroppedRange> believed = new ArrayList<>();
  private final List<Finding> findings = new ArrayList<>();
  private final List<String> report = new ArrayList<>();

  /// A row as stored. Any part of it may be forged.
  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  record Row(
      long seq,
      byte @Nullable [] hash,
      @Nullable Long first,
      byte @Nullable [] previousHash,
      @Nullable LocalDate day,
      @Nullable String keyId,
      byte @Nullable [] mac) {}

  /// @param keyed whether the chain has a MAC key
  /// @param head the end of the chain according to its own entry; null if it has none
  /// @param keptFrom the first day that must not be dropped yet; null to skip this check
  DroppedRanges(
      UUID chain,
      boolean keyed,
      @Nullable ChainHead head,
      VerifyingKeys keys,
      CheckpointLines outside,
      @Nullable LocalDate keptFrom) {
    this.chain = chain;
    this.keyed = keyed;
    this.head = head;
    this.keys = keys;
    this.outside = outside;
    this.keptFrom = keptFrom;
  }

  void accept(Row row) {
    DroppedRange range = range(row);
    if (range == null) {
      find(Finding.Kind.INSERTED, row.seq, "no broker writes such a dropped range");
      return;
    }
    if (head != null && range.last() > head.sequence()) {
      find(
          Finding.Kind.INSERTED,
          range.last(),
          "a dropped range goes beyond the chain's end, seq " + head.sequence());
      return;
    }
    String authentication = authentication(range, row);
    if (authentication == null) {
      return;
    }
    believed.add(range);
    report.add(
        "chain %s: seq %d to %d of %s dropped by retention, %s"
            .formatted(chain, range.first(), range.last(), range.day(), authentication));
    checkAge(range);
  }

  private @Nullable DroppedRange range(Row row) {
    if (row.hash == null
        || row.previousHash == null
        || row.first == null
        || row.day == null
        || row.hash.length != HASH_SIZE
        || row.previousHash.length != HASH_SIZE
        || row.first < 1
        || row.first > row.seq
        || row.day.isBefore(LocalDate.EPOCH)
        || row.day.isAfter(LAST_DAY)) {
      return null;
    }
    return new DroppedRange(chain, row.first, row.seq, row.previousHash, row.hash, row.day);
  }

  /// Describes why the range is credible; null if it is not.
  private @Nullable String authentication(DroppedRange range, Row row) {
    if (row.keyId == null || row.mac == null) {
      if (keyed) {
        find(
            Finding.Kind.INSERTED,
            range.last(),
            "a dropped range without a MAC: no broker with the MAC key dropped it");
        return null;
      }
      if (keptFrom == null) {
        find(
            Finding.Kind.UNVERIFIABLE,
            range.last(),
            "a dropped range without a MAC, which anyone with write access to the database can make"
                + " (--retention checks what can be checked)");
      }
      return "NOT authenticated";
    }
    DropSeal seal = keys.seal(row.keyId);
    if (seal == null) {
      find(
          Finding.Kind.UNVERIFIABLE,
          range.last(),
          "the MAC key of a dropped range is %s, which is not given (--mac-key)"
              .formatted(printable(row.keyId)));
      return null;
    }
    if (!seal.isOf(range, row.mac)) {
      find(
          Finding.Kind.INSERTED,
          range.last(),
          "a dropped range with a wrong MAC: no broker with the MAC key dropped it");
      return null;
    }
    return "authenticated";
  }

  /// A key id is eight bytes in hexadecimal. Other text may be forged and must not reach the
  /// terminal.
  private static String printable(String keyId) {
    return keyId.matches("[0-9a-f]{1,64}") ? keyId : "not a key id of a broker";
  }

  private void checkAge(DroppedRange range) {
    if (keptFrom != null && !range.day().isBefore(keptFrom)) {
      find(
          Finding.Kind.MISSING,
          range.first(),
          "to seq %d dropped with the day %s, though records are kept from %s on (--retention)"
              .formatted(range.last(), range.day(), keptFrom));
    }
    Instant known = outside.timeUpTo(chain, range.last());
    Instant latest =
        range.day().plusDays(1).atStartOfDay(ZoneOffset.UTC).toInstant().plus(CHECKPOINT_DELAY);
    if (known != null && known.isAfter(latest)) {
      find(
          Finding.Kind.MISSING,
          range.first(),
          "to seq %d dropped with the day %s, though a checkpoint of %s is before its end"
              .formatted(range.last(), range.day(), known));
    }
  }

  private void find(Finding.Kind kind, long sequence, String detail) {
    findings.add(new Finding(kind, chain, sequence, detail));
  }

  /// Returns the records that may be missing.
  List<DroppedRange> believed() {
    return List.copyOf(believed);
  }

  /// Returns the problems of the ranges themselves.
  List<Finding> findings() {
    return List.copyOf(findings);
  }

  /// Returns a line for people for each credible range.
  List<String> report() {
    return List.copyOf(report);
  }
}
