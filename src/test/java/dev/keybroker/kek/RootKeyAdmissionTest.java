package dev.keybroker.kek;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.kms.FakeKms;
import dev.keybroker.kms.KeyOperation;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.Kms;
import dev.keybroker.kms.KmsAction;
import dev.keybroker.kms.KmsContext;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.KmsFailure.Kind;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RootKeyAdmissionTest {
  private static final Duration FRESHNESS = TestRootKeyConfig.FRESHNESS;
  private static final Duration RETRY = TestRootKeyConfig.RETRY;
  private static final Duration TICK = Duration.ofNanos(1);

  private final TestTime time = new TestTime();
  private final FakeKms fake = new FakeKms(TestKek.PROVIDER);
  private final TestKek test = TestKek.of(fake, Duration.ZERO);
  private final RecordedAnswers recorded = new RecordedAnswers();
  private final RootKeyStates states =
      new RootKeyStates(new TestRootKeyConfig(10), () -> recorded, time.ticker(), time);
  private final Kms kms = TestKek.reporting(fake, states, time.ticker());
  private boolean recordsAnswer = true;
  private RootKeyAdmission admission = admission(10);

  private RootKeyAdmission admission(int backgroundRate) {
    return new RootKeyAdmission(
        states,
        id ->
            recordsAnswer
                ? Uni.createFrom().item(test.kek())
                : Uni.createFrom().failure(new KekFailure.StoreUnavailable()),
        kms,
        new TestRootKeyConfig(backgroundRate),
        TestCacheConfig.defaults(),
        time.ticker(),
        time);
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
    assertSame(kek, admission.admit(kek).await().atMost(Duration.ofSeconds(10)));
  }

  private void assertRefused(Kind kind) {
    KmsFailure refusal =
        assertThrows(
            KmsFailure.class,
            () -> admission.admit(kek(true)).await().atMost(Duration.ofSeconds(10)));
    assertEquals(kind, refusal.kind());
  }

  private void decrypt() {
    kms.decryptPrivateKey(
            test.kek().rootKey(), Objects.requireNonNull(test.kek().encryptedPrivateKey()))
        .onFailure()
        .recoverWithNull()
        .await()
        .atMost(Duration.ofSeconds(10));
  }

  private void generate() {
    kms.generateKeyPair(test.kek().rootKey(), KeyPairSpec.ECC_NIST_P256)
        .onFailure()
        .recoverWithNull()
        .await()
        .atMost(Duration.ofSeconds(10));
  }

  private @Nullable Kind toldOfAFreshRecord() {
    return assertNotNullKek(admission.lastKnown(kek(false), true)).rootKeyFailure();
  }

  private @Nullable LastKnownKek lastKnown() {
    return admission.lastKnown(kek(false), false);
  }

  @Test
  void admission_withoutAnyAnswer_asksOnceForAllThatWait() {
    fake.hold();
    List<CompletableFuture<ActiveKek>> waiting = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      waiting.add(admission.admit(kek(true)).subscribeAsCompletionStage());
    }
    assertFalse(waiting.getFirst().isDone());

    fake.release();

    waiting.forEach(CompletableFuture::join);
    assertEquals(1, fake.checks());
  }

  @ParameterizedTest
  @EnumSource(Kind.class)
  void admission_whereTheFirstAnswerIsAFailure_isRefusedWithIt(Kind kind) {
    fake.refuse("kms:Decrypt", kind);

    assertRefused(kind);
  }

  @Test
  void admission_whereOnlyTheUseIsDenied_isRefusedThoughDescribeKeyAnswers() {
    fake.refuse("kms:Decrypt", Kind.ACCESS_DENIED);
    fake.describe(test.kek().rootKey()).await().indefinitely();

    for (int i = 0; i < 300; i++) {
      assertRefused(Kind.ACCESS_DENIED);
      time.pass(Duration.ofSeconds(1));
    }
  }

  @Test
  void admission_ofAKekWhoseCiphertextKmsRefuses_isRefused() {
    fake.refuse("kms:Decrypt", Kind.CIPHERTEXT_REFUSED);

    assertRefused(Kind.CIPHERTEXT_REFUSED);
  }

  @Test
  void admission_whileTheRecordCannotBeRead_isRefusedAndNothingIsRemembered() {
    recordsAnswer = false;
    assertThrows(
        KekFailure.StoreUnavailable.class,
        () -> admission.admit(kek(true)).await().atMost(Duration.ofSeconds(10)));
    recordsAnswer = true;

    admit();
  }

  @Test
  void admission_afterAUse_asksNobodyUntilThreeQuartersOfTheFreshness() {
    decrypt();
    time.pass(FRESHNESS.multipliedBy(3).dividedBy(4).minus(TICK));
    admit();
    assertEquals(0, fake.checks());

    time.pass(TICK);
    admit();

    assertEquals(1, fake.checks());
  }

  @Test
  void admission_ofAKeyInUse_neverWaits() {
    admit();
    for (int i = 0; i < 600; i++) {
      time.pass(Duration.ofSeconds(1));
      fake.hold();
      CompletableFuture<ActiveKek> wrap = admission.admit(kek(true)).subscribeAsCompletionStage();
      assertTrue(wrap.isDone(), "waited in second " + i);
      fake.release();
    }
    assertTrue(fake.checks() < 15, () -> fake.checks() + " dry runs in ten minutes");
  }

  @Test
  void failure_ofAUse_refusesAtOnce_andTheFirstWrapAfterTheRetryWaitsForANewAnswer() {
    decrypt();
    fake.refuse(Kind.UNREACHABLE);
    decrypt();
    fake.admit();
    time.pass(RETRY.minus(TICK));
    assertRefused(Kind.UNREACHABLE);
    assertEquals(0, fake.checks());

    time.pass(TICK);
    admit();

    assertEquals(1, fake.checks());
  }

  @Test
  void firstWrapAfterARecovery_ofARecorderThatWrapsOnceAMinute_isAdmitted() {
    admit();
    time.pass(Duration.ofMinutes(1));
    fake.refuse(Kind.UNREACHABLE);
    assertRefused(Kind.UNREACHABLE);
    time.pass(Duration.ofMinutes(1));
    fake.admit();
    fake.hold();
    CompletableFuture<ActiveKek> waiting = admission.admit(kek(true)).subscribeAsCompletionStage();
    assertFalse(waiting.isDone(), "decided from memory");

    fake.release();

    waiting.join();
  }

  @Test
  void denial_ofAUse_standsUntilAUseSucceeds() {
    admit();
    time.pass(TICK);
    fake.refuse("kms:Decrypt", Kind.ACCESS_DENIED);
    decrypt();
    for (int i = 0; i < 120; i++) {
      assertRefused(Kind.ACCESS_DENIED);
      time.pass(Duration.ofSeconds(1));
    }
    fake.admit();

    admit();
  }

  @Test
  void throttledKeyPairGeneration_changesNothingForWraps() {
    admit();
    time.pass(FRESHNESS.dividedBy(2));
    fake.refuse("kms:GenerateDataKeyPairWithoutPlaintext", Kind.THROTTLED);
    generate();
    generate();

    admit();
    assertNull(lastKnown());
    assertEquals(1, fake.checks());
    assertEquals(
        Map.of(new KeyOperation(test.use(), KmsAction.GENERATE_KEY_PAIR), Kind.THROTTLED),
        failing());
  }

  @Test
  void successfulKeyPairGeneration_doesNotEndADenialOfDecryption() {
    fake.refuse("kms:Decrypt", Kind.ACCESS_DENIED);
    decrypt();
    time.pass(TICK);
    generate();

    assertRefused(Kind.ACCESS_DENIED);
    assertEquals(Kind.ACCESS_DENIED, assertNotNullKek(lastKnown()).rootKeyFailure());
    assertEquals(
        Map.of(new KeyOperation(test.use(), KmsAction.DECRYPT), Kind.ACCESS_DENIED), failing());
  }

  @ParameterizedTest
  @EnumSource(
      names = {
        "ACCESS_DENIED",
        "KEY_DISABLED",
        "KEY_PENDING_DELETION",
        "KEY_UNAVAILABLE",
        "KEY_NOT_FOUND"
      })
  void refusedKeyPairGeneration_makesTheNextWrapAskForDecryption(Kind kind) {
    admit();
    time.pass(TICK);
    fake.refuse(kind);
    generate();

    assertRefused(kind);
    assertEquals(2, fake.checks());
  }

  @Test
  void refusedKeyPairGeneration_whileDecryptionIsAdmitted_costsOneDryRun() {
    admit();
    time.pass(TICK);
    fake.refuse("kms:GenerateDataKeyPairWithoutPlaintext", Kind.ACCESS_DENIED);
    generate();
    time.pass(TICK);
    for (int i = 0; i < 10; i++) {
      admit();
    }
    assertEquals(2, fake.checks());
  }

  @Test
  void answers_areReportedForTheKeystoreOfTheKek() {
    fake.refuse("kms:Decrypt", Kind.ACCESS_DENIED);
    assertRefused(Kind.ACCESS_DENIED);
    fake.admit();
    time.pass(RETRY);
    admit();

    String keystore = TestKek.KEYSTORE.toString();
    assertEquals(
        List.of(keystore + " ACCESS_DENIED", keystore + " since " + time.instant()),
        recorded.list());
  }

  @Test
  void failureOfAKeyThatNobodyUsesAnyMore_isNotListedForEver() {
    fake.refuse(Kind.UNREACHABLE);
    decrypt();
    assertEquals(1, failing().size());

    time.pass(Duration.ofHours(2));

    assertEquals(Map.of(), failing());
  }

  private Map<KeyOperation, Kind> failing() {
    Map<KeyOperation, Kind> kinds = new HashMap<>();
    states.failing().forEach((call, failure) -> kinds.put(call, failure.kind()));
    return kinds;
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
    kms.decryptPrivateKey(new KeyUse(test.kek().rootKey().key(), other), new byte[64])
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
    states.ended(test.use(), KmsAction.DECRYPT, 10, null);
    states.ended(
        test.use(),
        KmsAction.DECRYPT,
        5,
        new KmsFailure(Kind.UNREACHABLE, "kms:Decrypt", "T", "", null));

    admit();
  }

  @Test
  void refusedCiphertext_isNoFailureOfTheKey() {
    kms.decryptPrivateKey(test.kek().rootKey(), new byte[64])
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
    assertEquals(told.rootKeyFailure(), toldOfAFreshRecord());

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

    LastKnownKek told = assertNotNullKek(admission.lastKnown(kek, false));

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
      admission.lastKnown(kekOf("tenant-" + i), false);
    }
    assertEquals(10, fake.checks());
    time.pass(Duration.ofSeconds(1));
    for (int i = 0; i < 100; i++) {
      admission.lastKnown(kekOf("tenant-" + i), false);
    }
    assertEquals(20, fake.checks());
  }

  @Test
  void background_withRateZero_asksNothing() {
    admission = admission(0);

    assertNull(lastKnown());

    assertEquals(0, fake.checks());
    admit();
    assertEquals(1, fake.checks());
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
}
