package dev.keybroker.audit;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Verifies one chain, record by record in the order of their sequence numbers, and tells what is
/// wrong with it in that order. For one thread.
public final class ChainCheck {
  private final UUID chain;
  private final RecordHash hash;
  private final NavigableMap<Long, byte[]> dropped;
  private final NavigableMap<Long, byte[]> checkpoints;
  private final List<Finding> findings = new ArrayList<>();

  /// Those with one sequence number: one, where nobody inserted any.
  private final List<ChainedRecord> sameSequence = new ArrayList<>();

  /// Sequence numbers of intents whose outcome has not come yet.
  private final Set<Long> intents = new TreeSet<>();

  private ChainHead last = ChainHead.START;
  private boolean linkKnown = true;
  private boolean closed;
  private long records;
  private long firstSequence;

  /// @param dropped the last records that retention dropped, by sequence number: what is before the
  ///     greatest of them may be missing
  /// @param checkpoints hashes by sequence number that are known from elsewhere
  public ChainCheck(
      UUID chain, RecordHash hash, Map<Long, byte[]> dropped, Map<Long, byte[]> checkpoints) {
    this.chain = chain;
    this.hash = hash;
    this.dropped = new TreeMap<>(dropped);
    this.checkpoints = new TreeMap<>(checkpoints);
  }

  /// The next record.
  public void accept(ChainedRecord record) {
    if (!sameSequence.isEmpty() && sameSequence.getFirst().sequence() != record.sequence()) {
      checkSameSequence(record.previousHash());
    }
    sameSequence.add(record);
  }

  /// A record that cannot even be read as one.
  public void unreadable(long sequence) {
    checkSameSequence(null);
    gapBefore(sequence);
    find(Finding.Kind.ALTERED, sequence, "its content is none that a broker writes");
    last = new ChainHead(sequence, last.hash());
    linkKnown = false;
  }

  /// All were given.
  ///
  /// @param head how far the chain says that it goes; null where it does not say so
  /// @return what is wrong, in the order of the sequence
  public List<Finding> end(@Nullable ChainHead head) {
    checkSameSequence(head == null ? null : head.hash());
    if (head == null) {
      find(Finding.Kind.MISSING, last.sequence(), "the chain's own entry is missing");
    } else if (head.sequence() > last.sequence()) {
      if (head.sequence() > droppedTo()) {
        missing(Math.max(last.sequence(), droppedTo()) + 1, head.sequence(), "at the chain's end");
      }
    } else if (head.sequence() < last.sequence()) {
      find(
          Finding.Kind.INSERTED,
          head.sequence() + 1,
          "the chain ends before it, with seq " + head.sequence());
    } else if (!head.equals(last)) {
      find(Finding.Kind.ALTERED, last.sequence(), "the chain's own entry holds another hash of it");
    }
    Map.Entry<Long, byte[]> farthest = checkpoints.lastEntry();
    if (farthest != null
        && farthest.getKey() > Math.max(last.sequence(), droppedTo())
        && (head == null || farthest.getKey() > head.sequence())) {
      missing(last.sequence() + 1, farthest.getKey(), "a checkpoint knows them");
    }
    return List.copyOf(findings);
  }

  /// Adds what was found elsewhere.
  public void find(Finding finding) {
    findings.add(finding);
  }

  /// What is wrong so far.
  public List<Finding> findings() {
    return List.copyOf(findings);
  }

  /// Whether the last record is the broker's last word.
  public boolean isClosed() {
    return closed;
  }

  /// How many records were given.
  public long records() {
    return records;
  }

  /// The sequence number of the first record that is there; 0 where none is.
  public long firstSequence() {
    return firstSequence;
  }

  /// The sequence numbers of the intents of changes whose outcome is not in the chain: those
  /// changes may have been made or not.
  public Set<Long> openIntents() {
    return Collections.unmodifiableSet(intents);
  }

  private long droppedTo() {
    return dropped.isEmpty() ? 0 : dropped.lastKey();
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

  /// That which the chain goes on with, if there are several.
  ///
  /// @param next the hash that the next record, or the chain's own entry, holds of it
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
    gapBefore(record.sequence());
    if (closed) {
      find(Finding.Kind.INSERTED, record.sequence(), "the chain was closed before it");
    }
    if (!hash.isOf(record)) {
      find(Finding.Kind.ALTERED, record.sequence(), "its hash is not that of its content");
    } else if (linkKnown && !Arrays.equals(record.previousHash(), last.hash())) {
      find(
          Finding.Kind.ALTERED,
          Math.max(1, record.sequence() - 1),
          "seq " + record.sequence() + " holds another hash of it");
    }
    byte[] known = checkpoints.get(record.sequence());
    if (known != null && !Arrays.equals(known, record.hash())) {
      find(
          Finding.Kind.ALTERED,
          record.sequence(),
          "a checkpoint holds another hash of it: it, or one before it, was altered and the chain"
              + " made anew");
    }
    last = new ChainHead(record.sequence(), record.hash());
    linkKnown = true;
    closed = record.event().action().equals(AuditEvent.CLOSE_CHAIN);
    if (record.event().outcome() == Outcome.INTENDED) {
      intents.add(record.sequence());
    } else if (record.event().outcome() != Outcome.WITHHELD) {
      intents.remove(record.event().refersTo());
    }
  }

  private void gapBefore(long sequence) {
    if (sequence == last.sequence() + 1) {
      return;
    }
    byte[] before = dropped.get(sequence - 1);
    long gapEnd = sequence - 1;
    if (gapEnd > droppedTo()) {
      missing(Math.max(last.sequence(), droppedTo()) + 1, gapEnd, "between its neighbours");
    }
    linkKnown = before != null;
    if (before != null) {
      last = new ChainHead(sequence - 1, before);
    }
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
