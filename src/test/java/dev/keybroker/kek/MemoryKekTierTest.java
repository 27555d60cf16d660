package dev.keybroker.kek;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.kms.FakeKms;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

class MemoryKekTierTest {
  private static final KeystoreName KEYSTORE = TestKek.KEYSTORE;
  private static final Duration FRESHNESS = TestCacheConfig.defaults().freshness();
  private static final Duration STALE_AGE = TestCacheConfig.defaults().staleAge();
  private static final Duration UNWRAP_MAX_AGE = TestCacheConfig.defaults().unwrapMaxAge();
  private static final Duration RETENTION = Duration.ofHours(12);
  private static final Duration TICK = Duration.ofNanos(1);

  private final TestTime time = new TestTime();
  private final ScriptedTier next = new ScriptedTier();
  private final ScriptedTier source = new ScriptedTier();
  private final RestoredKeks lost = new RestoredKeks();
  private final TestKek test = TestKek.of(new FakeKms(TestKek.PROVIDER), Duration.ofSeconds(60));
  private final MemoryKekTier tier =
      tier(TestCacheConfig.defaults().withStaleWait(Duration.ofSeconds(10)));

  private MemoryKekTier tier(TestCacheConfig config) {
    return new MemoryKekTier(
        next, source, lost, RETENTION, config, time.ticker(), time, new SimpleMeterRegistry());
  }

  /// A record of another KEK than every other one, read at that time.
  private ActiveKek read(Instant readTime) {
    return new ActiveKek(
        new KekName(KEYSTORE, UUID.randomUUID()),
        test.publicKey(),
        test.use(),
        false,
        time.instant(),
        readTime);
  }

  private ActiveKek readNow() {
    return read(time.instant());
  }

  private Kek kek(KekState state, Instant readTime) {
    Kek kek = test.kek();
    return new Kek(
        kek.name(),
        state,
        kek.spec(),
        kek.rootKey(),
        kek.encryptedPrivateKey(),
        kek.privateKekLifetime(),
        readTime);
  }

  private ActiveKek active() {
    return tier.active(KEYSTORE).await().indefinitely();
  }

  private Kek kek() {
    return tier.kek(test.kek().name().id()).await().indefinitely();
  }

  private void changed(KekChange change) {
    tier.changed(change).await().indefinitely();
  }

  @Test
  void record_inMemory_isNotReadAgainWhileFresh() {
    ActiveKek first = readNow();
    next.answer(first);
    for (int i = 0; i < 1_000; i++) {
      assertSame(first, active());
    }
    assertEquals(1, next.reads());
  }

  @Test
  void coldRecord_askedByMany_isReadOnce() throws Exception {
    CompletableFuture<ActiveKek> answer = next.hold();
    List<CompletableFuture<ActiveKek>> waiting = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      waiting.add(tier.active(KEYSTORE).subscribeAsCompletionStage());
    }
    ActiveKek first = readNow();

    answer.complete(first);

    for (CompletableFuture<ActiveKek> each : waiting) {
      assertSame(first, each.get());
    }
    assertEquals(1, next.reads());
  }

  @Test
  void freshness_ofARecordThatWasCachedBefore_countsFromItsRead() {
    ActiveKek old = read(time.instant().minus(FRESHNESS).plus(TICK));
    next.answer(old);
    assertSame(old, active());
    time.pass(TICK);
    ActiveKek newer = readNow();
    next.answer(newer);

    assertSame(newer, active());
  }

  @Test
  void record_inItsLastFifth_isReadAheadBesideItsUse() {
    ActiveKek first = readNow();
    next.answer(first);
    active();
    time.pass(FRESHNESS.multipliedBy(4).dividedBy(5).minus(TICK));
    active();
    assertEquals(1, next.reads());
    time.pass(TICK);
    CompletableFuture<ActiveKek> ahead = next.hold();

    for (int i = 0; i < 10; i++) {
      assertSame(first, active());
    }
    assertEquals(2, next.reads());
    ActiveKek second = readNow();
    ahead.complete(second);

    assertSame(second, active());
    assertEquals(2, next.reads());
  }

  @Test
  void kekInMemory_lostByPostgres_isRestored() {
    Kek first = kek(KekState.ACTIVE, time.instant());
    next.answer(first);
    assertSame(first, kek());
    time.pass(FRESHNESS);
    next.fail(new KekFailure.UnknownKek());
    Kek restored = kek(KekState.RETIRED, time.instant());
    lost.answer(restored);

    assertSame(restored, kek());
    assertEquals(List.of(first), lost.copies());
    assertSame(restored, kek());
    assertEquals(1, lost.copies().size());
  }

  @Test
  void kekInMemory_lostByPostgresAndFoundByAChange_isRestored() {
    Kek first = kek(KekState.ACTIVE, time.instant());
    next.answer(first);
    kek();
    source.fail(new KekFailure.UnknownKek());
    Kek restored = kek(KekState.RETIRED, time.instant());
    lost.answer(restored);

    changed(new KekChange.OfKek(first.name().id()));

    assertSame(restored, kek());
    assertEquals(List.of(first), lost.copies());
  }

  @Test
  void unknownKek_ofWhichMemoryHoldsNothing_isUnknown() {
    next.fail(new KekFailure.UnknownKek());

    assertThrows(KekFailure.UnknownKek.class, this::kek);
    assertEquals(List.of(), lost.copies());
  }

  @Test
  void staleRecord_storesDown_isServedAsTheLastKnown() {
    ActiveKek first = readNow();
    next.answer(first);
    active();
    next.fail(new KekFailure.StoreUnavailable());

    for (int hour = 0; hour < 100; hour++) {
      time.pass(Duration.ofHours(1));
      assertSame(first, active());
    }
  }

  @Test
  void stores_afterAFailure_areAskedOnceEachRetryInterval() {
    next.answer(readNow());
    active();
    next.fail(new KekFailure.StoreUnavailable());
    time.pass(FRESHNESS);
    active();
    assertEquals(2, next.reads());
    for (int i = 0; i < 100; i++) {
      active();
    }
    assertEquals(2, next.reads());

    time.pass(TestCacheConfig.defaults().retry());
    active();

    assertEquals(3, next.reads());
  }

  @Test
  void stores_backAgain_areBelievedAtTheNextRetry() {
    next.answer(readNow());
    active();
    next.fail(new KekFailure.StoreUnavailable());
    time.pass(FRESHNESS);
    active();
    time.pass(TestCacheConfig.defaults().retry());
    ActiveKek rotated = readNow();
    next.answer(rotated);

    assertSame(rotated, active());
  }

  @Test
  void coldRecord_storesDown_isUnavailable() {
    next.fail(new KekFailure.StoreUnavailable());

    assertThrows(KekFailure.StoreUnavailable.class, this::active);
  }

  @Test
  void staleRecord_storesHang_isServedAfterTheStaleWait() {
    MemoryKekTier waiting = tier(TestCacheConfig.defaults().withStaleWait(Duration.ofMillis(50)));
    ActiveKek first = readNow();
    next.answer(first);
    waiting.active(KEYSTORE).await().indefinitely();
    time.pass(FRESHNESS);
    CompletableFuture<ActiveKek> hanging = next.hold();

    assertSame(first, waiting.active(KEYSTORE).await().atMost(Duration.ofSeconds(10)));

    ActiveKek late = readNow();
    hanging.complete(late);
    assertSame(late, waiting.active(KEYSTORE).await().indefinitely());
  }

  @Test
  void recordBeyondTheStaleAge_storesSlow_isNotUsed() throws Exception {
    MemoryKekTier impatient = tier(TestCacheConfig.defaults().withStaleWait(Duration.ZERO));
    next.answer(readNow());
    impatient.active(KEYSTORE).await().indefinitely();
    time.pass(FRESHNESS.plus(STALE_AGE));
    CompletableFuture<ActiveKek> slow = next.hold();
    CompletableFuture<ActiveKek> caller = impatient.active(KEYSTORE).subscribeAsCompletionStage();
    CompletableFuture<ActiveKek> another = impatient.active(KEYSTORE).subscribeAsCompletionStage();
    awaitStaleWaitOfAnotherRecord(impatient);
    assertFalse(caller.isDone());
    assertFalse(another.isDone());
    ActiveKek rotated = readNow();

    slow.complete(rotated);

    assertSame(rotated, caller.get());
    assertSame(rotated, another.get());
  }

  /// When the wait of a later call has ended, that of an earlier one has, too.
  private void awaitStaleWaitOfAnotherRecord(MemoryKekTier impatient) {
    Kek known = kek(KekState.ACTIVE, time.instant().minus(FRESHNESS));
    next.answer(known);
    impatient.kek(known.name().id()).await().indefinitely();
    CompletableFuture<Kek> never = next.holdKek();
    assertSame(known, impatient.kek(known.name().id()).await().atMost(Duration.ofSeconds(30)));
    assertFalse(never.isDone());
  }

  @Test
  void recordBeyondTheStaleAge_storesFail_isUsedWhenTheyHaveFailed() {
    ActiveKek first = readNow();
    next.answer(first);
    active();
    time.pass(FRESHNESS.plus(STALE_AGE));
    CompletableFuture<ActiveKek> hanging = next.hold();
    CompletableFuture<ActiveKek> caller = tier.active(KEYSTORE).subscribeAsCompletionStage();
    assertFalse(caller.isDone());

    hanging.completeExceptionally(new KekFailure.StoreUnavailable());

    assertSame(first, caller.join());
  }

  @Test
  void recordBeyondTheStaleAge_storesFailedLately_isUsedAfterTheStaleWait() {
    MemoryKekTier impatient = tier(TestCacheConfig.defaults().withStaleWait(Duration.ofMillis(1)));
    ActiveKek first = readNow();
    next.answer(first);
    impatient.active(KEYSTORE).await().indefinitely();
    next.fail(new KekFailure.StoreUnavailable());
    time.pass(FRESHNESS.plus(STALE_AGE));
    impatient.active(KEYSTORE).await().indefinitely();
    time.pass(TestCacheConfig.defaults().retry());
    CompletableFuture<ActiveKek> hanging = next.hold();

    assertSame(first, impatient.active(KEYSTORE).await().atMost(Duration.ofSeconds(30)));

    assertFalse(hanging.isDone());
  }

  @Test
  void oldFailureOfTheStores_saysNothingOfThemNow() {
    MemoryKekTier impatient = tier(TestCacheConfig.defaults().withStaleWait(Duration.ZERO));
    next.answer(readNow());
    impatient.active(KEYSTORE).await().indefinitely();
    next.fail(new KekFailure.StoreUnavailable());
    time.pass(FRESHNESS);
    impatient.active(KEYSTORE).await().indefinitely();
    time.pass(Duration.ofHours(3));
    CompletableFuture<ActiveKek> slow = next.hold();
    CompletableFuture<ActiveKek> caller = impatient.active(KEYSTORE).subscribeAsCompletionStage();
    awaitStaleWaitOfAnotherRecord(impatient);
    assertFalse(caller.isDone());
    ActiveKek rotated = readNow();

    slow.complete(rotated);

    assertSame(rotated, caller.join());
  }

  @Test
  void kekToUnwrapWith_storesDown_isUsedUntilItsMaxAge() {
    Kek known = kek(KekState.ACTIVE, time.instant());
    next.answer(known);
    kek();
    next.fail(new KekFailure.StoreUnavailable());
    time.pass(UNWRAP_MAX_AGE.minus(TICK));
    assertSame(known, kek());

    time.pass(TICK);

    assertThrows(KekFailure.StoreUnavailable.class, this::kek);
    assertThrows(KekFailure.StoreUnavailable.class, this::kek);
    Kek again = kek(KekState.DISABLED, time.instant());
    next.answer(again);
    time.pass(TestCacheConfig.defaults().retry());
    assertSame(again, kek());
  }

  @Test
  void activeKek_knownOnlyFromAnOldEntry_isUsedUntilTheRetention() {
    ActiveKek old = read(time.instant().minus(RETENTION).plusSeconds(60));
    next.answer(old);
    assertSame(old, active());
    next.fail(new KekFailure.StoreUnavailable());
    time.pass(Duration.ofSeconds(60).minus(TICK));
    assertSame(old, active());

    time.pass(TICK);

    assertThrows(KekFailure.StoreUnavailable.class, this::active);
  }

  @Test
  void activeKek_onceSeenFresh_staysUsableWhenAnOutageBringsANewerOldEntry() {
    next.answer(readNow());
    active();
    time.pass(Duration.ofHours(2));
    ActiveKek ofAnother = read(time.instant().minus(Duration.ofHours(1)));
    next.answer(ofAnother);
    assertSame(ofAnother, active());
    next.fail(new KekFailure.StoreUnavailable());

    time.pass(RETENTION.multipliedBy(10));

    assertSame(ofAnother, active());
  }

  @Test
  void oldEntryOfAnOutage_endsTheQuestionsForARetryInterval() {
    ActiveKek old = read(time.instant().minus(Duration.ofHours(1)));
    next.answer(old);
    for (int i = 0; i < 100; i++) {
      assertSame(old, active());
    }
    assertEquals(1, next.reads());
    time.pass(TestCacheConfig.defaults().retry());

    active();

    assertEquals(2, next.reads());
  }

  @Test
  void readThatTookLong_isNoOldEntry() {
    CompletableFuture<ActiveKek> slow = next.hold();
    CompletableFuture<ActiveKek> caller = tier.active(KEYSTORE).subscribeAsCompletionStage();
    ActiveKek first = readNow();
    time.pass(FRESHNESS.plus(STALE_AGE).plusSeconds(1));
    slow.complete(first);
    assertSame(first, caller.join());
    next.fail(new KekFailure.StoreUnavailable());

    time.pass(RETENTION.multipliedBy(2));

    assertSame(first, active());
  }

  @Test
  void unknownKek_askedAgain_isRefusedWithoutARead_untilItsTimeIsOver() {
    next.fail(new KekFailure.UnknownKek());
    for (int i = 0; i < 100; i++) {
      assertThrows(KekFailure.UnknownKek.class, this::kek);
    }
    assertEquals(1, next.reads());

    time.pass(TestCacheConfig.defaults().unknownTime());

    assertThrows(KekFailure.UnknownKek.class, this::kek);
    assertEquals(2, next.reads());
  }

  @Test
  void unknownKeks_areRememberedUpToTheirNumber() {
    next.fail(new KekFailure.UnknownKek());
    long max = TestCacheConfig.defaults().maxUnknown();
    for (int round = 0; round < 2; round++) {
      for (int i = 0; i < 10 * max; i++) {
        UUID id = new UUID(1, i);
        assertThrows(KekFailure.UnknownKek.class, () -> tier.kek(id).await().indefinitely());
      }
    }
    assertTrue(next.reads() >= 20 * max - 2 * max, () -> "remembered more: " + next.reads());
  }

  @Test
  void unknownKek_thatIsAnnounced_isFoundAtOnce() {
    next.fail(new KekFailure.UnknownKek());
    assertThrows(KekFailure.UnknownKek.class, this::kek);
    Kek created = kek(KekState.ACTIVE, time.instant());
    next.answer(created);

    changed(new KekChange.OfKek(created.name().id()));

    assertSame(created, kek());
  }

  @Test
  void kekWhoseRowCannotBeRestored_staysInMemory() {
    Kek known = kek(KekState.ACTIVE, time.instant());
    next.answer(known);
    kek();
    next.fail(new KekFailure.UnknownKek());
    lost.fail(new KekFailure.UnknownKek());
    time.pass(FRESHNESS);
    assertThrows(KekFailure.UnknownKek.class, this::kek);
    time.pass(TestCacheConfig.defaults().unknownTime());

    next.fail(new KekFailure.StoreUnavailable());

    assertSame(known, kek());
  }

  @Test
  void kekForWhichTheStoresDidNotAnswer_isNotRememberedAsUnknown() {
    next.fail(new KekFailure.StoreUnavailable());
    assertThrows(KekFailure.StoreUnavailable.class, this::kek);
    Kek restored = kek(KekState.RETIRED, time.instant());
    next.answer(restored);

    assertSame(restored, kek());
  }

  @Test
  void staleRecord_storesAnswerWithinTheStaleWait_isReplaced() {
    next.answer(readNow());
    active();
    time.pass(FRESHNESS);
    CompletableFuture<ActiveKek> answer = next.hold();
    CompletableFuture<ActiveKek> caller = tier.active(KEYSTORE).subscribeAsCompletionStage();
    assertFalse(caller.isDone());
    ActiveKek second = readNow();

    answer.complete(second);

    assertSame(second, caller.join());
  }

  @Test
  void keystore_gone_isForgotten() {
    next.answer(readNow());
    active();
    next.fail(new KekFailure.UnknownKeystore(KEYSTORE));
    time.pass(FRESHNESS);

    assertThrows(KekFailure.UnknownKeystore.class, this::active);

    next.fail(new KekFailure.StoreUnavailable());
    assertThrows(KekFailure.StoreUnavailable.class, this::active);
  }

  @Test
  void read_thatThrows_failsItsCallersAndBlocksNoLaterOne() {
    next.breakDown(new IllegalArgumentException("broken"));
    assertThrows(IllegalArgumentException.class, this::active);
    ActiveKek first = readNow();
    next.answer(first);

    assertSame(first, tier.active(KEYSTORE).await().atMost(Duration.ofSeconds(10)));
  }

  @Test
  void change_ofAKeystoreInMemory_isReadPastTheCaches() {
    next.answer(readNow());
    active();
    time.pass(TICK);
    ActiveKek rotated = readNow();
    source.answer(rotated);

    changed(new KekChange.OfKeystore(KEYSTORE));

    assertSame(rotated, active());
    assertEquals(1, next.reads());
    assertEquals(1, source.reads());
  }

  @Test
  void change_ofWhatMemoryDoesNotHold_readsNothing() {
    changed(new KekChange.OfKeystore(KEYSTORE));
    changed(new KekChange.OfKek(UUID.randomUUID()));
    changed(new KekChange.OfSettings(KEYSTORE));

    assertEquals(0, source.reads());
  }

  @Test
  void change_whoseReadFails_endsTheFreshness() {
    next.answer(readNow());
    active();
    time.pass(TICK);
    source.fail(new KekFailure.StoreUnavailable());
    changed(new KekChange.OfKeystore(KEYSTORE));
    ActiveKek rotated = readNow();
    next.answer(rotated);

    assertSame(rotated, active());
  }

  @Test
  void change_ofAKeksState_isSeenAtOnce() {
    next.answer(kek(KekState.ACTIVE, time.instant()));
    assertEquals(KekState.ACTIVE, kek().state());
    time.pass(TICK);
    source.answer(kek(KekState.DISABLED, time.instant()));

    changed(new KekChange.OfKek(test.kek().name().id()));

    assertEquals(KekState.DISABLED, kek().state());
  }

  @Test
  void change_ofSettings_rereadsTheKeksOfThatKeystoreAlone() {
    next.answer(kek(KekState.ACTIVE, time.instant()));
    kek();
    time.pass(TICK);
    source.answer(kek(KekState.RETIRED, time.instant()));
    changed(new KekChange.OfSettings(new KeystoreName("acme", "screens")));
    assertEquals(0, source.reads());

    changed(new KekChange.OfSettings(KEYSTORE));

    assertEquals(KekState.RETIRED, kek().state());
  }

  @Test
  void change_ofSettings_rereadsTheActiveKekOfThatKeystoreAlone() {
    next.answer(readNow());
    active();
    time.pass(TICK);
    ActiveKek changed = readNow();
    source.answer(changed);
    changed(new KekChange.OfSettings(new KeystoreName("acme", "screens")));
    assertEquals(0, source.reads());

    changed(new KekChange.OfSettings(KEYSTORE));

    assertSame(changed, active());
  }

  @Test
  void readUnderWay_thatBeganBeforeAChange_doesNotReplaceIt() {
    next.answer(readNow());
    active();
    time.pass(FRESHNESS.multipliedBy(4).dividedBy(5));
    CompletableFuture<ActiveKek> ahead = next.hold();
    active();
    ActiveKek before = readNow();
    time.pass(TICK);
    ActiveKek rotated = readNow();
    source.answer(rotated);
    changed(new KekChange.OfKeystore(KEYSTORE));

    ahead.complete(before);

    assertSame(rotated, active());
  }

  @Test
  void record_ofAClockAhead_isNotFresh() {
    ActiveKek ofTheFuture = read(time.instant().plusSeconds(5));
    next.answer(ofTheFuture);
    assertSame(ofTheFuture, active());
    active();

    assertTrue(next.reads() > 1, "a record of unknown age was held for fresh");
  }

  @Test
  void wallClock_setBack_neitherProlongsTheFreshnessNorKeepsTheOldRecord() {
    next.answer(readNow());
    active();
    time.setClockAhead(Duration.ofDays(-1));
    time.pass(FRESHNESS);
    ActiveKek second = readNow();
    next.answer(second);

    assertSame(second, active());
  }
}
