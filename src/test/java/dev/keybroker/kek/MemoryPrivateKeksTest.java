package dev.keybroker.kek;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.concurrent.Soon;
import dev.keybroker.kms.FakeKms;
import dev.keybroker.kms.KmsFailure;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class MemoryPrivateKeksTest {
  private static final Duration LIFETIME = Duration.ofMinutes(1);
  private static final Duration TICK = Duration.ofNanos(1);

  private final TestTime time = new TestTime();
  private final FakeKms kms = new FakeKms(TestKek.PROVIDER);
  private final RecordedAnswers recorded = new RecordedAnswers();
  private final RootKeyStates rootKeys =
      new RootKeyStates(new TestRootKeyConfig(10), () -> recorded, time.ticker(), time);
  private final MemoryPrivateKeks keks = keks(TestCacheConfig.defaults());
  private final TestKek test = TestKek.of(kms, LIFETIME);

  private MemoryPrivateKeks keks(TestCacheConfig config) {
    return new MemoryPrivateKeks(
        TestKek.reporting(kms, rootKeys, time.ticker()),
        rootKeys,
        TestKek.CODEC,
        config,
        time.ticker(),
        new SimpleMeterRegistry());
  }

  private PrivateKek use(Kek kek) {
    return keks.privateKek(kek).uni().await().indefinitely();
  }

  private KmsFailure.Kind refused(Kek kek) {
    return assertThrows(KmsFailure.class, () -> use(kek)).kind();
  }

  @Test
  void coldKek_asked1000TimesAtOnce_makesOneDecrypt() throws Exception {
    kms.hold();
    List<CompletableFuture<PrivateKek>> answers = new ArrayList<>();
    try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<CompletableFuture<PrivateKek>>> started =
          Stream.generate(
                  () ->
                      callers.submit(
                          () -> keks.privateKek(test.kek()).uni().subscribeAsCompletionStage()))
              .limit(1_000)
              .toList();
      for (Future<CompletableFuture<PrivateKek>> each : started) {
        answers.add(each.get());
      }
    }
    kms.release();

    for (CompletableFuture<PrivateKek> answer : answers) {
      assertTrue(test.opensWith(answer.get().key()));
    }
    assertEquals(1, kms.decrypts());
  }

  @Test
  void privateKek_isAvailableNow_onlyWhileItIsInMemory() {
    assertInstanceOf(Soon.Later.class, keks.privateKek(test.kek()));
    use(test.kek());
    assertInstanceOf(Soon.Now.class, keks.privateKek(test.kek()));

    time.pass(LIFETIME);

    assertInstanceOf(Soon.Later.class, keks.privateKek(test.kek()));
    use(test.kek());
    keks.forgetAll();
    assertInstanceOf(Soon.Later.class, keks.privateKek(test.kek()));
  }

  @Test
  void failedDecrypt_isSharedByThoseWhoWait_andNotKept() throws Exception {
    kms.hold();
    kms.refuse(KmsFailure.Kind.THROTTLED);
    CompletableFuture<PrivateKek> first =
        keks.privateKek(test.kek()).uni().subscribeAsCompletionStage();
    CompletableFuture<PrivateKek> second =
        keks.privateKek(test.kek()).uni().subscribeAsCompletionStage();
    kms.release();

    for (CompletableFuture<PrivateKek> answer : List.of(first, second)) {
      Throwable failure = answer.handle((item, thrown) -> thrown).get();
      assertEquals(KmsFailure.Kind.THROTTLED, ((KmsFailure) failure).kind());
    }
    assertEquals(1, kms.decrypts());
    kms.admit();
    assertTrue(test.opensWith(use(test.kek()).key()));
  }

  @Test
  void bound_slowDecrypt_countsFromItsStart() throws Exception {
    kms.hold();
    CompletableFuture<PrivateKek> answer =
        keks.privateKek(test.kek()).uni().subscribeAsCompletionStage();
    time.pass(Duration.ofSeconds(20));
    kms.release();
    PrivateKek lease = answer.get();
    time.pass(LIFETIME.minusSeconds(20).minus(TICK));
    assertFalse(lease.isExpired());

    time.pass(TICK);

    assertTrue(lease.isExpired());
    kms.refuse(KmsFailure.Kind.ACCESS_DENIED);
    assertEquals(KmsFailure.Kind.ACCESS_DENIED, refused(test.kek()));
  }

  @Test
  void decrypt_slowerThanTheLifetime_isRefusedAsUnreachable() throws Exception {
    kms.hold();
    CompletableFuture<PrivateKek> answer =
        keks.privateKek(test.kek()).uni().subscribeAsCompletionStage();
    time.pass(LIFETIME);
    kms.release();

    Throwable failure = answer.handle((item, thrown) -> thrown).get();

    assertEquals(KmsFailure.Kind.UNREACHABLE, ((KmsFailure) failure).kind());
    assertEquals(0, keks.size());
  }

  @Test
  void use_underConstantLoadWithAccessRevoked_endsAtTheBoundOfTheLastAdmittedDecrypt() {
    Duration step = Duration.ofMillis(500);
    use(test.kek());
    Duration revokedAt = Duration.ofSeconds(100);
    Duration lastSuccess = Duration.ZERO;
    for (Duration now = step; now.compareTo(Duration.ofMinutes(5)) < 0; now = now.plus(step)) {
      time.pass(step);
      if (now.equals(revokedAt)) {
        kms.refuse(KmsFailure.Kind.ACCESS_DENIED);
      }
      try {
        assertTrue(opens());
        lastSuccess = now;
      } catch (KmsFailure e) {
        assertEquals(KmsFailure.Kind.ACCESS_DENIED, e.kind());
      }
    }

    assertTrue(lastSuccess.compareTo(revokedAt) > 0, "the last known key was not used");
    assertTrue(lastSuccess.compareTo(revokedAt.plus(LIFETIME)) < 0, () -> "used past the bound");
    kms.admit();
    assertTrue(test.opensWith(use(test.kek()).key()));
  }

  /// A use that meets the refresh holds the key that was replaced, and asks once more.
  private boolean opens() {
    PrivateKek lease = use(test.kek());
    return !isWiped(test, lease) || test.opensWith(use(test.kek()).key());
  }

  @Test
  void use_doesNotProlongTheBound() {
    PrivateKek lease = use(test.kek());
    kms.refuse(KmsFailure.Kind.KEY_DISABLED);
    for (int i = 0; i < 59; i++) {
      time.pass(Duration.ofSeconds(1));
      assertSame(lease.key(), use(test.kek()).key());
    }

    time.pass(Duration.ofSeconds(1));

    assertEquals(KmsFailure.Kind.KEY_DISABLED, refused(test.kek()));
  }

  @Test
  void wallClock_jumps_changeNothing() {
    PrivateKek lease = use(test.kek());
    time.setClockAhead(Duration.ofDays(-1));
    assertSame(lease.key(), use(test.kek()).key());

    time.pass(LIFETIME);

    assertTrue(lease.isExpired());
  }

  @Test
  void machineSuspendedPastTheBound_keyIsNotUsedAndWipedByTheNextCleanUp() {
    MemoryPrivateKeks keys =
        new MemoryPrivateKeks(
            kms,
            rootKeys,
            TestKek.CODEC,
            TestCacheConfig.defaults(),
            new ElapsedTime(time.ticker(), time),
            new SimpleMeterRegistry());
    PrivateKek lease = keys.privateKek(test.kek()).uni().await().indefinitely();
    time.pass(Duration.ofSeconds(10));
    time.setClockAhead(LIFETIME.minusSeconds(10).minusMillis(60));
    assertFalse(lease.isExpired());

    time.setClockAhead(LIFETIME.minusSeconds(10));

    assertTrue(lease.isExpired());
    keys.cleanUp();
    assertThrows(IllegalStateException.class, () -> test.opensWith(lease.key()));
    assertEquals(0, keys.size());
    kms.refuse(KmsFailure.Kind.ACCESS_DENIED);
    assertThrows(KmsFailure.class, () -> keys.privateKek(test.kek()).uni().await().indefinitely());
  }

  @Test
  void lifetimeLowered_keyThatIsOlder_isWipedAtOnce() {
    PrivateKek lease = use(test.kek());
    time.pass(Duration.ofSeconds(10));

    keks.limit(test.withLifetime(Duration.ofSeconds(10)));

    assertThrows(IllegalStateException.class, () -> test.opensWith(lease.key()));
    assertEquals(0, keks.size());
  }

  @Test
  void lifetimeLowered_keyThatIsYounger_isWipedAtThatAge() {
    PrivateKek lease = use(test.kek());
    time.pass(Duration.ofSeconds(5));

    keks.limit(test.withLifetime(Duration.ofSeconds(10)));
    keks.limit(test.withLifetime(LIFETIME));

    assertTrue(test.opensWith(lease.key()));
    time.pass(Duration.ofSeconds(7));
    keks.cleanUp();
    assertThrows(IllegalStateException.class, () -> test.opensWith(lease.key()));
    assertEquals(0, keks.size());
  }

  @Test
  void lifetimeLowered_duringADecrypt_doesNotKeepItsKey() throws Exception {
    kms.hold();
    CompletableFuture<PrivateKek> answer =
        keks.privateKek(test.kek()).uni().subscribeAsCompletionStage();

    keks.limit(test.withLifetime(Duration.ofSeconds(10)));
    kms.release();

    PrivateKek lease = answer.get();
    assertThrows(IllegalStateException.class, () -> test.opensWith(lease.key()));
    assertEquals(0, keks.size());
  }

  @Test
  void recordAsBefore_changesNothing() throws Exception {
    PrivateKek lease = use(test.kek());
    kms.hold();
    time.pass(Duration.ofSeconds(45));
    use(test.kek());

    keks.limit(test.kek());

    assertTrue(test.opensWith(lease.key()));
    kms.release();
    assertEquals(2, kms.decrypts());
    assertTrue(test.opensWith(use(test.kek()).key()));
  }

  @Test
  void keksOfAKeystore_areThoseWhosePrivateKeyIsHeld() {
    TestKek other = TestKek.of(kms, LIFETIME);
    use(test.kek());
    use(other.kek());
    keks.forget(other.kek().name().id());

    assertEquals(Set.of(test.kek().name().id()), keks.keksOf(TestKek.KEYSTORE));
    assertEquals(Set.of(), keks.keksOf(new KeystoreName("acme", "elsewhere")));
  }

  @Test
  void hotKek_inTheLastQuarter_isRefreshedByOneRealDecrypt() {
    PrivateKek before = use(test.kek());
    time.pass(Duration.ofSeconds(44));
    use(test.kek());
    assertEquals(1, kms.decrypts());
    kms.hold();
    time.pass(Duration.ofSeconds(1));
    for (int i = 0; i < 100; i++) {
      assertSame(before.key(), use(test.kek()).key());
    }
    assertEquals(2, kms.decrypts());

    kms.release();

    PrivateKek after = use(test.kek());
    assertNotSame(before.key(), after.key());
    assertTrue(test.opensWith(after.key()));
    assertThrows(IllegalStateException.class, () -> test.opensWith(before.key()));
    assertEquals(2, kms.decrypts());
    time.pass(Duration.ofSeconds(44));
    assertSame(after.key(), use(test.kek()).key());
  }

  @Test
  void idleKek_isNotRefreshed() {
    use(test.kek());

    time.pass(LIFETIME.multipliedBy(10));

    assertEquals(1, kms.decrypts());
  }

  /// Not at the bound, a quarter of the lifetime later.
  @Test
  void refresh_refused_isReportedAtOnce() {
    Instant started = time.instant();
    use(test.kek()).close();
    time.pass(LIFETIME.multipliedBy(3).dividedBy(4));
    kms.refuse(KmsFailure.Kind.ACCESS_DENIED);

    use(test.kek()).close();

    String keystore = TestKek.KEYSTORE.toString();
    assertEquals(
        List.of(keystore + " since " + started, keystore + " ACCESS_DENIED"), recorded.list());
    assertEquals(1, rootKeys.failing().size());
  }

  @Test
  void refresh_refused_isTriedAgainLater() {
    use(test.kek());
    kms.refuse(KmsFailure.Kind.UNREACHABLE);
    time.pass(Duration.ofSeconds(45));
    use(test.kek());
    use(test.kek());
    assertEquals(2, kms.decrypts());

    time.pass(Duration.ofSeconds(8));
    kms.admit();
    use(test.kek());

    assertEquals(3, kms.decrypts());
    time.pass(Duration.ofSeconds(30));
    assertTrue(test.opensWith(use(test.kek()).key()));
    assertEquals(3, kms.decrypts());
  }

  @Test
  void lifetimeZero_eachUse_makesItsOwnDecryptAndKeepsNothing() {
    Kek uncached = test.withLifetime(Duration.ZERO);
    for (int i = 1; i <= 3; i++) {
      PrivateKek lease = use(uncached);
      assertTrue(test.opensWith(lease.key()));
      assertNotNull(lease.requestId());
      lease.close();
      assertThrows(IllegalStateException.class, () -> test.opensWith(lease.key()));
      assertEquals(i, kms.decrypts());
    }
    assertEquals(0, keks.size());
  }

  @Test
  void lifetimeSetToZero_whileTheKeyIsInMemory_wipesIt() {
    PrivateKek kept = use(test.kek());

    use(test.withLifetime(Duration.ZERO)).close();

    assertThrows(IllegalStateException.class, () -> test.opensWith(kept.key()));
    assertEquals(0, keks.size());
  }

  @Test
  void lifetime_shortened_isObeyedForKeysInMemory() {
    use(test.kek());
    time.pass(Duration.ofSeconds(10));
    kms.refuse(KmsFailure.Kind.ACCESS_DENIED);
    use(test.withLifetime(Duration.ofSeconds(11)));

    assertEquals(KmsFailure.Kind.ACCESS_DENIED, refused(test.withLifetime(Duration.ofSeconds(10))));
  }

  @Test
  void lease_ofAShortenedLifetime_expiresAtThatLifetime() {
    use(test.kek());
    PrivateKek lease = use(test.withLifetime(Duration.ofSeconds(10)));

    time.pass(Duration.ofSeconds(10));

    assertTrue(lease.isExpired());
  }

  @Test
  void lifetime_prolonged_doesNotProlongKeysInMemory() {
    use(test.kek());
    time.pass(LIFETIME);
    kms.refuse(KmsFailure.Kind.ACCESS_DENIED);

    assertEquals(KmsFailure.Kind.ACCESS_DENIED, refused(test.withLifetime(Duration.ofMinutes(15))));
  }

  @Test
  void memory_isBounded_andWipesWhatItDrops() {
    MemoryPrivateKeks small = keks(TestCacheConfig.defaults().withMaxPrivateKeks(10));
    List<TestKek> tests = Stream.generate(() -> TestKek.of(kms, LIFETIME)).limit(40).toList();
    List<PrivateKek> leases = new ArrayList<>();
    for (TestKek each : tests) {
      leases.add(small.privateKek(each.kek()).uni().await().indefinitely());
    }
    small.cleanUp();

    long usable = 0;
    for (int i = 0; i < tests.size(); i++) {
      usable += isWiped(tests.get(i), leases.get(i)) ? 0 : 1;
    }

    assertEquals(10, small.size());
    assertEquals(10, usable);
  }

  private static boolean isWiped(TestKek kek, PrivateKek lease) {
    try {
      return !kek.opensWith(lease.key());
    } catch (IllegalStateException e) {
      return true;
    }
  }

  @Test
  void unusedKey_withinTwoSecondsAfterItsBound_isWiped() {
    PrivateKek lease = use(test.kek());
    time.pass(LIFETIME.minus(TICK));
    keks.cleanUp();
    assertTrue(test.opensWith(lease.key()));

    time.pass(Duration.ofSeconds(2));
    keks.cleanUp();

    assertThrows(IllegalStateException.class, () -> test.opensWith(lease.key()));
    assertEquals(0, keks.size());
  }

  @Test
  void forget_wipesTheKeyAndTheNextUseAsksKms() {
    PrivateKek lease = use(test.kek());

    keks.forget(test.kek().name().id());

    assertThrows(IllegalStateException.class, () -> test.opensWith(lease.key()));
    assertTrue(test.opensWith(use(test.kek()).key()));
    assertEquals(2, kms.decrypts());
  }

  @Test
  void forget_duringADecrypt_doesNotLetTheKeyBack() throws Exception {
    kms.hold();
    CompletableFuture<PrivateKek> answer =
        keks.privateKek(test.kek()).uni().subscribeAsCompletionStage();

    keks.forget(test.kek().name().id());
    kms.release();

    PrivateKek lease = answer.get();
    assertThrows(IllegalStateException.class, () -> test.opensWith(lease.key()));
    assertEquals(0, keks.size());
  }

  @Test
  void forgetAll_wipesEveryKey() {
    TestKek other = TestKek.of(kms, LIFETIME);
    PrivateKek lease = use(test.kek());
    PrivateKek otherLease = use(other.kek());

    keks.forgetAll();

    assertThrows(IllegalStateException.class, () -> test.opensWith(lease.key()));
    assertThrows(IllegalStateException.class, () -> other.opensWith(otherLease.key()));
  }

  @Test
  void requestId_isThatOfTheDecryptThisUseCaused() {
    assertNotNull(use(test.kek()).requestId());
    assertNull(use(test.kek()).requestId());
  }
}
