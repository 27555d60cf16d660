package dev.keybroker.kek;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.crypto.MacKey;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.kek.redis.RedisConfig;
import dev.keybroker.kek.redis.RedisKekChanges;
import dev.keybroker.kek.redis.RedisKekTier;
import dev.keybroker.kms.FakeKms;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.redis.datasource.ReactiveRedisDataSource;
import io.quarkus.redis.datasource.value.ReactiveValueCommands;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What a real Redis holds, how old it may be, and in which order brokers replace it.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // set before each test
class LastKnownInRedisTest {
  private static final KeystoreName KEYSTORE = TestKek.KEYSTORE;
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(60);
  private static final Duration RETENTION = Duration.ofHours(24);
  private static final Duration UNWRAP_MAX_AGE = Duration.ofHours(2);
  private static final byte[] OLD_KEY = macKey(1);
  private static final byte[] NEW_KEY = macKey(2);
  private static final Duration TICK = Duration.ofNanos(1);
  private static final Pattern SCRIPTS = Pattern.compile("cmdstat_eval:calls=([0-9]+)");

  @Inject ReactiveRedisDataSource redis;

  private final TestTime time = new TestTime();
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final ScriptedTier postgres = new ScriptedTier();
  private final RestoredKeks lost = new RestoredKeks();
  private final TestKek test = TestKek.of(new FakeKms(TestKek.PROVIDER), Duration.ofSeconds(60));
  private final Config config = new Config("test-" + UUID.randomUUID() + ":");
  private RedisKekTier tier;
  private RedisKekChanges changes;
  private ReactiveValueCommands<String, byte[]> values;

  private record Config(String prefix) implements RedisConfig {
    @Override
    public Optional<List<String>> macKey() {
      return Optional.empty();
    }

    @Override
    public Duration timeout() {
      return LONGEST_WAIT;
    }

    @Override
    public Duration retention() {
      return RETENTION;
    }
  }

  @BeforeEach
  void connect() {
    tier = tier(postgres, OLD_KEY);
    changes = new RedisKekChanges(redis, config, change -> {});
    values = redis.value(byte[].class);
  }

  @AfterEach
  void close() {
    changes.close();
  }

  private static byte[] macKey(int fill) {
    byte[] key = new byte[MacKey.MIN_SIZE];
    Arrays.fill(key, (byte) fill);
    return key;
  }

  private RedisKekTier tier(KekTier next, byte[]... macKeys) {
    return new RedisKekTier(
        next,
        lost,
        redis,
        List.of(macKeys),
        TestKek.CODEC,
        config,
        TestCacheConfig.defaults().withUnwrapMaxAge(UNWRAP_MAX_AGE),
        time,
        registry);
  }

  private String activeKey() {
    return config.prefix() + "active:" + KEYSTORE;
  }

  private String kekKey() {
    return config.prefix() + "kek:" + test.kek().name().id();
  }

  private byte[] entry(String key) {
    return values.get(key).await().atMost(LONGEST_WAIT);
  }

  private ActiveKek read(Instant readTime) {
    return new ActiveKek(
        new KekName(KEYSTORE, UUID.randomUUID()),
        test.publicKey(),
        test.use(),
        false,
        Instant.EPOCH,
        readTime);
  }

  private Kek kek(Instant readTime) {
    Kek kek = test.kek();
    return new Kek(
        kek.name(),
        kek.state(),
        kek.spec(),
        kek.rootKey(),
        kek.encryptedPrivateKey(),
        kek.privateKekLifetime(),
        readTime);
  }

  private ActiveKek active(KekTier of) {
    return of.active(KEYSTORE).await().atMost(LONGEST_WAIT);
  }

  private Kek kek() {
    return tier.kek(test.kek().name().id()).await().atMost(LONGEST_WAIT);
  }

  private long scripts() {
    String stats = redis.execute("INFO", "commandstats").await().atMost(LONGEST_WAIT).toString();
    Matcher matcher = SCRIPTS.matcher(stats);
    return matcher.find() ? Long.parseLong(matcher.group(1)) : 0;
  }

  private static void await(BooleanSupplier condition) {
    long end = System.nanoTime() + LONGEST_WAIT.toNanos();
    while (!condition.getAsBoolean()) {
      assertTrue(System.nanoTime() < end, "nothing happened");
      LockSupport.parkNanos(1_000_000);
    }
  }

  /// Does something that ends with one write to Redis, and waits until Redis has answered it.
  private void andItsWrite(Runnable action) {
    long before = scripts();
    action.run();
    await(() -> scripts() == before + 1);
  }

  private void announce(KekChange change) {
    changes.publish(change).await().atMost(LONGEST_WAIT);
  }

  /// A read whose answer comes when the test says so, and that has seen what Redis holds.
  private CompletableFuture<ActiveKek> slowReader(CompletableFuture<ActiveKek> answer) {
    ScriptedTier slow = new ScriptedTier();
    slow.answerLater(answer);
    CompletableFuture<ActiveKek> reader =
        tier(slow, OLD_KEY).active(KEYSTORE).subscribeAsCompletionStage();
    await(() -> slow.reads() == 1);
    return reader;
  }

  @Test
  void activeKek_postgresDown_isUsedUntilTheRetention() {
    ActiveKek known = read(time.instant());
    postgres.answer(known);
    andItsWrite(() -> active(tier));
    postgres.fail(new KekFailure.StoreUnavailable());
    time.pass(RETENTION);
    assertEquals(known.name(), active(tier).name());

    time.pass(TICK);

    assertThrows(KekFailure.StoreUnavailable.class, () -> active(tier));
  }

  @Test
  void activeKek_of30Days_putBackWhilePostgresIsDown_isRefused() {
    postgres.answer(read(time.instant()));
    andItsWrite(() -> active(tier));
    byte[] old = entry(activeKey());
    announce(new KekChange.OfKeystore(KEYSTORE));
    time.pass(Duration.ofDays(30));
    values.set(activeKey(), old).await().atMost(LONGEST_WAIT);
    postgres.fail(new KekFailure.StoreUnavailable());

    assertThrows(KekFailure.StoreUnavailable.class, () -> active(tier));
  }

  @Test
  void kekToUnwrapWith_postgresDown_isUsedUntilItsMaxAge() {
    postgres.answer(kek(time.instant()));
    andItsWrite(this::kek);
    postgres.fail(new KekFailure.StoreUnavailable());
    time.pass(UNWRAP_MAX_AGE);
    assertEquals(test.kek().name(), kek().name());

    time.pass(TICK);

    assertThrows(KekFailure.StoreUnavailable.class, this::kek);
  }

  @Test
  void entryOfTheFuture_postgresDown_isUsedWithinAMinuteOnly() {
    postgres.answer(read(time.instant().plusSeconds(60)));
    andItsWrite(() -> active(tier));
    postgres.fail(new KekFailure.StoreUnavailable());
    assertNotNull(active(tier));

    time.setClockAhead(TICK.negated());

    assertThrows(KekFailure.StoreUnavailable.class, () -> active(tier));
  }

  @Test
  void entryOfTheFuture_isReplacedByTheNextRead() {
    postgres.answer(read(time.instant().plus(Duration.ofDays(365))));
    andItsWrite(() -> active(tier));
    ActiveKek now = read(time.instant());
    postgres.answer(now);
    andItsWrite(() -> active(tier));
    postgres.fail(new KekFailure.StoreUnavailable());

    assertEquals(now.name(), active(tier).name());
  }

  @Test
  void slowReader_afterAChange_doesNotPutTheOldRecordBack() {
    postgres.answer(read(time.instant()));
    andItsWrite(() -> active(tier));
    time.pass(Duration.ofSeconds(30));
    CompletableFuture<ActiveKek> answer = new CompletableFuture<>();
    ActiveKek beforeTheChange = read(time.instant());
    CompletableFuture<ActiveKek> reader = slowReader(answer);
    announce(new KekChange.OfKeystore(KEYSTORE));
    byte[] mark = entry(activeKey());

    andItsWrite(
        () -> {
          answer.complete(beforeTheChange);
          assertSame(beforeTheChange, reader.join());
        });

    assertArrayEquals(mark, entry(activeKey()));
    ActiveKek rotated = read(time.instant());
    postgres.answer(rotated);
    andItsWrite(() -> assertSame(rotated, active(tier)));
    assertEquals(rotated.name(), active(tier).name());
    assertEquals(2, postgres.reads());
  }

  @Test
  void slowReaderThatSawNoEntry_afterAChange_doesNotPutTheOldRecordBack() {
    CompletableFuture<ActiveKek> answer = new CompletableFuture<>();
    ActiveKek beforeTheChange = read(time.instant());
    slowReader(answer);
    announce(new KekChange.OfKeystore(KEYSTORE));
    byte[] mark = entry(activeKey());

    andItsWrite(() -> answer.complete(beforeTheChange));

    assertArrayEquals(mark, entry(activeKey()));
  }

  @Test
  void slowReader_ofBetweenTwoChanges_doesNotPutItsRecordBack() {
    announce(new KekChange.OfKeystore(KEYSTORE));
    CompletableFuture<ActiveKek> answer = new CompletableFuture<>();
    ActiveKek between = read(time.instant());
    slowReader(answer);
    announce(new KekChange.OfKeystore(KEYSTORE));
    byte[] mark = entry(activeKey());

    andItsWrite(() -> answer.complete(between));

    assertArrayEquals(mark, entry(activeKey()));
  }

  @Test
  void slowReader_doesNotReplaceWhatAnotherWroteMeanwhile() {
    CompletableFuture<ActiveKek> answer = new CompletableFuture<>();
    ActiveKek old = read(time.instant());
    slowReader(answer);
    time.pass(Duration.ofSeconds(1));
    ActiveKek newer = read(time.instant());
    postgres.answer(newer);
    andItsWrite(() -> active(tier));

    andItsWrite(() -> answer.complete(old));

    assertEquals(newer.name(), active(tier).name());
    assertEquals(1, postgres.reads());
  }

  @Test
  void stateOfAKek_changed_leavesNoOldEntry() {
    postgres.answer(kek(time.instant()));
    andItsWrite(this::kek);
    announce(new KekChange.OfKek(test.kek().name().id()));
    postgres.fail(new KekFailure.StoreUnavailable());

    assertThrows(KekFailure.StoreUnavailable.class, this::kek);
  }

  @Test
  void forgedEntry_postgresDown_isRemoved() {
    values.set(activeKey(), new byte[] {2, 1, 0}).await().atMost(LONGEST_WAIT);
    postgres.fail(new KekFailure.StoreUnavailable());

    andItsWrite(() -> assertThrows(KekFailure.StoreUnavailable.class, () -> active(tier)));

    assertFalse(redis.key().exists(activeKey()).await().atMost(LONGEST_WAIT));
  }

  @Test
  void forgedEntry_isReplacedByTheNextRead() {
    values.set(activeKey(), new byte[] {2, 1, 0}).await().atMost(LONGEST_WAIT);
    ActiveKek genuine = read(time.instant());
    postgres.answer(genuine);
    andItsWrite(() -> active(tier));

    assertEquals(genuine.name(), active(tier).name());
    assertEquals(1, postgres.reads());
  }

  @Test
  void newMacKey_rolledOutInThreeSteps_isNeverAForgery() {
    List<RedisKekTier> steps =
        List.of(
            tier(postgres, OLD_KEY),
            tier(postgres, OLD_KEY, NEW_KEY),
            tier(postgres, NEW_KEY, OLD_KEY),
            tier(postgres, NEW_KEY));
    for (int step = 1; step < steps.size(); step++) {
      // The brokers of two neighbouring steps run side by side.
      for (RedisKekTier writer : steps.subList(step - 1, step + 1)) {
        ActiveKek written = read(time.instant());
        postgres.answer(written);
        andItsWrite(() -> active(writer));
        for (RedisKekTier reader : steps.subList(step - 1, step + 1)) {
          assertEquals(written.name(), active(reader).name());
        }
        time.pass(Duration.ofSeconds(30));
      }
    }

    assertEquals(0, registry.counter(Metrics.KEK_FORGED).count());
  }

  @Test
  void entryUnderAnUnknownMacKey_isAForgery() {
    ActiveKek planted = read(time.instant());
    ScriptedTier attacker = new ScriptedTier();
    attacker.answer(planted);
    andItsWrite(() -> active(tier(attacker, macKey(3))));
    ActiveKek genuine = read(time.instant());
    postgres.answer(genuine);

    assertEquals(genuine.name(), active(tier(postgres, NEW_KEY, OLD_KEY)).name());

    assertEquals(1, registry.counter(Metrics.KEK_FORGED).count());
  }

  @Test
  void kekWhoseRowIsLost_isRestoredFromAnEntryOfAnyAge() {
    postgres.answer(kek(time.instant()));
    andItsWrite(this::kek);
    time.pass(Duration.ofDays(3));
    postgres.fail(new KekFailure.UnknownKek());
    Kek restored = kek(time.instant());
    lost.answer(restored);

    andItsWrite(() -> assertSame(restored, kek()));

    Kek copy = lost.copies().getFirst();
    assertEquals(test.kek().name(), copy.name());
    assertArrayEquals(test.kek().encryptedPrivateKey(), copy.encryptedPrivateKey());
  }

  @Test
  void kekWhoseRowCannotBeRestored_staysInRedis() {
    postgres.answer(kek(time.instant()));
    andItsWrite(this::kek);
    byte[] entry = entry(kekKey());
    time.pass(Duration.ofDays(3));
    postgres.fail(new KekFailure.UnknownKek());
    lost.fail(new KekFailure.UnknownKek());

    assertThrows(KekFailure.UnknownKek.class, this::kek);

    assertArrayEquals(entry, entry(kekKey()));
  }

  @Test
  void copyOfANewKek_isThereWhenTheCallEnds() {
    postgres.answer(kek(time.instant()));

    tier.copy(test.kek().name().id()).await().atMost(LONGEST_WAIT);

    postgres.fail(new KekFailure.StoreUnavailable());
    assertEquals(test.kek().name(), kek().name());
  }
}
