package dev.keybroker.audit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.grpc.Eventually;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.smallrye.mutiny.subscription.Cancellable;
import java.time.Clock;
import java.time.Duration;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class AuditTrailTest {
  private static final int QUEUE = 50;
  private static final Duration LONGEST = Duration.ofSeconds(10);

  private final MemoryAuditStore log = new MemoryAuditStore();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final Queue<AuditEvent> lost = new ConcurrentLinkedQueue<>();
  private final AtomicReference<Error> streamFault = new AtomicReference<>();
  private final AtomicReference<Executor> callers =
      new AtomicReference<>(ForkJoinPool.commonPool());
  private final AuditTrail trail = trail(Duration.ofMillis(300)).start();

  private AuditTrail trail(Duration commitTimeout) {
    return new AuditTrail(
        new TestAuditConfig(commitTimeout, 20, QUEUE),
        log,
        new AuditStream() {
          @Override
          public void committed(java.util.List<ChainedRecord> records) {
            Error fault = streamFault.getAndSet(null);
            if (fault != null) {
              throw fault;
            }
          }

          @Override
          public void lost(AuditEvent event) {
            lost.add(event);
          }

          @Override
          public void checkpoint(UUID chain, ChainHead head, java.time.Instant time) {}

          @Override
          public void close() {}
        },
        RecordHash.of(null),
        UUID::randomUUID,
        ForkJoinPool.commonPool(),
        callers::get,
        Clock.systemUTC(),
        registry);
  }

  @AfterEach
  void close() {
    trail.close();
  }

  private void commit(int number) {
    trail.commit(AuditEvents.granted(number), false).await().atMost(LONGEST);
  }

  private double lostCount() {
    return registry.counter(Metrics.AUDIT_LOST).count();
  }

  @Test
  void commit_completesOnceItIsInTheLog() {
    commit(1);
    assertEquals(1, log.records(Outcome.GRANTED).size());
  }

  @Test
  void commits_ofManyCallers_shareCommits() throws Exception {
    int callers = QUEUE;
    CountDownLatch done = new CountDownLatch(callers);
    for (int i = 0; i < callers; i++) {
      trail.commit(AuditEvents.granted(i), false).subscribe().with(ok -> done.countDown());
    }
    assertTrue(done.await(10, TimeUnit.SECONDS));

    assertEquals(callers, log.records(Outcome.GRANTED).size());
    assertTrue(log.appends() < callers, log.appends() + " commits");
  }

  @Test
  void records_areCountedByModeAndOutcome() {
    commit(1);
    commit(2);
    trail.submit(AuditEvents.refused(3));
    trail.submit(AuditEvents.granted(4));
    trail.submit(AuditEvents.refused(5));
    trail.close();

    assertEquals(2, counted("durable", "granted"));
    assertEquals(0, counted("durable", "refused"));
    assertEquals(2, counted("async", "refused"));
    // The last one closes the chain.
    assertEquals(2, counted("async", "granted"));
  }

  private int counted(String mode, String outcome) {
    return (int)
        registry
            .counter(Metrics.AUDIT_RECORDS, Metrics.MODE, mode, Metrics.OUTCOME, outcome)
            .count();
  }

  @Test
  void answers_ofOneCommit_returnToTheirCallersThreadTogether() throws Exception {
    BlockingQueue<Runnable> loop = new LinkedBlockingQueue<>();
    callers.set(loop::add);
    AtomicInteger answered = new AtomicInteger();
    try (AuditTrail patient = trail(Duration.ofMinutes(1)).start()) {
      log.away(true);
      for (int i = 0; i < 15; i++) {
        patient
            .commit(AuditEvents.granted(i), false)
            .subscribe()
            .with(ok -> answered.incrementAndGet());
      }
      assertEquals(0, answered.get());
      log.away(false);

      int tasks = 0;
      for (; answered.get() < 15; tasks++) {
        Runnable task = loop.poll(1, TimeUnit.MINUTES);
        assertNotNull(task, answered + " answered");
        task.run();
      }
      assertTrue(tasks < 15, tasks + " tasks for 15 answers");
    }
  }

  @Test
  void commit_whileTheLogIsAway_failsInTimeAndIsOnRecordAsFailedLater() {
    log.away(true);
    long start = System.nanoTime();
    assertThrows(AuditFailure.NotCommitted.class, () -> commit(1));
    long took = System.nanoTime() - start;
    assertTrue(took < Duration.ofSeconds(3).toNanos(), took / 1e6 + " ms");

    log.away(false);
    Eventually.holds(() -> assertEquals(1, log.records(Outcome.FAILED).size()));
    assertEquals("AUDIT_UNAVAILABLE", log.records(Outcome.FAILED).getFirst().event().reason());
    assertEquals(0, log.records(Outcome.GRANTED).size());
  }

  @Test
  void commit_acrossAShortOutage_isReleased() {
    log.fail(MemoryAuditStore.Fault.LOST, MemoryAuditStore.Fault.ANSWER_LOST);
    commit(1);

    assertEquals(1, log.records(Outcome.GRANTED).size());
    assertEquals(1, log.records().size());
  }

  @Test
  void commit_cancelled_isOnRecordAsFailed() {
    log.away(true);
    Cancellable call = trail.commit(AuditEvents.granted(1), false).subscribe().with(ok -> {});
    call.cancel();
    log.away(false);

    Eventually.holds(() -> assertEquals(1, log.records(Outcome.FAILED).size()));
    assertEquals("CANCELLED", log.records(Outcome.FAILED).getFirst().event().reason());
  }

  @Test
  void submissions_beyondTheBound_areLostAndCounted_andNeverBlock() {
    log.away(true);
    int submitted = 10 * QUEUE;
    for (int i = 0; i < submitted; i++) {
      trail.submit(AuditEvents.granted(i));
    }
    assertTrue(lostCount() >= submitted - QUEUE - 20, lostCount() + " lost");
    assertEquals(lost.size(), (int) lostCount());

    log.away(false);
    Eventually.holds(() -> assertEquals(submitted, log.records().size() + (int) lostCount()));
  }

  @Test
  void flood_ofOthers_leavesRoomForThoseWhoWait() {
    for (int i = 0; i < 10 * QUEUE; i++) {
      trail.submit(AuditEvents.refused(i));
    }
    commit(4_711);
    assertEquals(1, log.records(Outcome.GRANTED).size());
  }

  @Test
  void commits_beyondTheBound_failAtOnce() {
    log.away(true);
    AtomicInteger failures = new AtomicInteger();
    for (int i = 0; i < 10 * QUEUE; i++) {
      trail
          .commit(AuditEvents.granted(i), false)
          .subscribe()
          .with(ok -> {}, failure -> failures.incrementAndGet());
    }
    assertTrue(failures.get() >= 8 * QUEUE, failures + " failed");
  }

  @Test
  void close_commitsWhatIsLeftAndEndsTheChain() {
    for (int i = 0; i < QUEUE / 2; i++) {
      trail.submit(AuditEvents.granted(i));
    }
    trail.close();

    assertEquals(QUEUE / 2 + 1, log.records().size());
    assertEquals(AuditEvent.CLOSE_CHAIN, log.records().getLast().event().action());
    assertEquals(0, (int) lostCount());
  }

  @Test
  void callsAfterClose_areRefusedOrLostAndCounted() {
    trail.close();
    assertThrows(AuditFailure.NotCommitted.class, () -> commit(1));
    trail.submit(AuditEvents.granted(2));

    assertEquals(2, (int) lostCount());
    assertFalse(lost.isEmpty());
  }

  @Test
  void close_whileTheLogIsAway_countsWhatIsLost() {
    log.away(true);
    trail.submit(AuditEvents.granted(1));
    trail.close();

    assertEquals(1, (int) lostCount());
    assertEquals(0, log.records().size());
  }

  /// A class that cannot be loaded, an assertion that fails: without this thread nothing is
  /// recorded any more, and no unwrap released.
  @Test
  void error_inACommit_isCountedAndTheTrailGoesOn() {
    log.breakNext(new NoClassDefFoundError("a/b/Missing"));
    commit(1);

    assertEquals(1, log.records(Outcome.GRANTED).size());
    assertEquals(
        1, registry.timer(Metrics.AUDIT_FLUSH, Metrics.OUTCOME, "failed").count(), "not counted");
    assertFalse(trail.isStopped());
    assertEquals(0, stopped());
  }

  @Test
  void error_whileRecordsAreTakenUp_isLoggedAndTheTrailGoesOn() {
    streamFault.set(new AssertionError("of the stream"));
    commit(1);
    commit(2);

    assertEquals(2, log.records(Outcome.GRANTED).size());
    assertFalse(trail.isStopped());
  }

  /// Not even the fault can be logged: only a restart helps then, and metric and liveness say so.
  @Test
  void threadThatEnds_showsAsStopped() {
    java.util.logging.Logger logger =
        java.util.logging.Logger.getLogger(AuditTrail.class.getName());
    java.util.logging.Handler broken =
        new java.util.logging.Handler() {
          @Override
          public void publish(java.util.logging.LogRecord record) {
            throw new InternalError("no log");
          }

          @Override
          public void flush() {}

          @Override
          public void close() {}
        };
    logger.addHandler(broken);
    try {
      assertEquals(0, stopped());
      log.breakNext(new NoClassDefFoundError("a/b/Missing"));
      trail.submit(AuditEvents.granted(1));

      Eventually.holds(() -> assertTrue(trail.isStopped()));
      assertEquals(1, stopped());
    } finally {
      logger.removeHandler(broken);
    }
  }

  private double stopped() {
    return registry.get(Metrics.AUDIT_STOPPED).gauge().value();
  }
}
