package dev.keybroker.audit;

import io.smallrye.mutiny.Uni;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Appends records to the broker's chain, many with one commit. For one thread.
///
/// A commit whose answer is lost is in doubt: its records may be in the log, or may come there yet.
/// So the next one first asks where the chain ends. Where it ends with an attempt that was in
/// doubt, that attempt is done; where it ends where the writer left it, the records are tried again
/// in the same places. An attempt that comes through later than that finds the chain's end moved
/// and commits nothing ([AuditLog#append]), or is itself found by the one that it overtook. In each
/// case exactly one attempt has filled the places.
///
/// A record that says granted, of an answer that was given up meanwhile, is followed by a
/// correction: answers released are records granted less records withheld.
final class ChainWriter {
  private static final Logger LOG = Logger.getLogger(ChainWriter.class);

  private final AuditLog log;
  private final RecordHash hash;
  private final Supplier<UUID> chainIds;
  private final Clock clock;
  private final Duration timeout;
  private final int batch;
  private final Committed committed;

  /// In order; each until it is on record.
  private final Set<PendingRecord> unsettled = new LinkedHashSet<>();

  /// Attempts that may have been committed, all from the head on.
  private final List<Attempt> inDoubt = new ArrayList<>();

  private UUID chain;
  private ChainHead head = ChainHead.START;
  private boolean opened;

  private record Attempt(List<PendingRecord> pending, List<ChainedRecord> records) {
    ChainHead end() {
      ChainedRecord last = records.getLast();
      return new ChainHead(last.sequence(), last.hash());
    }
  }

  /// Is told of what was committed.
  interface Committed {
    /// Records that are in the log now.
    ///
    /// @param released whoever of the records' callers may have his answer now
    void records(
        List<PendingRecord> pending, List<ChainedRecord> records, List<PendingRecord> released);

    /// The log holds another chain than this broker wrote.
    void broken();
  }

  /// @param timeout for each question to the log
  /// @param batch the most records in one commit
  ChainWriter(
      AuditLog log,
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

  /// How many records more the next commit can take.
  int room() {
    return Math.max(0, batch - unsettled.size());
  }

  boolean isIdle() {
    return unsettled.isEmpty();
  }

  /// Nano time at which the oldest record came that is not committed; null where there is none.
  @Nullable Long oldest() {
    Iterator<PendingRecord> all = unsettled.iterator();
    return all.hasNext() ? all.next().submitted() : null;
  }

  void take(PendingRecord record) {
    unsettled.add(record);
  }

  /// Commits what was taken, or some of it; fails where the log does not answer, and nothing is
  /// lost then.
  void flush() {
    if (!opened) {
      await(log.open(chain, hash.keyId(), clock.instant()));
      opened = true;
      LOG.infof("audit chain %s begins", chain);
    }
    if (!inDoubt.isEmpty()) {
      resolve();
    }
    if (unsettled.isEmpty() || !opened) {
      return;
    }
    Attempt attempt = attempt();
    inDoubt.add(attempt);
    if (await(log.append(head, attempt.records))) {
      settle(attempt);
    } else {
      inDoubt.remove(attempt);
      if (!resolve()) {
        beginAnew(head);
      }
    }
  }

  /// Ends the chain, so that a cut end shows.
  void close() {
    if (opened) {
      take(
          PendingRecord.answered(
              AuditEvent.ofBroker(clock.instant(), AuditEvent.CLOSE_CHAIN, null),
              System.nanoTime()));
      flush();
    }
  }

  /// What could not be committed.
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
      ChainedRecord record = hash.next(chain, last, each.event());
      last = new ChainHead(record.sequence(), record.hash());
      pending.add(each);
      records.add(record);
    }
    return new Attempt(pending, records);
  }

  /// Finds out which attempt filled the places after the head. False where none did yet.
  private boolean resolve() {
    ChainHead actual = await(log.head(chain));
    if (actual != null && actual.equals(head)) {
      return false;
    }
    for (Attempt attempt : inDoubt) {
      if (attempt.end().equals(actual)) {
        settle(attempt);
        return true;
      }
    }
    beginAnew(actual);
    return true;
  }

  private void settle(Attempt attempt) {
    head = attempt.end();
    inDoubt.clear();
    List<PendingRecord> released = new ArrayList<>(attempt.pending.size());
    for (int i = 0; i < attempt.pending.size(); i++) {
      PendingRecord pending = attempt.pending.get(i);
      ChainedRecord record = attempt.records.get(i);
      unsettled.remove(pending);
      if (pending.release()) {
        released.add(pending);
      }
      String why = pending.withheldAlthough(record.event());
      if (why != null) {
        take(
            PendingRecord.answered(
                record.event().withheld(clock.instant(), record.sequence(), why),
                System.nanoTime()));
      }
    }
    committed.records(attempt.pending, attempt.records, released);
  }

  /// What was in doubt cannot come into the old chain any more: that does not end where they begin.
  private void beginAnew(@Nullable ChainHead actual) {
    LOG.errorf(
        "audit chain %s was left at %s and is at %s now: somebody else has changed it, or"
            + " PostgreSQL has lost commits. A new chain is begun; verify the old one",
        chain, head, actual);
    chain = chainIds.get();
    head = ChainHead.START;
    opened = false;
    inDoubt.clear();
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
