package dev.keybroker.kek;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.kms.FakeKms;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.Kms;
import dev.keybroker.kms.KmsContext;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.KmsFailure.Kind;
import dev.keybroker.kms.ObservedKms;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class RootKeyStatesTest {
  private static final Duration FRESHNESS = Duration.ofSeconds(60);
  private static final Duration RETRY = Duration.ofSeconds(1);
  private static final Duration TICK = Duration.ofNanos(1);

  private final TestTime time = new TestTime();
  private final FakeKms fake = new FakeKms(TestKek.PROVIDER);
  private final TestKek test = TestKek.of(fake, Duration.ZERO);
  private RootKeyStates states = states(10);
  private Kms kms = new ObservedKms(fake, states, time.ticker());

  private RootKeyStates states(int backgroundRate) {
    return new RootKeyStates(
        fake, new Config(backgroundRate), TestCacheConfig.defaults(), time.ticker(), time);
  }

  private ActiveKek kek(boolean failClosed) {
    return new ActiveKek(
        test.kek().name(),
        test.publicKey(),
        test.use(),
        failClosed,
        time.instant(),
        time.instant());
  }

  private void admit() {
    ActiveKek kek = kek(true);
    assertSame(kek, states.admit(kek).await().atMost(Duration.ofSeconds(10)));
  }

  private void assertRefused(Kind kind) {
    KmsFailure refusal =
        assertThrows(
            KmsFailure.class, () -> states.admit(kek(true)).await().atMost(Duration.ofSeconds(10)));
    assertEquals(kind, refusal.kind());
  }

  private void decrypt() {
    kms.decryptPrivateKey(
            test.kek().rootKey(),
            Objects.requireNonNull(test.kek().encryptedPrivateKey()),
            test.kek().kmsContext())
        .onFailure()
        .recoverWithNull()
        .await()
        .atMost(Duration.ofSeconds(10));
  }

  private @Nullable LastKnownKek lastKnown() {
    return states.lastKnown(kek(false));
  }

  @Test
  void admission_withoutAnyAnswer_asksOnceForAllThatWait() {
    fake.hold();
    List<CompletableFuture<ActiveKek>> waiting = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      waiting.add(states.admit(kek(true)).subscribeAsCompletionStage());
    }
    assertFalse(waiting.getFirst().isDone());

    fake.release();

    waiting.forEach(CompletableFuture::join);
    assertEquals(1, fake.describes());
  }

  @ParameterizedTest
  @EnumSource(names = {"UNREACHABLE", "THROTTLED", "ACCESS_DENIED", "KEY_NOT_FOUND"})
  void admission_whereTheFirstAnswerIsAFailure_isRefusedWithIt(Kind kind) {
    fake.refuse(kind);

    assertRefused(kind);
  }

  @ParameterizedTest
  @CsvSource({
    "Disabled, KEY_DISABLED",
    "PendingDeletion, KEY_PENDING_DELETION",
    "PendingImport, KEY_PENDING_DELETION",
    "Unavailable, KEY_PENDING_DELETION"
  })
  void admission_ofAKeyThatIsNotEnabled_isRefused(String state, Kind kind) {
    fake.describeAs(state);

    assertRefused(kind);
  }

  @Test
  void admission_afterAUse_asksNobodyUntilThreeQuartersOfTheFreshness() {
    decrypt();
    time.pass(FRESHNESS.multipliedBy(3).dividedBy(4).minus(TICK));
    admit();
    assertEquals(0, fake.describes());

    time.pass(TICK);
    admit();

    assertEquals(1, fake.describes());
  }

  @Test
  void admission_ofAKeyInUse_neverWaits() {
    admit();
    for (int i = 0; i < 600; i++) {
      time.pass(Duration.ofSeconds(1));
      fake.hold();
      CompletableFuture<ActiveKek> admission = states.admit(kek(true)).subscribeAsCompletionStage();
      assertTrue(admission.isDone(), "waited in second " + i);
      fake.release();
    }
    assertTrue(fake.describes() < 15, () -> fake.describes() + " DescribeKeys in ten minutes");
  }

  @Test
  void failure_ofAUse_refusesAtOnceAndIsAskedAgainAfterTheRetry() {
    decrypt();
    fake.refuse(Kind.UNREACHABLE);
    decrypt();
    fake.admit();
    assertRefused(Kind.UNREACHABLE);
    assertEquals(0, fake.describes());

    time.pass(RETRY);
    assertRefused(Kind.UNREACHABLE);

    assertEquals(1, fake.describes());
    admit();
  }

  @Test
  void denial_ofAUse_standsAgainstDescribeKeyUntilItIsOld() {
    admit();
    time.pass(TICK);
    fake.refuse(Kind.ACCESS_DENIED);
    decrypt();
    fake.admit();
    for (int i = 0; i < 59; i++) {
      assertRefused(Kind.ACCESS_DENIED);
      time.pass(Duration.ofSeconds(1));
    }

    time.pass(Duration.ofSeconds(1));

    admit();
  }

  @Test
  void denial_ofAUse_isOverWithTheNextUse() {
    fake.refuse(Kind.ACCESS_DENIED);
    decrypt();
    fake.admit();
    time.pass(TICK);
    decrypt();

    admit();
  }

  @Test
  void denial_inAnotherContext_isNotThisKeystores() {
    decrypt();
    time.pass(TICK);
    fake.refuse(Kind.ACCESS_DENIED);
    KmsContext other = new KmsContext(Map.of("keybroker:tenant", "mallory"));
    kms.decryptPrivateKey(test.kek().rootKey(), new byte[64], other)
        .onFailure()
        .recoverWithNull()
        .await()
        .indefinitely();

    admit();
    assertNull(lastKnown());
  }

  @Test
  void throttling_afterAFreshAnswer_changesNothing() {
    decrypt();
    time.pass(FRESHNESS.minus(TICK));
    fake.refuse(Kind.THROTTLED);
    decrypt();
    admit();

    time.pass(TICK);

    assertRefused(Kind.THROTTLED);
  }

  @Test
  void answer_toACallThatBeganEarlier_saysNothingNew() {
    states.ended(test.use(), 10, null);
    states.ended(test.use(), 5, new KmsFailure(Kind.UNREACHABLE, "kms:Decrypt", "T", "", null));

    admit();
  }

  @Test
  void refusedCiphertext_isNoFailureOfTheKey() {
    kms.decryptPrivateKey(test.kek().rootKey(), new byte[64], test.kek().kmsContext())
        .onFailure()
        .recoverWithNull()
        .await()
        .indefinitely();

    assertNull(lastKnown());
  }

  @Test
  void wrapUnderAFailingRootKey_isToldUntilTheKeyAnswers() {
    decrypt();
    assertNull(lastKnown());
    time.pass(TICK);
    fake.refuse(Kind.KEY_DISABLED);
    decrypt();

    LastKnownKek told = assertNotNullKek(lastKnown());
    assertEquals(Kind.KEY_DISABLED, told.rootKeyFailure());
    assertTrue(told.rootKeyAnswered());

    fake.admit();
    time.pass(RETRY);
    lastKnown();
    assertNull(lastKnown());
  }

  @Test
  void wrapUnderAnOldRecord_isTold() {
    ActiveKek kek = kek(false);
    decrypt();
    time.pass(TestCacheConfig.defaults().freshness().plusSeconds(2));

    LastKnownKek told = assertNotNullKek(states.lastKnown(kek));

    assertEquals(Duration.ofSeconds(32), told.age());
    assertNull(told.rootKeyFailure());
  }

  @Test
  void wrapOfABrokerThatBeganInAnOutage_isToldByTheSecondOne() {
    fake.refuse(Kind.UNREACHABLE);

    assertNull(lastKnown());

    assertEquals(Kind.UNREACHABLE, assertNotNullKek(lastKnown()).rootKeyFailure());
  }

  @Test
  void background_asksNoMoreThanItsRate() {
    for (int i = 0; i < 100; i++) {
      states.lastKnown(kekOf("tenant-" + i));
    }
    assertEquals(10, fake.describes());
    time.pass(Duration.ofSeconds(1));
    for (int i = 0; i < 100; i++) {
      states.lastKnown(kekOf("tenant-" + i));
    }
    assertEquals(20, fake.describes());
  }

  @Test
  void background_withRateZero_asksNothing() {
    states = states(0);
    kms = new ObservedKms(fake, states, time.ticker());

    assertNull(lastKnown());

    assertEquals(0, fake.describes());
    admit();
    assertEquals(1, fake.describes());
  }

  /// A KEK under a key of its own.
  private ActiveKek kekOf(String id) {
    KeyUse use = test.use();
    return new ActiveKek(
        test.kek().name(),
        test.publicKey(),
        new KeyUse(
            new dev.keybroker.kms.KmsKey(
                dev.keybroker.kms.KmsArn.parse(use.key().arn() + "-" + id), null),
            use.context()),
        false,
        time.instant(),
        time.instant());
  }

  private static LastKnownKek assertNotNullKek(@Nullable LastKnownKek kek) {
    assertNotNull(kek, "the wrap was not told");
    return Objects.requireNonNull(kek);
  }

  private record Config(int backgroundRate) implements RootKeyConfig {
    @Override
    public Duration freshness() {
      return FRESHNESS;
    }

    @Override
    public Duration retry() {
      return RETRY;
    }

    @Override
    public long max() {
      return 1_000;
    }
  }
}
