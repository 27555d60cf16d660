package dev.keybroker.kek;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.kek.ChangeFeed.Position;
import dev.keybroker.kek.ChangeFeed.Reading;
import dev.keybroker.kms.FakeKms;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChangeReaderTest {
  private static final KeystoreName KEYSTORE = TestKek.KEYSTORE;
  private static final Duration FRESHNESS = TestCacheConfig.defaults().freshness();
  private static final Duration RETENTION = Duration.ofHours(24);
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final Duration TICK = Duration.ofNanos(1);

  private final TestTime time = new TestTime();
  private final ScriptedTier next = new ScriptedTier();
  private final ScriptedTier source = new ScriptedTier();
  private final Feed feed = new Feed();
  private final List<KekChange> applied = new ArrayList<>();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final TestKek test = TestKek.of(new FakeKms(TestKek.PROVIDER), Duration.ofSeconds(60));
  private final MemoryKekTier tier =
      new MemoryKekTier(
          next,
          source,
          new RestoredKeks(),
          RETENTION,
          TestCacheConfig.defaults().withStaleWait(Duration.ofSeconds(10)),
          time.ticker(),
          time,
          new SimpleMeterRegistry());
  private final ChangeReader reader =
      new ChangeReader(feed, tier, applied::addAll, time.ticker(), registry);

  /// A feed that answers what the test says.
  private static final class Feed implements ChangeFeed {
    private String epoch = "1";
    private int reads;
    private Supplier<Uni<Collection<KekChange>>> answer = () -> Uni.createFrom().item(List.of());
    private final List<@Nullable Position> positions = new ArrayList<>();
    private final List<Position> pruned = new ArrayList<>();

    @Override
    public Uni<Reading> readFrom(@Nullable Position position) {
      positions.add(position);
      Position now = new Position(epoch, "" + ++reads);
      return answer.get().map(changes -> new Reading(now, changes));
    }

    @Override
    public Uni<Void> prune(Position position) {
      pruned.add(position);
      return Uni.createFrom().voidItem();
    }

    void fail() {
      answer = () -> Uni.createFrom().failure(new KekFailure.StoreUnavailable());
    }

    void answer(KekChange... changes) {
      answer = () -> Uni.createFrom().item(List.of(changes));
    }

    CompletableFuture<Collection<KekChange>> hold() {
      CompletableFuture<Collection<KekChange>> held = new CompletableFuture<>();
      answer = () -> Uni.createFrom().completionStage(held);
      return held;
    }
  }

  @BeforeEach
  void readFirst() {
    read();
    time.pass(TICK);
  }

  private void read() {
    reader.read().await().indefinitely();
  }

  /// As the timer reads it.
  private void readEverySecond(Duration length) {
    for (long left = length.toSeconds(); left > 0; left--) {
      time.pass(SECOND);
      read();
    }
  }

  private ActiveKek active(boolean cached) {
    return new ActiveKek(
        new KekName(KEYSTORE, UUID.randomUUID()),
        test.publicKey(),
        test.use(),
        false,
        time.instant(),
        time.instant(),
        cached);
  }

  private ActiveKek active() {
    return tier.active(KEYSTORE).await().indefinitely();
  }

  private Kek record(KekState state) {
    Kek kek = test.kek();
    return new Kek(
        kek.name(),
        state,
        kek.spec(),
        kek.rootKey(),
        kek.encryptedPrivateKey(),
        kek.privateKekLifetime(),
        time.instant());
  }

  private Kek kek() {
    return tier.kek(test.kek().name().id()).await().indefinitely();
  }

  @ParameterizedTest
  @ValueSource(ints = {10, 1_000, 10_000})
  void recordsInUse_whateverTheirNumber_costOneQueryASecond(int records) {
    List<KeystoreName> keystores = new ArrayList<>();
    for (int i = 0; i < records; i++) {
      keystores.add(new KeystoreName("acme", "k-" + i));
    }
    MemoryKekTier large =
        new MemoryKekTier(
            next,
            source,
            new RestoredKeks(),
            RETENTION,
            TestCacheConfig.defaults().withMaxRecordBytes(1 << 30),
            time.ticker(),
            time,
            new SimpleMeterRegistry());
    ChangeReader of = new ChangeReader(feed, large, applied::addAll, time.ticker(), registry);
    of.read().await().indefinitely();
    time.pass(TICK);
    next.answer(active(false));
    keystores.forEach(keystore -> large.active(keystore).await().indefinitely());
    assertEquals(records, next.reads());
    int before = feed.reads;

    for (int second = 0; second < 120; second++) {
      time.pass(SECOND);
      of.read().await().indefinitely();
      for (KeystoreName keystore : keystores) {
        assertTrue(large.freshActive(keystore) != null, "no longer fresh");
      }
    }

    assertEquals(records, next.reads());
    assertEquals(0, source.reads());
    assertEquals(120, feed.reads - before);
  }

  @Test
  void confirmedRecord_isReadAgainNowAndThen_soThatItsCopyInRedisStaysYoung() {
    next.answer(active(false));
    active();
    readEverySecond(RETENTION.dividedBy(8));
    next.answer(active(false));

    active();

    assertEquals(2, next.reads());
  }

  @Test
  void change_ofAKeystore_isReadPastTheCachesAtOnce() {
    next.answer(active(false));
    active();
    time.pass(SECOND);
    ActiveKek rotated = active(false);
    source.answer(rotated);
    KekChange change = new KekChange.OfKeystore(KEYSTORE);
    feed.answer(change);

    read();

    assertSame(rotated, tier.freshActive(KEYSTORE));
    assertEquals(List.of(change), applied);
    assertEquals(1, next.reads());
  }

  @Test
  void change_ofSettings_isReadForEveryRecordOfTheKeystore() {
    next.answer(active(false));
    next.answer(record(KekState.ACTIVE));
    active();
    kek();
    time.pass(SECOND);
    ActiveKek changed = active(false);
    source.answer(changed);
    source.answer(record(KekState.RETIRED));
    feed.answer(new KekChange.OfSettings(KEYSTORE));

    read();

    assertSame(changed, tier.freshActive(KEYSTORE));
    assertEquals(KekState.RETIRED, kek().state());
  }

  @Test
  void change_ofAKek_isReadForItAlone() {
    next.answer(active(false));
    next.answer(record(KekState.ACTIVE));
    ActiveKek active = active();
    kek();
    time.pass(SECOND);
    source.answer(record(KekState.DISABLED));
    feed.answer(
        new KekChange.OfKek(test.kek().name().id()), new KekChange.OfKek(UUID.randomUUID()));

    read();

    assertEquals(KekState.DISABLED, kek().state());
    assertSame(active, tier.freshActive(KEYSTORE));
    assertEquals(1, source.reads());
  }

  @Test
  void change_whoseReadFails_isNotConfirmedByLaterReadsOfTheFeed() {
    next.answer(active(false));
    active();
    source.fail(new KekFailure.StoreUnavailable());
    feed.answer(new KekChange.OfKeystore(KEYSTORE));
    time.pass(SECOND);
    read();
    feed.answer();
    readEverySecond(SECOND);
    ActiveKek rotated = active(false);
    next.answer(rotated);

    assertNull(tier.freshActive(KEYSTORE));
    assertSame(rotated, active());
  }

  @Test
  void changeWhoseReadHangs_isNotConfirmedByLaterReadsOfTheFeed() {
    next.answer(active(false));
    active();
    CompletableFuture<ActiveKek> hanging = source.hold();
    feed.answer(new KekChange.OfKeystore(KEYSTORE));
    time.pass(SECOND);
    read();
    feed.answer();

    readEverySecond(FRESHNESS);

    assertNull(tier.freshActive(KEYSTORE));
    next.fail(new KekFailure.StoreUnavailable());
    ActiveKek late = active(false);
    hanging.complete(late);
    assertSame(late, active());
  }

  @Test
  void readUnderWay_whenAChangeArrives_isNotConfirmed() {
    CompletableFuture<ActiveKek> slow = next.hold();
    CompletableFuture<ActiveKek> caller = tier.active(KEYSTORE).subscribeAsCompletionStage();
    ActiveKek before = active(false);
    feed.answer(new KekChange.OfKeystore(KEYSTORE));
    time.pass(TICK);
    read();
    feed.answer();
    slow.complete(before);
    assertSame(before, caller.join());
    ActiveKek rotated = active(false);
    next.answer(rotated);
    time.pass(TICK);

    active();

    assertSame(rotated, tier.freshActive(KEYSTORE));
  }

  @Test
  void readThatStarts_whileTheFeedIsRead_isNotConfirmedIfThatShowsAChange() {
    CompletableFuture<Collection<KekChange>> slow = feed.hold();
    CompletableFuture<Void> read = reader.read().subscribeAsCompletionStage();
    time.pass(TICK);
    CompletableFuture<ActiveKek> slowRecord = next.hold();
    CompletableFuture<ActiveKek> caller = tier.active(KEYSTORE).subscribeAsCompletionStage();
    ActiveKek before = active(false);
    slow.complete(List.of(new KekChange.OfKeystore(KEYSTORE)));
    read.join();
    feed.answer();
    slowRecord.complete(before);
    assertSame(before, caller.join());

    readEverySecond(FRESHNESS);

    assertNull(tier.freshActive(KEYSTORE));
  }

  @Test
  void readOfBeforeTheFeed_isNotConfirmed() {
    CompletableFuture<ActiveKek> slow = next.hold();
    CompletableFuture<ActiveKek> caller = tier.active(KEYSTORE).subscribeAsCompletionStage();
    ActiveKek before = active(false);
    feed.epoch = "2";
    time.pass(TICK);
    read();
    slow.complete(before);
    assertSame(before, caller.join());

    readEverySecond(FRESHNESS);

    assertNull(tier.freshActive(KEYSTORE));
  }

  @Test
  void recordFromACache_isNeverConfirmed() {
    next.answer(active(true));
    active();

    readEverySecond(FRESHNESS);

    assertNull(tier.freshActive(KEYSTORE));
  }

  @Test
  void feedAway_recordsAgeTogether_fromTheStartOfItsLastRead() {
    next.answer(active(false));
    ActiveKek first = active();
    readEverySecond(Duration.ofMinutes(1));
    next.answer(record(KekState.ACTIVE));
    Kek kek = kek();
    readEverySecond(Duration.ofMinutes(1));
    feed.fail();
    next.fail(new KekFailure.StoreUnavailable());
    readEverySecond(FRESHNESS.multipliedBy(4).dividedBy(5).minus(SECOND));
    assertSame(first, tier.freshActive(KEYSTORE));
    assertSame(kek, tier.freshKek(kek.name().id()));
    assertEquals(2, next.reads());

    readEverySecond(SECOND);

    assertNull(tier.freshActive(KEYSTORE));
    assertNull(tier.freshKek(kek.name().id()));
    assertSame(first, active());
    assertSame(kek, kek());
    assertEquals(4, next.reads());
  }

  @Test
  void feedAway_kekToUnwrapWith_isUsedUntilItsMaxAge_afterTheLastReadOfTheFeed() {
    next.answer(record(KekState.ACTIVE));
    Kek known = kek();
    readEverySecond(Duration.ofHours(2));
    feed.fail();
    next.fail(new KekFailure.StoreUnavailable());
    time.pass(TestCacheConfig.defaults().unwrapMaxAge().minus(TICK));
    assertSame(known, kek());

    time.pass(TICK);

    assertThrows(KekFailure.StoreUnavailable.class, this::kek);
  }

  @Test
  void feedBack_afterAShortAbsence_confirmsWhatItCanStillTell() {
    next.answer(active(false));
    ActiveKek first = active();
    feed.fail();
    readEverySecond(FRESHNESS.multipliedBy(2));
    next.fail(new KekFailure.StoreUnavailable());
    assertSame(first, active());
    feed.answer();
    readEverySecond(TestCacheConfig.defaults().retry());

    assertSame(first, tier.freshActive(KEYSTORE));
  }

  @Test
  void feedBack_afterMoreThanItKeeps_confirmsNothingOfBefore() {
    next.answer(active(false));
    active();
    feed.fail();
    time.pass(ChangeReader.LONGEST_ABSENCE);
    read();
    feed.answer();
    read();
    time.pass(TICK);
    ActiveKek rotated = active(false);
    next.answer(rotated);

    assertNull(tier.freshActive(KEYSTORE));
    assertSame(rotated, active());
    readEverySecond(FRESHNESS.multipliedBy(2));
    assertSame(rotated, tier.freshActive(KEYSTORE));
  }

  @Test
  void anotherDatabase_confirmsNothingOfBefore() {
    next.answer(active(false));
    active();
    feed.epoch = "2";
    time.pass(SECOND);
    read();
    time.pass(TICK);
    ActiveKek rotated = active(false);
    next.answer(rotated);

    assertNull(tier.freshActive(KEYSTORE));
    active();
    assertSame(rotated, tier.freshActive(KEYSTORE));
  }

  @Test
  void age_countsFromTheStartOfTheQuery() {
    next.answer(active(false));
    ActiveKek first = active();
    CompletableFuture<Collection<KekChange>> slow = feed.hold();
    time.pass(SECOND);
    CompletableFuture<Void> read = reader.read().subscribeAsCompletionStage();
    time.pass(Duration.ofSeconds(5));
    slow.complete(List.of());
    read.join();

    assertEquals(5_000, tier.ageMillis(first, time.millis()));
    assertEquals(5, registry.get(Metrics.KEK_FEED_AGE).gauge().value());
    feed.fail();
    time.pass(FRESHNESS.multipliedBy(4).dividedBy(5).minusSeconds(5));
    assertNull(tier.freshActive(KEYSTORE));
  }

  @Test
  void slowRead_ofTheFeed_isTheOnlyOne() {
    CompletableFuture<Collection<KekChange>> slow = feed.hold();
    CompletableFuture<Void> read = reader.read().subscribeAsCompletionStage();
    int reads = feed.reads;

    List<CompletableFuture<Void>> others = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      others.add(reader.read().subscribeAsCompletionStage());
    }

    assertEquals(reads, feed.reads);
    slow.complete(List.of());
    read.join();
    others.forEach(CompletableFuture::join);
    read();
    assertEquals(reads + 1, feed.reads);
  }

  @Test
  void read_startsWhereTheLastAnsweredOneWas() {
    feed.fail();
    read();
    feed.answer();
    read();

    assertNull(feed.positions.get(0));
    assertEquals(
        List.of(new Position("1", "1"), new Position("1", "1")), feed.positions.subList(1, 3));
  }

  @Test
  void prune_deletesOnlyWhatWasCommittedLongAgo() {
    reader.prune().await().indefinitely();
    Position first = new Position("1", "" + feed.reads);
    readEverySecond(ChangeReader.KEPT.minusSeconds(1));
    reader.prune().await().indefinitely();
    assertEquals(List.of(), feed.pruned);
    readEverySecond(SECOND);
    Position second = new Position("1", "" + feed.reads);

    reader.prune().await().indefinitely();
    reader.prune().await().indefinitely();

    assertEquals(List.of(first), feed.pruned);
    readEverySecond(ChangeReader.KEPT);
    reader.prune().await().indefinitely();
    assertEquals(List.of(first, second), feed.pruned);
  }
}
