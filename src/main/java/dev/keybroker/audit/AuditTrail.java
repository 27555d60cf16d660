package dev.keybroker.audit;

import dev.keybroker.concurrent.HeldResults;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.UniEmitter;
import java.time.Clock;
import java.time.Duration;
import java.time.LocalDate;
import java.util.List;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// Records events, in one hash chain for each run of the broker. Thread-safe.
///
/// A single thread commits. Events that arrive during a commit go into the next one, so a call
/// waits for at most two commits, and no commit is delayed to collect more events. Calls whose
/// answer waits go first and have their own queue, so that a flood of others never fills it.
public final class AuditTrail implements AutoCloseable {
  /// The reason for withholding an answer that could not be recorded in time.
  public static final String UNAVAILABLE = "AUDIT_UNAVAILABLE";

  /// The reason for withholding an answer whose caller is gone.
  public static final String CANCELLED = "CANCELLED";

  private static final Logger LOG = Logger.getLogger(AuditTrail.class);
  private static final Logger CHECKPOINTS = Logger.getLogger(CheckpointLines.LOGGER);

  private static final Duration FIRST_BACKOFF = Duration.ofMillis(10);
  private static final Duration LONGEST_BACKOFF = Duration.ofMillis(250);
  private static final Duration WATCH_EVERY = Duration.ofMillis(20);

  private final AuditConfig config;
  private final AuditStore log;
  private final AuditStream stream;
  private final Executor releases;
  private final Supplier<Executor> callers;
  private final Clock clock;
  private final AuditMetrics metrics;
  private final ChainWriter writer;
  private final Thread thread;
  private final ScheduledExecutorService watch;

  private final Lane awaited;
  private final Lane others;

  /// Corrections for answers that were withheld after their commit. Unbounded, because each stands
  /// for a call in flight, and none may be lost.
  private final Lane corrections = new Lane(Integer.MAX_VALUE);

  private final List<Lane> lanes;

  /// The records of [#awaited], in the order in which they time out.
  private final Queue<PendingRecord> watched = new ConcurrentLinkedQueue<>();

  private volatile boolean idle;
  private volatile boolean closing;
  private volatile boolean closed;
  private volatile @Nullable Long oldestTaken;
  private volatile long closeBy;

  // Used only by the committing thread.
  private ChainHead checkpoint = ChainHead.START;
  private long checkpointAt;
  private boolean down;

  private static final class Lane {
    private final Queue<PendingRecord> queue = new ConcurrentLinkedQueue<>();
    private final AtomicInteger size = new AtomicInteger();
    private final int bound;

    Lane(int bound) {
      this.bound = bound;
    }

    boolean offer(PendingRecord record) {
      if (size.incrementAndGet() > bound) {
        size.decrementAndGet();
        return false;
      }
      return queue.add(record);
    }

    @Nullable PendingRecord poll() {
      PendingRecord record = queue.poll();
      if (record != null) {
        size.decrementAndGet();
      }
      return record;
    }
  }

  /// @param chainIds supplies an id for each new chain
  /// @param releases runs intended changes once they are on record, and calls that are given up
  /// @param callers identifies the calling thread, on which an answer is released; equal for all
  ///     calls from the same thread. It must not run anything on the thread that submits it
  public AuditTrail(
      AuditConfig config,
      AuditStore log,
      AuditStream stream,
      RecordHash hash,
      Supplier<UUID> chainIds,
      Executor releases,
      Supplier<Executor> callers,
      Clock clock,
      MeterRegistry registry) {
    this.config = config;
    this.log = log;
    this.stream = stream;
    this.releases = releases;
    this.callers = callers;
    this.clock = clock;
    this.metrics = new AuditMetrics(registry);
    this.awaited = new Lane(config.queue());
    this.others = new Lane(config.queue());
    this.lanes = List.of(corrections, awaited, others);
    this.writer =
        new ChainWriter(
            log, hash, chainIds, clock, config.commitTimeout(), config.batch(), new Releasing());
    this.checkpointAt = System.nanoTime();
    metrics.gauges(
        registry,
        this,
        trail -> trail.lanes.stream().mapToDouble(lane -> lane.size.get()).sum(),
        trail -> trail.lag(),
        trail -> trail.isStopped() ? 1 : 0);
    this.thread = Thread.ofPlatform().name("audit").daemon().unstarted(this::run);
    this.watch =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().name("audit-watch").daemon().factory());
  }

  /// Starts the committing thread.
  public AuditTrail start() {
    thread.start();
    Future<?> unused =
        watch.scheduleWithFixedDelay(
            this::watch, WATCH_EVERY.toMillis(), WATCH_EVERY.toMillis(), TimeUnit.MILLISECONDS);
    return this;
  }

  /// Records an event shortly after. Never blocks. If the queue is full, the event is lost and
  /// counted.
  public void submit(AuditEvent event) {
    submit(event, null);
  }

  /// Like [#submit(AuditEvent)].
  ///
  /// @param intent the record of the intent that this event is the outcome of
  public void submit(AuditEvent event, @Nullable Place intent) {
    if (others.offer(PendingRecord.answered(event, System.nanoTime()).referringTo(intent))) {
      signal();
    } else {
      lost(event);
    }
  }

  /// Records that this broker has dropped the records of a day.
  public void dropped(LocalDate day) {
    submit(AuditEvent.ofBroker(clock.instant(), AuditEvent.DROP_DAY, day.toString()));
  }

  /// Records that this broker has replaced the ciphertext of a KEK's private key.
  ///
  /// @param rootKey the ARN of the KMS key that now encrypts it
  /// @param kmsRequestId that of the `kms:Decrypt` that proved it
  /// @param way how it was done
  public void reEncrypted(
      String tenant,
      String keystore,
      UUID kek,
      String rootKey,
      @Nullable String kmsRequestId,
      String way) {
    if (config.controlPlane() != AuditMode.OFF) {
      submit(
          AuditEvent.ofReEncryption(
              clock.instant(), tenant, keystore, kek, rootKey, kmsRequestId, way));
    }
  }

  /// Records a granted call. The Uni completes on the caller's thread, after the commit, together
  /// with those of the same commit. It fails with [AuditFailure.NotCommitted] if that does not
  /// happen in time. The answer must not be released then, and the record will say so. Cancel the
  /// Uni if the caller is gone. If the answer is not released after the commit, [OnRecord#withhold]
  /// corrects the record.
  ///
  /// @param effective whether the call's effect stays even if its answer is withheld; its record
  ///     then still says granted
  public Uni<OnRecord> commit(AuditEvent event, boolean effective) {
    return commit(event, effective, null);
  }

  /// Like [#commit(AuditEvent, boolean)].
  ///
  /// @param intent the record of the intent that this event is the outcome of
  public Uni<OnRecord> commit(AuditEvent event, boolean effective, @Nullable Place intent) {
    return committed(
            emitter ->
                PendingRecord.waiting(event, effective, emitter, callers.get(), System.nanoTime())
                    .referringTo(intent))
        .map(
            record -> {
              record.take();
              return reason -> withhold(record, reason);
            });
  }

  /// Releases the answer of a committed record, or corrects the record if the caller is gone.
  private void answer(PendingRecord record) {
    record.complete();
    if (!record.isTaken()) {
      withhold(record, CANCELLED);
    }
  }

  private void withhold(PendingRecord record, String reason) {
    PendingRecord correction = record.withhold(clock.instant(), reason, System.nanoTime());
    if (correction != null) {
      metrics.withheld();
      corrections.offer(correction);
      signal();
    }
  }

  /// Records that a change is about to be made. The Uni completes on another thread, after the
  /// commit, with the position that the change's outcome refers to. It fails like [#commit]. The
  /// change must not be made then, and the record will say that it failed.
  public Uni<Place> intend(AuditEvent event) {
    return committed(
            emitter -> {
              PendingRecord record =
                  PendingRecord.waiting(event, false, emitter, releases, System.nanoTime());
              // The outcome of the change has its own record.
              record.take();
              return record;
            })
        .map(PendingRecord::place);
  }

  private Uni<PendingRecord> committed(
      Function<UniEmitter<? super PendingRecord>, PendingRecord> made) {
    return Uni.createFrom()
        .emitter(
            emitter -> {
              PendingRecord record = made.apply(emitter);
              emitter.onTermination(() -> record.giveUp(CANCELLED));
              if (awaited.offer(record)) {
                watched.add(record);
                signal();
              } else if (record.giveUp(UNAVAILABLE)) {
                lost(record.event());
                metrics.withheld();
                record.fail();
              }
            });
  }

  private void signal() {
    if (idle) {
      LockSupport.unpark(thread);
    } else if (closed) {
      dropAll();
    }
  }

  private void lost(AuditEvent event) {
    metrics.lost();
    stream.lost(event);
  }

  private double lag() {
    Long oldest = oldestTaken;
    for (Lane lane : lanes) {
      PendingRecord first = lane.queue.peek();
      if (first != null && (oldest == null || first.submitted() - oldest < 0)) {
        oldest = first.submitted();
      }
    }
    return oldest == null ? 0 : (System.nanoTime() - oldest) / 1e9;
  }

  /// Whether the committing thread has ended although the trail was not closed. Only a restart of
  /// the broker brings it back.
  public boolean isStopped() {
    return thread.getState() == Thread.State.TERMINATED && !closing;
  }

  /// An exception would cancel the executor's periodic task.
  private void watch() {
    try {
      giveUpOverdue();
    } catch (RuntimeException | Error e) {
      LOG.error("overdue audit records could not be given up; the broker retries", e);
    }
  }

  private void giveUpOverdue() {
    long now = System.nanoTime();
    PendingRecord first = watched.peek();
    while (first != null
        && (first.isDecided() || now - first.submitted() >= config.commitTimeout().toNanos())) {
      watched.poll();
      if (first.giveUp(UNAVAILABLE)) {
        metrics.withheld();
        release(first::fail);
      }
      first = watched.peek();
    }
  }

  /// A decision must reach the waiting call even if the executor accepts no more tasks.
  private void release(Runnable answers) {
    try {
      releases.execute(answers);
    } catch (RejectedExecutionException e) {
      answers.run();
    }
  }

  private void run() {
    Duration backoff = FIRST_BACKOFF;
    while (!closing || isMoreToWrite()) {
      if (step()) {
        backoff = FIRST_BACKOFF;
      } else {
        LockSupport.parkNanos(backoff.toNanos());
        Duration doubled = backoff.multipliedBy(2);
        backoff = doubled.compareTo(LONGEST_BACKOFF) < 0 ? doubled : LONGEST_BACKOFF;
      }
    }
    end();
  }

  /// Commits what is queued, or waits. Returns false on any failure: without this thread, nothing
  /// would be recorded and no unwrap released.
  private boolean step() {
    try {
      fill();
      if (writer.isIdle()) {
        checkpointWhereDue();
        rest();
        return true;
      }
      oldestTaken = writer.oldest();
      boolean flushed = flush();
      if (flushed) {
        checkpointWhereDue();
      }
      oldestTaken = writer.oldest();
      return flushed;
    } catch (RuntimeException | Error e) {
      LOG.error("the audit trail met a fault of the broker; it continues", e);
      return false;
    }
  }

  private boolean isMoreToWrite() {
    boolean more = !writer.isIdle() || !isEmpty();
    return more && System.nanoTime() - closeBy < 0;
  }

  private boolean isEmpty() {
    return lanes.stream().allMatch(lane -> lane.queue.isEmpty());
  }

  /// While calls wait, commits stay short: only a quarter of a commit is for other records.
  private void fill() {
    take(corrections, writer.room());
    int room = writer.room();
    int taken = take(awaited, room);
    take(others, taken == 0 ? room : Math.min(room - taken, Math.max(1, config.batch() / 4)));
  }

  private int take(Lane lane, int most) {
    int taken = 0;
    while (taken < most) {
      PendingRecord record = lane.poll();
      if (record == null) {
        break;
      }
      writer.take(record);
      taken++;
    }
    return taken;
  }

  private boolean flush() {
    long start = System.nanoTime();
    try {
      writer.flush();
      metrics.flushed(System.nanoTime() - start);
      if (down) {
        LOG.info("audit records are committed again");
        down = false;
      }
      return true;
    } catch (RuntimeException | Error e) {
      metrics.flushFailed(System.nanoTime() - start);
      if (!down) {
        LOG.warnf(e instanceof Error ? e : null, "audit records cannot be committed: %s", e);
        down = true;
      }
      return false;
    }
  }

  private void rest() {
    idle = true;
    try {
      if (isEmpty() && !closing) {
        boolean moved = writer.head().sequence() != checkpoint.sequence();
        LockSupport.parkNanos(moved ? untilCheckpoint() : Duration.ofMinutes(1).toNanos());
      }
    } finally {
      idle = false;
    }
  }

  private long untilCheckpoint() {
    return Math.max(1, checkpointAt + config.checkpointEvery().toNanos() - System.nanoTime());
  }

  private void checkpointWhereDue() {
    if (System.nanoTime() - checkpointAt >= config.checkpointEvery().toNanos()) {
      checkpoint();
    }
  }

  /// Publishes the head of the chain in places outside it: the log, the stream and a table.
  private void checkpoint() {
    checkpointAt = System.nanoTime();
    ChainHead head = writer.head();
    if (head.sequence() == 0 || head.equals(checkpoint)) {
      return;
    }
    checkpoint = head;
    CHECKPOINTS.info(CheckpointLines.message(writer.chain(), head, clock.instant()));
    stream.checkpoint(writer.chain(), head, clock.instant());
    try {
      log.checkpoint(writer.chain(), head, clock.instant()).await().atMost(config.commitTimeout());
    } catch (RuntimeException e) {
      log.abandon();
      LOG.debugf("a checkpoint could not be stored: %s", e);
    }
  }

  private void end() {
    if (writer.isIdle()) {
      try {
        writer.close();
        checkpoint();
      } catch (RuntimeException e) {
        LOG.warnf("audit chain %s could not be closed: %s", writer.chain(), e);
      }
    } else {
      LOG.warnf("audit chain %s is not closed: records could not be committed", writer.chain());
      writer.leave().forEach(this::lost);
    }
  }

  private void dropAll() {
    for (Lane lane : lanes) {
      for (PendingRecord record = lane.poll(); record != null; record = lane.poll()) {
        boolean decides = record.giveUp(UNAVAILABLE);
        lost(record.event());
        if (decides) {
          record.fail();
        }
      }
    }
  }

  /// Commits what is queued, for at most the shutdown timeout, and closes the chain. Later events
  /// are refused, or lost and counted.
  @Override
  public void close() {
    closeBy = System.nanoTime() + config.shutdownTimeout().toNanos();
    closing = true;
    LockSupport.unpark(thread);
    try {
      thread.join(config.shutdownTimeout().plus(config.commitTimeout().multipliedBy(2)));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    closed = true;
    watch.shutdownNow();
    dropAll();
    stream.close();
  }

  private final class Releasing implements ChainWriter.Committed {
    @Override
    public void records(
        List<PendingRecord> pending, List<ChainedRecord> records, List<PendingRecord> released) {
      HeldResults answers = new HeldResults();
      for (PendingRecord record : released) {
        if (record.isAwaited()) {
          answers.hold(record.caller(), () -> answer(record));
        }
      }
      answers.deliver();
      metrics.committed(pending, records);
      stream.committed(records);
    }

    @Override
    public void broken() {
      checkpoint = ChainHead.START;
      metrics.broken();
    }
  }
}
