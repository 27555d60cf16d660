package dev.keybroker.audit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.audit.MemoryAuditStore.Fault;
import dev.keybroker.grpc.Eventually;
import io.smallrye.mutiny.Uni;
import java.lang.ref.WeakReference;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChainWriterTest {
  private final MemoryAuditStore log = new MemoryAuditStore();
  private final List<PendingRecord> released = new ArrayList<>();
  private final Set<Integer> answered = new HashSet<>();
  private int broken;
  private final ChainWriter writer =
      new ChainWriter(
          log,
          RecordHash.of(null),
          UUID::randomUUID,
          Clock.systemUTC(),
          Duration.ofSeconds(1),
          100,
          new ChainWriter.Committed() {
            @Override
            public void records(
                List<PendingRecord> pending, List<ChainedRecord> records, List<PendingRecord> now) {
              released.addAll(now);
              now.forEach(PendingRecord::complete);
            }

            @Override
            public void broken() {
              broken++;
            }
          });

  /// A call whose DEK waits for its record.
  private PendingRecord waiting(int number) {
    List<PendingRecord> made = new ArrayList<>();
    Uni.createFrom()
        .<PendingRecord>emitter(
            emitter ->
                made.add(
                    PendingRecord.waiting(
                        AuditEvents.granted(number), false, emitter, Runnable::run, number)))
        .subscribe()
        .with(done -> answered.add(number), failure -> {});
    PendingRecord record = made.getFirst();
    writer.take(record);
    return record;
  }

  private void flushFails() {
    assertThrows(RuntimeException.class, writer::flush);
  }

  /// The chain is whole, and answers are records granted less records withheld.
  private void assertBooksAreRight() {
    ChainHead head = ChainHead.START;
    RecordHash hash = RecordHash.of(null);
    Set<Integer> granted = new HashSet<>();
    for (ChainedRecord record : log.records()) {
      assertEquals(head, new ChainHead(record.sequence() - 1, record.previousHash()));
      assertTrue(hash.isOf(record));
      head = new ChainHead(record.sequence(), record.hash());
      int number = AuditEvents.number(record);
      switch (record.event().outcome()) {
        case GRANTED -> assertTrue(granted.add(number), () -> number + " twice");
        case WITHHELD -> {
          assertTrue(granted.remove(number), () -> number + " was not granted");
          ChainedRecord corrected = log.records().get((int) record.event().refersTo() - 1);
          assertEquals(number, AuditEvents.number(corrected));
        }
        case REFUSED, FAILED -> {}
      }
    }
    assertEquals(answered, granted);
  }

  @Test
  void records_ofOneFlush_areOneCommit() {
    for (int i = 0; i < 5; i++) {
      waiting(i);
    }
    writer.flush();

    assertEquals(1, log.appends());
    assertEquals(5, answered.size());
    assertTrue(writer.isIdle());
    assertBooksAreRight();
  }

  @ParameterizedTest
  @EnumSource(Fault.class)
  void answers_ofAFlushInDoubt_areReleasedOnceItIsResolved(Fault fault) {
    log.fail(fault);
    waiting(1);
    waiting(2);
    flushFails();
    assertEquals(Set.of(), answered);
    waiting(3);
    writer.flush();
    log.comeThrough();
    waiting(4);
    writer.flush();

    assertEquals(Set.of(1, 2, 3, 4), answered);
    assertEquals(4, log.records(Outcome.GRANTED).size());
    assertBooksAreRight();
  }

  @Test
  void answer_givenUpBeforeTheFlush_isOnRecordAsFailed() {
    waiting(1).giveUp(AuditTrail.CANCELLED);
    waiting(2);
    writer.flush();

    assertEquals(Set.of(2), answered);
    assertEquals(1, log.records(Outcome.FAILED).size());
    assertEquals("CANCELLED", log.records(Outcome.FAILED).getFirst().event().reason());
    assertBooksAreRight();
  }

  @Test
  void answer_givenUpWhileItsCommitIsInDoubtAndWasMade_isCorrected() {
    log.fail(Fault.ANSWER_LOST);
    PendingRecord given = waiting(1);
    waiting(2);
    flushFails();
    given.giveUp(AuditTrail.UNAVAILABLE);
    writer.flush();

    assertEquals(Set.of(2), answered);
    assertEquals(2, log.records(Outcome.GRANTED).size());
    ChainedRecord correction = log.records(Outcome.WITHHELD).getFirst();
    assertEquals(1, correction.event().refersTo());
    assertEquals("AUDIT_UNAVAILABLE", correction.event().reason());
    assertTrue(writer.isIdle());
    assertBooksAreRight();
  }

  /// The commit that was lost may still come: only the same attempt can be sent beside it.
  @Test
  void answer_givenUpWhileItsCommitIsInDoubtAndWasNotMade_isCorrectedOnceTheSameAttemptIsIn() {
    log.fail(Fault.LOST);
    PendingRecord given = waiting(1);
    flushFails();
    given.giveUp(AuditTrail.UNAVAILABLE);
    writer.flush();
    writer.flush();

    assertEquals(1, log.records(Outcome.GRANTED).getFirst().sequence());
    assertEquals(1, log.records(Outcome.WITHHELD).getFirst().event().refersTo());
    assertTrue(writer.isIdle());
    assertBooksAreRight();
  }

  @Test
  void answer_givenUpAfterItsCommitWasRejected_isOnRecordAsFailedInItsPlace() {
    log.fail(Fault.REJECTED);
    PendingRecord given = waiting(1);
    flushFails();
    given.giveUp(AuditTrail.UNAVAILABLE);
    writer.flush();

    assertEquals(0, log.records(Outcome.GRANTED).size());
    assertEquals(1, log.records(Outcome.FAILED).getFirst().sequence());
    assertBooksAreRight();
  }

  /// A first copy is on its way when the log rejects the second one.
  @Test
  void commit_thatComesThroughAfterACopyWasRejected_isFound() {
    log.fail(Fault.LATE, Fault.REJECTED);
    PendingRecord given = waiting(1);
    flushFails();
    flushFails();
    given.giveUp(AuditTrail.UNAVAILABLE);
    waiting(2);
    log.comeThrough();
    writer.flush();
    writer.flush();

    assertEquals(0, broken);
    assertEquals(Set.of(2), answered);
    assertEquals(1, log.records(Outcome.WITHHELD).size());
    assertBooksAreRight();
  }

  /// PostgreSQL answers every SELECT and no INSERT for hours: read-only, its disk full, a privilege
  /// revoked, or the network eats the answers.
  @ParameterizedTest
  @EnumSource(
      value = Fault.class,
      names = {"REJECTED", "LOST"})
  void memory_whileNoCommitSucceeds_doesNotGrowWithTheNumberOfAttempts(Fault fault) {
    List<WeakReference<ChainedRecord>> attempted = new ArrayList<>();
    log.onAppend(records -> attempted.add(new WeakReference<>(records.getLast())));
    waiting(1);
    waiting(2);
    for (int i = 0; i < 100_000; i++) {
      log.fail(fault);
      flushFails();
    }

    assertEquals(100_000, attempted.size());
    Eventually.holds(
        () -> {
          System.gc();
          Set<ChainedRecord> held = Collections.newSetFromMap(new IdentityHashMap<>());
          attempted.stream().map(WeakReference::get).filter(Objects::nonNull).forEach(held::add);
          assertTrue(held.size() <= 2, held.size() + " attempts are held");
        });
    writer.flush();
    assertEquals(Set.of(1, 2), answered);
    assertTrue(writer.isIdle());
    assertBooksAreRight();
  }

  /// The look at the head comes before the late commit, the next append after it.
  @Test
  void commit_thatComesThroughBetweenLookAndAppend_isFoundAndCorrected() {
    log.fail(Fault.LATE, Fault.LOST);
    PendingRecord given = waiting(1);
    flushFails();
    given.giveUp(AuditTrail.UNAVAILABLE);
    // Looks at the head, where nothing has come through, and then fails.
    flushFails();
    log.comeThrough();
    waiting(2);
    writer.flush();
    writer.flush();

    assertEquals(Set.of(2), answered);
    assertEquals(1, log.records(Outcome.WITHHELD).size());
    assertBooksAreRight();
  }

  @Test
  void commit_thatComesThroughAfterTheNextOne_commitsNothing() {
    log.fail(Fault.LATE);
    waiting(1);
    flushFails();
    writer.flush();
    log.comeThrough();

    assertEquals(1, log.records().size());
    assertBooksAreRight();
  }

  @Test
  void change_whoseAnswerIsGivenUp_staysOnRecordAsGranted() {
    PendingRecord change =
        PendingRecord.waiting(
            AuditEvents.granted(1),
            true,
            new io.smallrye.mutiny.subscription.UniEmitter<Object>() {
              @Override
              public void complete(Object item) {}

              @Override
              public void fail(Throwable failure) {}

              @Override
              public io.smallrye.mutiny.subscription.UniEmitter<Object> onTermination(
                  Runnable onTermination) {
                return this;
              }
            },
            Runnable::run,
            1);
    writer.take(change);
    change.giveUp(AuditTrail.UNAVAILABLE);
    writer.flush();

    assertEquals(1, log.records(Outcome.GRANTED).size());
    assertEquals(1, log.records().size());
  }

  @Test
  void head_thatSomebodyElseMoved_beginsAnotherChain() {
    waiting(1);
    writer.flush();
    UUID old = writer.chain();
    log.rewrite(old, new ChainHead(7, new byte[32]));
    waiting(2);
    writer.flush();
    writer.flush();

    assertEquals(1, broken);
    assertFalse(writer.chain().equals(old));
    assertEquals(Set.of(1, 2), answered);
    assertEquals(1, log.records().getLast().sequence());
  }

  /// Faults of all kinds at random, with answers given up at random moments.
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void books_underRandomFaults_areRight(long seed) {
    Random random = new Random(seed);
    List<PendingRecord> open = new ArrayList<>();
    for (int i = 0; i < 2_000; i++) {
      open.add(waiting(i));
      if (random.nextInt(3) == 0) {
        open.get(Math.max(0, i - random.nextInt(6))).giveUp(AuditTrail.UNAVAILABLE);
      }
      if (random.nextInt(3) == 0) {
        log.fail(Fault.values()[random.nextInt(Fault.values().length)]);
      }
      if (random.nextInt(4) == 0) {
        log.comeThrough();
      }
      if (random.nextInt(2) == 0) {
        // Not even a look at the chain's end.
        boolean away = random.nextInt(5) == 0;
        log.away(away);
        flushOrFail();
        log.away(false);
      }
    }
    while (!writer.isIdle()) {
      flushOrFail();
    }
    log.comeThrough();

    assertEquals(0, broken);
    assertTrue(log.records(Outcome.WITHHELD).size() > 10, "no corrections: tests nothing");
    assertBooksAreRight();
  }

  private void flushOrFail() {
    try {
      writer.flush();
    } catch (IllegalStateException | AppendRejected e) {
      // In doubt, or rejected.
    }
  }
}
