package dev.keybroker.audit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Verifies one chain, record by record in the order of sequence numbers, and reports findings in
/// that order. Not thread-safe.
public final class ChainCheck {
  private final UUID chain;
  private final RecordHash hash;

  /// By the sequence number of the first record.
  private final NavigableMap<Long, DroppedRange> dropped = new TreeMap<>();

  private final NavigableMap<Long, byte[]> checkpoints;
  private final List<Finding> findings = new ArrayList<>();

  /// The records with one sequence number. There is only one unless others were inserted.
  private final List<ChainedRecord> sameSequence = new ArrayList<>();

  /// Sequence numbers of intents whose outcome was not found yet.
  private final Set<Long> intents = new TreeSet<>();

  private ChainHead last = ChainHead.START;
  private boolean linkKnown = true;
  private boolean closed;
  private long records;
  private long firstSequence;

  /// @param dropped credible ranges that retention dropped: only these records may be missing
  /// @param checkpoints hashes from other sources, by sequence number
  public ChainCheck(
      UUID chain,
      RecordHash hash,
      Collection<DroppedRange> dropped,
      Map<Long, byte[]> checkpoints) {
    this.chain = chain;
    this.hash = hash;
    dropped.forEach(range -> this.dropped.put(range.first(), range));
    this.checkpoints = new TreeMap<>(checkpoints);
  }

  /// Checks the next record.
  public void accept(ChainedRecord record) {
    if (!sameSequence.isEmpty() && sameSequence.getFirst().sequence() != record.sequence()) {
      checkSameSequence(record.previousHash());
    }
    sameSequence.add(record);
  }

  /// Reports a record that cannot be parsed.
  public void unreadable(long sequence) {
    checkSameSequence(null);
    gapBefore(sequence, "between its neighbours");
    find(Finding.Kind.ALTERED, sequence, "no broker writes such content");
    last = new ChainHead(sequence, last.hash());
    linkKnown = false;
  }

  /// Ends the verification after the last record.
  ///
  /// @param head the end of the chain according to its own entry; null if it has none
  /// @return the findings, in the order of sequence numbers
  public List<Finding> end(@Nullable ChainHead head) {
    checkSameSequence(head == null ? null : head.hash());
    if (head == null) {
      find(Finding.Kind.MISSING, last.sequence(), "the chain's own entry is missing");
    } else if (head.sequence() < last.sequence()) {
      find(
          Finding.Kind.INSERTED,
          head.sequence() + 1,
          "the chain ends before it, with seq " + head.sequence());
    } else {
      gapBefore(head.sequence() + 1, "at the chain's end");
      if (linkKnown && !head.equals(last)) {
        find(
            Finding.Kind.ALTERED, last.sequence(), "the chain's own entry has another hash for it");
      }
    }
    if (!checkpoints.isEmpty() && checkpoints.lastKey() > last.sequence()) {
      gapBefore(checkpoints.lastKey() + 1, "a checkpoint covers them");
    }
    return List.copyOf(findings);
  }

  /// Adds findings of other checks.
  public void find(Finding finding) {
    findings.add(finding);
  }

  /// Returns the findings so far.
  public List<Finding> findings() {
    return List.copyOf(findings);
  }

  /// Whether the last record is the broker's closing record.
  public boolean isClosed() {
    return closed;
  }

  /// The number of records checked.
  public long records() {
    return records;
  }

  /// The sequence number of the first existing record; 0 if there is none.
  public long firstSequence() {
    return firstSequence;
  }

  /// The sequence numbers of intents whose outcome is not in the chain. Their changes may or may
  /// not have been made.
  public Set<Long> openIntents() {
    return Collections.unmodifiableSet(intents);
  }

  @SuppressWarnings("ReferenceEquality") // two rows may be alike
  private void checkSameSequence(byte @Nullable [] next) {
    if (sameSequence.isEmpty()) {
      return;
    }
    ChainedRecord genuine = genuine(next);
    for (ChainedRecord other : sameSequence) {
      if (other != genuine) {
        find(
            Finding.Kind.INSERTED, other.sequence(), "the chain has another record of that number");
      }
    }
    sameSequence.clear();
    check(genuine);
  }

  /// If there are several, returns the one that the chain continues from.
  ///
  /// @param next its hash according to the next record or the chain's own entry
  private ChainedRecord genuine(byte @Nullable [] next) {
    ChainedRecord genuine = sameSequence.getFirst();
    if (sameSequence.size() > 1) {
      for (ChainedRecord record : sameSequence) {
        if (hash.isOf(record) && Arrays.equals(record.previousHash(), last.hash())) {
          genuine = record;
          if (Arrays.equals(record.hash(), next)) {
            break;
          }
        }
      }
    }
    return genuine;
  }

  private void check(ChainedRecord record) {
    records++;
    if (firstSequence == 0) {
      firstSequence = record.sequence();
    }
    gapBefore(record.sequence(), "between its neighbours");
    if (closed) {
      find(Finding.Kind.INSERTED, record.sequence(), "the chain was closed before it");
    }
    if (!hash.isOf(record)) {
      find(Finding.Kind.ALTERED, record.sequence(), "its hash is not that of its content");
    } else if (linkKnown && !Arrays.equals(record.previousHash(), last.hash())) {
      find(
          Finding.Kind.ALTERED,
          Math.max(1, record.sequence() - 1),
          "seq " + record.sequence() + " has another hash for it");
    }
    compareWithCheckpoint(record.sequence(), record.hash());
    last = new ChainHead(record.sequence(), record.hash());
    linkKnown = true;
    closed = record.event().action().equals(AuditEvent.CLOSE_CHAIN);
    if (record.event().outcome() == Outcome.INTENDED) {
      intents.add(record.sequence());
    } else if (record.event().outcome() != Outcome.WITHHELD) {
      intents.remove(record.event().refersTo());
    }
  }

  private void compareWithCheckpoint(long sequence, byte[] found) {
    byte[] known = checkpoints.get(sequence);
    if (known != null && !Arrays.equals(known, found)) {
      find(
          Finding.Kind.ALTERED,
          sequence,
          "a checkpoint has another hash for it: this record or an earlier one was altered, and the"
              + " chain was recomputed");
    }
  }

  /// Continues to just before a sequence number, and skips dropped ranges. All other absent records
  /// are missing.
  private void gapBefore(long sequence, String where) {
    while (last.sequence() + 1 < sequence) {
      long next = last.sequence() + 1;
      Map.Entry<Long, DroppedRange> range = dropped.floorEntry(next);
      if (range != null && range.getValue().last() >= next) {
        skip(range.getValue(), sequence - 1);
      } else {
        Long following = dropped.higherKey(next);
        long end = following == null ? sequence - 1 : Math.min(following, sequence) - 1;
        missing(next, end, where);
        last = new ChainHead(end, last.hash());
        linkKnown = false;
      }
      closed = false;
    }
  }

  private void skip(DroppedRange range, long end) {
    boolean whole = range.first() == last.sequence() + 1;
    if (whole && linkKnown && !Arrays.equals(range.previousHash(), last.hash())) {
      find(
          Finding.Kind.ALTERED,
          Math.max(1, last.sequence()),
          "seq " + range.first() + ", which retention dropped, had another hash for it");
    }
    linkKnown = range.last() <= end;
    if (linkKnown) {
      compareWithCheckpoint(range.last(), range.hash());
    }
    last = new ChainHead(Math.min(range.last(), end), range.hash());
  }

  private void missing(long from, long to, String where) {
    find(
        Finding.Kind.MISSING,
        from,
        (from == to ? "one record " : "%d records, to seq %d, ".formatted(to - from + 1, to))
            + where);
  }

  private void find(Finding.Kind kind, long sequence, String detail) {
    findings.add(new Finding(kind, chain, sequence, detail));
  }
}
