package dev.keybroker.audit;

import io.smallrye.mutiny.Uni;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Appends records to the broker's chain, many per commit. Not thread-safe.
///
/// A failed commit is in doubt: its records may be in the log, or may arrive there later. At most
/// one attempt is in doubt. Before the writer writes anything else, it reads where the chain ends:
///
/// - At the end of the attempt: it was committed.
/// - Where the writer left the chain, and the log rejected every copy of the attempt that was sent:
///   it will never be committed. Its records go into a new attempt, with their content at that
///   time.
/// - Where the writer left the chain, and a copy was never answered: the writer sends the same
///   attempt again, with the same records at the same positions. The first copy to arrive fills the
///   positions. The others find that the chain's end has moved, and commit nothing
///   ([AuditStore#append]).
///
/// So the writer's memory does not grow with the number of failed commits.
///
/// If a record says granted but its answer was given up in the meantime, a correction follows. So
/// there are never more released answers than granted records minus withheld ones. There are fewer
/// only if the process ends, or the chain is given up, before the answer or the correction.
final class ChainWriter {
  private static final Logger LOG = Logger.getLogger(ChainWriter.class);

  private final AuditStore log;
  private final RecordHash hash;
  private final Supplier<UUID> chainIds;
  private final Clock clock;
  private final Duration timeout;
  private final int batch;
  private final Committed committed;

  /// In order. Each record stays until it is committed. An attempt consists of the first ones.
  private final Queue<PendingRecord> unsettled = new ArrayDeque<>();

  /// Records that may have been committed after the head.
  private @Nullable Attempt inDoubt;

  private UUID chain;
  private ChainHead head = ChainHead.START;
  private boolean opened;

  private static final class Attempt {
    private final List<PendingRecord> pending;
    private final List<ChainedRecord> records;

    /// Whether the log has not answered a copy that was sent, so that it can still be committed.
    private boolean unanswered;

    Attempt(List<PendingRecord> pending, List<ChainedRecord> records) {
      this.pending = pending;
      this.records = records;
    }

    ChainHead end() {
      ChainedRecord last = records.getLast();
      return new ChainHead(last.sequence(), last.hash());
    }
  }

  /// Receives what was committed.
  interface Committed {
    /// Called for records that are now in the log.
    ///
    /// @param released the records whose answers may be released now
    void records(
        List<PendingRecord> pending, List<ChainedRecord> records, List<PendingRecord> released);

    /// Called if the chain in the log is not the one that this broker wrote.
    void broken();
  }

  /// @param timeout for each call of the log
  /// @param batch the maximum number of records in one commit
  ChainWriter(
      AuditStore log,
      RecordHash hash,
      Supplier<UUID> chainIds,
      Clock clock,
      Duration timeout,
      int batch,
      Committed committed) {
    this.log = log;
    this.hash = hash;
    this.chainIds = chainIds;
    this.clock = clock;
    this.timeout = timeout;
    this.batch = batch;
    this.committed = committed;
    this.chain = chainIds.get();
  }

  UUID chain() {
    return chain;
  }

  ChainHead head() {
    return head;
  }

  /// The number of further records that fit into the next commit.
  int room() {
    return Math.max(0, batch - unsettled.size());
  }

  boolean isIdle() {
    return unsettled.isEmpty();
  }

  /// Nano time at which the oldest uncommitted record arrived; null if there is none.
  @Nullable Long oldest() {
    PendingRecord first = unsettled.peek();
    return first == null ? null : first.submitted();
  }

  void take(PendingRecord record) {
    unsettled.add(record);
  }

  /// Commits the accepted records, or some of them. Fails if the log does not answer; no record is
  /// lost then.
  void flush() {
    if (!opened) {
      await(log.open(chain, hash.keyId(), clock.instant()));
      opened = true;
      LOG.infof("audit chain %s starts", chain);
    }
    if (inDoubt != null) {
      resolve(inDoubt);
    }
    if (unsettled.isEmpty() || !opened) {
      return;
    }
    Attempt attempt = inDoubt == null ? attempt() : inDoubt;
    inDoubt = attempt;
    if (append(attempt)) {
      settle(attempt);
    } else if (!resolve(attempt)) {
      beginAnew(head);
    }
  }

  private boolean append(Attempt attempt) {
    boolean before = attempt.unanswered;
    attempt.unanswered = true;
    boolean appended;
    try {
      appended = await(log.append(head, attempt.records));
    } catch (AppendRejected e) {
      attempt.unanswered = before;
      throw e;
    }
    attempt.unanswered = before;
    return appended;
  }

  /// Writes the closing record, so that truncation can be detected.
  void close() {
    if (opened) {
      take(
          PendingRecord.answered(
              AuditEvent.ofBroker(clock.instant(), AuditEvent.CLOSE_CHAIN, null),
              System.nanoTime()));
      flush();
    }
  }

  /// Returns the records that could not be committed.
  List<AuditEvent> leave() {
    return unsettled.stream().map(PendingRecord::event).toList();
  }

  private Attempt attempt() {
    List<PendingRecord> pending = new ArrayList<>(Math.min(batch, unsettled.size()));
    List<ChainedRecord> records = new ArrayList<>(Math.min(batch, unsettled.size()));
    ChainHead last = head;
    for (PendingRecord each : unsettled) {
      if (pending.size() == batch) {
        break;
      }
      ChainedRecord record = hash.next(chain, last, each.event(chain));
      last = new ChainHead(record.sequence(), record.hash());
      pending.add(each);
      records.add(record);
    }
    return new Attempt(pending, records);
  }

  /// Resolves the attempt in doubt. Returns false if nothing has filled the positions after the
  /// head.
  private boolean resolve(Attempt attempt) {
    ChainHead actual = await(log.head(chain));
    if (actual != null && actual.equals(head)) {
      if (!attempt.unanswered) {
        inDoubt = null;
      }
      return false;
    }
    if (attempt.end().equals(actual)) {
      settle(attempt);
    } else {
      beginAnew(actual);
    }
    return true;
  }

  private void settle(Attempt attempt) {
    List<PendingRecord> corrections = new ArrayList<>();
    List<PendingRecord> released = new ArrayList<>(attempt.pending.size());
    for (int i = 0; i < attempt.pending.size(); i++) {
      PendingRecord pending = attempt.pending.get(i);
      ChainedRecord record = attempt.records.get(i);
      Place place = new Place(chain, record.sequence());
      pending.committed(place);
      if (pending.release()) {
        released.add(pending);
      }
      String why = pending.withheldAlthough(record.event());
      if (why != null) {
        corrections.add(
            PendingRecord.answered(
                    record.event().withheld(clock.instant(), record.sequence(), why),
                    System.nanoTime())
                .referringTo(place));
      }
    }
    // Only now, so that after an exception above the attempt is resolved again.
    head = attempt.end();
    inDoubt = null;
    attempt.pending.forEach(settled -> unsettled.remove());
    unsettled.addAll(corrections);
    committed.records(attempt.pending, attempt.records, released);
  }

  /// Records in doubt can no longer enter the old chain, because it does not end where they start.
  private void beginAnew(@Nullable ChainHead actual) {
    LOG.errorf(
        "audit chain %s was left at %s and is at %s now: something else has changed it, or"
            + " PostgreSQL has lost commits. The broker starts a new chain; verify the old one",
        chain, head, actual);
    chain = chainIds.get();
    head = ChainHead.START;
    opened = false;
    inDoubt = null;
    committed.broken();
  }

  private <T extends @Nullable Object> T await(Uni<T> question) {
    try {
      return question.await().atMost(timeout);
    } catch (RuntimeException e) {
      log.abandon();
      throw e;
    }
  }
}
