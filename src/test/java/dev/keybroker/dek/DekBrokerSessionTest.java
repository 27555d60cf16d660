package dev.keybroker.dek;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.crypto.CryptoProvider;
import dev.keybroker.crypto.DekWrapping;
import dev.keybroker.crypto.EncryptionContext;
import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.crypto.WrappingKey;
import dev.keybroker.kek.ActiveKek;
import dev.keybroker.kek.ActiveKeks;
import dev.keybroker.kek.ElapsedTime;
import dev.keybroker.kek.Kek;
import dev.keybroker.kek.KekCacheConfig;
import dev.keybroker.kek.KekChange;
import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KekState;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kek.MemoryPrivateKeks;
import dev.keybroker.kek.RecordedAnswers;
import dev.keybroker.kek.RootKeyAdmission;
import dev.keybroker.kek.RootKeyConfig;
import dev.keybroker.kek.RootKeyStates;
import dev.keybroker.kms.FakeKms;
import dev.keybroker.kms.GeneratedKeyPair;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.KmsAction;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsContext;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.KmsKey;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.smallrye.mutiny.Uni;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The wrap session and the secrets that unwraps leave behind, with real cryptography, a key
/// management service that can say no, and time that passes when the test says so.
class DekBrokerSessionTest {
  private static final Duration LIFETIME = Duration.ofSeconds(60);
  private static final int LANE_THREADS = 2;
  private static final int LANE_QUEUE = 100;
  private static final KeystoreName KEYSTORE = new KeystoreName("acme", "calls");
  private static final KmsKey ROOT_KEY =
      new KmsKey(KmsArn.parse("arn:aws:kms:eu-central-1:111122223333:key/k-1"), null);
  private static final EncryptionContext CONTEXT =
      EncryptionContext.of(Map.of("recording-id", "r-1"));

  private final CryptoProvider provider = CryptoProvider.detect();
  private final SecureRandom random = new SecureRandom();
  private final KeyCodec codec = new KeyCodec(provider);
  private final DekWrapping wrapping = new DekWrapping(provider, random);
  private final FakeKms kms = new FakeKms(provider);
  private final AtomicLong nanos = new AtomicLong();
  private final AtomicLong suspendedMillis = new AtomicLong();
  private final Ticker elapsed = new ElapsedTime(nanos::get, new WallClock());
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final Map<UUID, Kek> keks = new HashMap<>();
  private final MemoryPrivateKeks privateKeks =
      new MemoryPrivateKeks(kms, states(), codec, new CacheConfig(), elapsed, registry);
  private final OpenedSecrets openedSecrets = new OpenedSecrets(() -> 1000, elapsed);
  private final UnwrapLane lane =
      new UnwrapLane(
          new UnwrapLaneTest.TestLaneConfig(LANE_THREADS, LANE_QUEUE, Duration.ofSeconds(10), 19),
          () -> Runnable::run,
          () -> {},
          registry);
  private ActiveKek active = newKek(KeyPairSpec.ECC_NIST_P256, LIFETIME);
  private WrapSessions sessions = sessions(1 << 20);

  @AfterEach
  void close() {
    lane.close();
  }

  @Test
  void wrap_withinTheBounds_usesOneEncapsulationAndAFreshSalt() {
    Set<ByteBuffer> encapsulations = new HashSet<>();
    Set<ByteBuffer> salts = new HashSet<>();
    for (int i = 0; i < 1000; i++) {
      byte[] wrapped = wrap();
      encapsulations.add(ByteBuffer.wrap(wrapped, 18, 65));
      salts.add(ByteBuffer.wrap(wrapped, 83, 16));
    }
    assertEquals(1, encapsulations.size());
    assertEquals(1000, salts.size());
  }

  @Test
  void wrap_withSessionsOff_usesAnEncapsulationForEachDek() {
    sessions = sessions(1);
    assertEquals(50, encapsulationsOf(50));
  }

  @Test
  void session_reachesItsNumberOfDeks_isFollowedByAnother() {
    sessions = sessions(160);
    Map<ByteBuffer, Integer> deks = new HashMap<>();
    for (int i = 0; i < 100; i++) {
      deks.merge(ByteBuffer.wrap(encapsulation(wrap())), 1, Integer::sum);
    }
    // One thread counts in one of sixteen stripes, of 10 DEKs; the successor comes a little before.
    assertTrue(deks.values().stream().allMatch(count -> count <= 10), deks.values()::toString);
    assertTrue(deks.size() >= 10 && deks.size() <= 20, deks.values()::toString);
  }

  @Test
  void session_usedByManyThreads_neverServesMoreThanItsBound() throws InterruptedException {
    sessions = sessions(64);
    Map<ByteBuffer, Integer> deks = new HashMap<>();
    List<ByteBuffer> all = new ArrayList<>();
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      threads.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    for (int j = 0; j < 500; j++) {
                      ByteBuffer encapsulation = ByteBuffer.wrap(encapsulation(wrap()));
                      synchronized (all) {
                        all.add(encapsulation);
                      }
                    }
                  }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertEquals(4000, all.size());
    all.forEach(encapsulation -> deks.merge(encapsulation, 1, Integer::sum));
    assertTrue(deks.values().stream().allMatch(count -> count <= 64), deks.values()::toString);
  }

  @Test
  void session_reachesItsTime_isFollowedByAnotherAndWiped() {
    byte[] first = wrap();
    for (int wraps = 1; wraps < WrapSession.BUSY; wraps++) {
      wrap();
    }
    pass(Duration.ofSeconds(44));
    assertArrayEquals(encapsulation(first), encapsulation(wrap()));
    pass(Duration.ofSeconds(2));
    // Three quarters are over: this wrap makes the successor, beside itself.
    wrap();
    assertFalse(
        ByteBuffer.wrap(encapsulation(first)).equals(ByteBuffer.wrap(encapsulation(wrap()))));
  }

  @Test
  void session_rarelyUsed_servesToItsEnd_andHasNoSuccessorBefore() {
    byte[] first = wrap();
    pass(Duration.ofSeconds(59));
    wrap();
    assertArrayEquals(encapsulation(first), encapsulation(wrap()));

    pass(Duration.ofSeconds(1));

    assertFalse(
        ByteBuffer.wrap(encapsulation(first)).equals(ByteBuffer.wrap(encapsulation(wrap()))));
  }

  @Test
  void session_kekIsRotated_neverServesTheOtherKek() {
    wrap();
    ActiveKek before = active;
    active = newKek(KeyPairSpec.ECC_NIST_P256, LIFETIME);
    byte[] wrapped = wrap();
    assertFalse(before.name().id().equals(kekOf(wrapped)));
    assertEquals(active.name().id(), kekOf(wrapped));
    assertUnwraps(wrapped);
  }

  @Test
  void wrap_failClosedKekInMemory_isReadOnce() {
    ActiveKek closed =
        new ActiveKek(
            active.name(),
            active.key(),
            active.rootKey(),
            true,
            active.createTime(),
            active.readTime());
    AtomicInteger reads = new AtomicInteger();
    ActiveKeks inMemory =
        new ActiveKeks() {
          @Override
          public Uni<ActiveKek> active(KeystoreName keystore) {
            reads.incrementAndGet();
            return Uni.createFrom().item(closed);
          }

          @Override
          public ActiveKek freshActive(KeystoreName keystore) {
            reads.incrementAndGet();
            return closed;
          }
        };
    RootKeyStates known = states();
    known.ended(closed.rootKey(), KmsAction.DECRYPT, nanos.get(), null);
    DekBroker broker = broker(inMemory, rootKeys(known));
    broker
        .wrap(closed.name().keystore(), SecretBytes.adopt(new byte[32]), EncryptionContext.empty())
        .uni()
        .await()
        .atMost(Duration.ofSeconds(5));
    assertEquals(1, reads.get());
  }

  @Test
  void session_kekChanges_isEnded() {
    byte[] first = wrap();
    sessions.changed(new KekChange.OfKeystore(KEYSTORE));
    byte[] second = wrap();
    sessions.changed(new KekChange.OfKek(active.name().id()));
    byte[] third = wrap();
    assertEquals(
        3,
        Set.of(
                ByteBuffer.wrap(encapsulation(first)),
                ByteBuffer.wrap(encapsulation(second)),
                ByteBuffer.wrap(encapsulation(third)))
            .size());
  }

  @ParameterizedTest
  @EnumSource(KeyPairSpec.class)
  void wrap_underASession_unwrapsForEverySpec(KeyPairSpec spec) {
    active = newKek(spec, LIFETIME);
    for (int i = 0; i < 3; i++) {
      assertUnwraps(wrap());
    }
  }

  @Test
  void unwrap_ofOneSession_decapsulatesOnce() {
    for (int i = 0; i < 20; i++) {
      assertUnwraps(wrap());
    }
    assertEquals(1, kms.decrypts());
    // Nothing is asked of KMS or of the lane any more: with the private key gone it still unwraps.
    privateKeks.forgetAll();
    assertUnwraps(wrap());
    assertEquals(1, kms.decrypts());
  }

  @Test
  void unwrap_laneIsFull_isRefusedBeforeKmsIsCalled() {
    byte[] wrapped = wrap();
    CountDownLatch finish = new CountDownLatch(1);
    List<CompletableFuture<Boolean>> running = new ArrayList<>();
    for (int i = 0; i < LANE_THREADS + LANE_QUEUE; i++) {
      running.add(lane.run(() -> isDown(finish)).subscribeAsCompletionStage());
    }

    assertThrows(DekFailure.Overloaded.class, () -> unwrapped(wrapped));

    assertEquals(0, kms.decrypts());
    finish.countDown();
    running.forEach(each -> assertTrue(each.join()));
    assertUnwraps(wrapped);
  }

  private static boolean isDown(CountDownLatch latch) {
    try {
      return latch.await(20, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  @Test
  void unwrap_accessIsWithdrawn_endsAtTheBoundOfThePrivateKek() {
    byte[] one = wrap();
    byte[] another = wrap();
    assertUnwraps(one);
    pass(Duration.ofSeconds(10));
    kms.refuse(KmsFailure.Kind.ACCESS_DENIED);
    for (int second = 10; second < 60; second++) {
      // Under constant use, which must not prolong it.
      assertUnwraps(one);
      assertUnwraps(another);
      pass(Duration.ofSeconds(1));
    }
    assertRefused(one);
    assertRefused(another);
  }

  @Test
  void machineSuspended_endsSessionAndOpenedSecretsByTheWallClock() {
    byte[] before = wrap();
    assertUnwraps(before);
    UnwrappedResult result = unwrapped(before);

    suspendedMillis.addAndGet(LIFETIME.toMillis());

    assertTrue(result.isOver());
    assertFalse(
        ByteBuffer.wrap(encapsulation(before)).equals(ByteBuffer.wrap(encapsulation(wrap()))));
    openedSecrets.cleanUp();
    assertEquals(0, openedSecrets.size());
    kms.refuse(KmsFailure.Kind.ACCESS_DENIED);
    assertRefused(before);
  }

  @Test
  void lifetimeLowered_openedSecretThatIsOlder_isWipedAtOnce() {
    assertUnwraps(wrap());
    assertEquals(1, openedSecrets.size());
    pass(Duration.ofSeconds(10));
    setLifetime(Duration.ofSeconds(10));

    openedSecrets.limit(keks.get(active.name().id()));

    assertEquals(0, openedSecrets.size());
  }

  @Test
  void lifetimeLowered_openedSecretThatIsYounger_isWipedAtThatAge() {
    byte[] wrapped = wrap();
    assertUnwraps(wrapped);
    setLifetime(Duration.ofSeconds(10));
    openedSecrets.limit(keks.get(active.name().id()));
    assertUnwraps(wrapped);
    assertEquals(1, kms.decrypts());

    pass(Duration.ofSeconds(12));
    openedSecrets.cleanUp();

    assertEquals(0, openedSecrets.size());
  }

  @Test
  void change_keepsWhatAKekThatUnwrapsHolds_andWipesTheRest() {
    byte[] wrapped = wrap();
    assertUnwraps(wrapped);
    UUID id = active.name().id();
    Kek kek = keks.get(id);
    HeldSecrets readable =
        new HeldSecrets(read -> Uni.createFrom().item(kek), privateKeks, openedSecrets);
    HeldSecrets unreadable =
        new HeldSecrets(
            read -> Uni.createFrom().failure(new KekFailure.StoreUnavailable()),
            privateKeks,
            openedSecrets);

    // The record of a KEK that was only rotated: a call that is running keeps its private key.
    readable.recheck(id);
    readable.recheck(KEYSTORE);
    unreadable.recheck(new KeystoreName("acme", "elsewhere"));
    assertEquals(1, openedSecrets.size());
    assertEquals(Set.of(id), privateKeks.keksOf(KEYSTORE));

    unreadable.recheck(KEYSTORE);
    assertEquals(0, openedSecrets.size());
    assertEquals(Set.of(), privateKeks.keksOf(KEYSTORE));

    assertUnwraps(wrapped);
    new HeldSecrets(read -> Uni.createFrom().item(disabled(kek)), privateKeks, openedSecrets)
        .recheck(id);
    assertEquals(0, openedSecrets.size());
    assertEquals(Set.of(), privateKeks.keksOf(KEYSTORE));
  }

  private static Kek disabled(Kek kek) {
    return new Kek(
        kek.name(),
        KekState.DISABLED,
        kek.spec(),
        kek.rootKey(),
        kek.encryptedPrivateKey(),
        kek.privateKekLifetime(),
        kek.readTime());
  }

  @Test
  void unwrapped_byThePrivateKek_isOverAtItsBound() {
    assertOverAtTheBound(unwrapped(wrap()), LIFETIME);
  }

  @Test
  void unwrapped_byAnOpenedSecret_isOverAtTheBoundOfThePrivateKek() {
    byte[] wrapped = wrap();
    assertUnwraps(wrapped);
    pass(Duration.ofSeconds(20));
    UnwrappedResult result = unwrapped(wrapped);
    assertEquals(1, kms.decrypts());
    assertOverAtTheBound(result, LIFETIME.minusSeconds(20));
  }

  @Test
  void rewrapped_isOverAtTheBoundOfTheSource() {
    byte[] wrapped = wrap();
    assertOverAtTheBound(
        broker()
            .rewrap(KEYSTORE, wrapped, CONTEXT, KEYSTORE)
            .await()
            .atMost(Duration.ofSeconds(10)),
        LIFETIME);
  }

  @Test
  void unwrapped_whileTheKeyIsRefreshed_isReleasedUntilTheBoundOfTheLaterDecrypt() {
    byte[] wrapped = wrap();
    UnwrappedResult result = unwrapped(wrapped);
    pass(Duration.ofSeconds(50));
    assertUnwraps(wrapped);
    assertEquals(2, kms.decrypts());
    assertOverAtTheBound(result, LIFETIME);
  }

  private UnwrappedResult unwrapped(byte[] wrapped) {
    return broker().unwrap(KEYSTORE, wrapped, CONTEXT).uni().await().atMost(Duration.ofSeconds(10));
  }

  private void assertOverAtTheBound(Releasable result, Duration left) {
    pass(left.minusNanos(1));
    assertFalse(result.isOver());
    pass(Duration.ofNanos(1));
    assertTrue(result.isOver());
  }

  @Test
  void unwrap_lifetimeIsShortened_forgetsOpenedSecretsToo() {
    byte[] wrapped = wrap();
    assertUnwraps(wrapped);
    pass(Duration.ofSeconds(20));
    setLifetime(Duration.ofSeconds(10));
    kms.refuse(KmsFailure.Kind.ACCESS_DENIED);
    assertRefused(wrapped);
  }

  @Test
  void unwrap_withLifetimeZero_keepsNoSecret() {
    active = newKek(KeyPairSpec.ECC_NIST_P256, Duration.ZERO);
    byte[] wrapped = wrap();
    for (int i = 0; i < 5; i++) {
      assertUnwraps(wrapped);
    }
    assertEquals(5, kms.decrypts());
  }

  @Test
  void unwrap_kekIsChanged_forgetsOpenedSecrets() {
    byte[] wrapped = wrap();
    assertUnwraps(wrapped);
    KekChange change = new KekChange.OfKek(active.name().id());
    openedSecrets.changed(change);
    privateKeks.forget(active.name().id());
    kms.refuse(KmsFailure.Kind.KEY_DISABLED);
    assertRefused(wrapped);
  }

  @Test
  void unwrap_otherContextUnderAKnownSecret_isNotAuthentic() {
    byte[] wrapped = wrap();
    assertUnwraps(wrapped);
    assertThrows(
        DekFailure.NotAuthentic.class,
        () ->
            broker()
                .unwrap(KEYSTORE, wrapped, EncryptionContext.of(Map.of("recording-id", "r-2")))
                .uni()
                .await()
                .indefinitely());
  }

  private void assertUnwraps(byte[] wrapped) {
    try (UnwrappedResult result =
        broker().unwrap(KEYSTORE, wrapped, CONTEXT).uni().await().atMost(Duration.ofSeconds(10))) {
      assertArrayEquals(dekOf(wrapped), result.dek().toByteArray());
    }
  }

  private void assertRefused(byte[] wrapped) {
    assertThrows(
        KmsFailure.class,
        () ->
            broker()
                .unwrap(KEYSTORE, wrapped, CONTEXT)
                .uni()
                .await()
                .atMost(Duration.ofSeconds(10)));
  }

  @Test
  void wrap_ends_wipesTheCallersDek() {
    SecretBytes dek = SecretBytes.random(32, random);
    byte[] copy = dek.toByteArray();

    WrappedResult wrapped = broker().wrap(KEYSTORE, dek, CONTEXT).uni().await().indefinitely();

    assertNull(wrapped.dek());
    assertThrows(IllegalStateException.class, dek::toByteArray);
    try (UnwrappedResult opened =
        broker().unwrap(KEYSTORE, wrapped.wrappedDek(), CONTEXT).uni().await().indefinitely()) {
      assertArrayEquals(copy, opened.dek().toByteArray());
    }
  }

  @Test
  void wrap_failsOrIsCancelled_wipesTheCallersDek() {
    SecretBytes failed = SecretBytes.random(32, random);
    DekBroker without =
        broker(
            keystore -> Uni.createFrom().failure(new KekFailure.UnknownKeystore(keystore)),
            rootKeys(states()));
    assertThrows(
        KekFailure.UnknownKeystore.class,
        () -> without.wrap(KEYSTORE, failed, CONTEXT).uni().await().indefinitely());
    assertThrows(IllegalStateException.class, failed::toByteArray);

    SecretBytes cancelled = SecretBytes.random(32, random);
    DekBroker waiting = broker(keystore -> Uni.createFrom().nothing(), rootKeys(states()));
    waiting.wrap(KEYSTORE, cancelled, CONTEXT).uni().subscribe().with(wrapped -> {}).cancel();
    assertThrows(IllegalStateException.class, cancelled::toByteArray);
  }

  @Test
  void wrapNew_givesTheDekOnlyIfAskedFor_andWipesItWhenClosed() {
    WrappedResult without =
        broker().wrapNew(KEYSTORE, 16, false, CONTEXT).uni().await().indefinitely();
    assertNull(without.dek());

    WrappedResult with = broker().wrapNew(KEYSTORE, 48, true, CONTEXT).uni().await().indefinitely();
    SecretBytes dek = with.dek();
    assertEquals(48, dek.size());
    try (UnwrappedResult opened =
        broker().unwrap(KEYSTORE, with.wrappedDek(), CONTEXT).uni().await().indefinitely()) {
      assertEquals(dek, opened.dek());
    }
    with.close();
    assertThrows(IllegalStateException.class, dek::toByteArray);
  }

  private final Map<ByteBuffer, byte[]> deks = new HashMap<>();

  private byte[] dekOf(byte[] wrapped) {
    return deks.getOrDefault(ByteBuffer.wrap(wrapped), new byte[0]);
  }

  private byte[] wrap() {
    try (WrappedResult wrapped =
        broker()
            .wrapNew(KEYSTORE, 32, true, CONTEXT)
            .uni()
            .await()
            .atMost(Duration.ofSeconds(10))) {
      synchronized (deks) {
        deks.put(ByteBuffer.wrap(wrapped.wrappedDek()), wrapped.dek().toByteArray());
      }
      return wrapped.wrappedDek();
    }
  }

  private long encapsulationsOf(int wraps) {
    return IntStream.range(0, wraps)
        .mapToObj(i -> ByteBuffer.wrap(encapsulation(wrap())))
        .distinct()
        .count();
  }

  private static byte[] encapsulation(byte[] wrapped) {
    byte[] encapsulation = new byte[65];
    System.arraycopy(wrapped, 18, encapsulation, 0, 65);
    return encapsulation;
  }

  private static UUID kekOf(byte[] wrapped) {
    ByteBuffer bytes = ByteBuffer.wrap(wrapped, 2, 16);
    return new UUID(bytes.getLong(), bytes.getLong());
  }

  private void pass(Duration time) {
    nanos.addAndGet(time.toNanos());
  }

  private DekBroker broker() {
    return broker(keystore -> Uni.createFrom().item(active), rootKeys(states()));
  }

  private RootKeyStates states() {
    return new RootKeyStates(new KeyConfig(), RecordedAnswers::new, nanos::get, Clock.systemUTC());
  }

  private RootKeyAdmission rootKeys(RootKeyStates states) {
    return new RootKeyAdmission(
        states,
        id -> Uni.createFrom().item(keks.get(id)),
        kms,
        new KeyConfig(),
        new CacheConfig(),
        nanos::get,
        Clock.systemUTC());
  }

  private DekBroker broker(ActiveKeks activeKeks, RootKeyAdmission rootKeys) {
    return new DekBroker(
        activeKeks,
        id -> Uni.createFrom().item(keks.get(id)),
        privateKeks,
        wrapping,
        sessions,
        openedSecrets,
        lane,
        rootKeys,
        new DekMetrics(registry));
  }

  private WrapSessions sessions(int maxDeks) {
    return new WrapSessions(wrapping, new SessionConfig(maxDeks), elapsed, Runnable::run);
  }

  private ActiveKek newKek(KeyPairSpec spec, Duration lifetime) {
    KmsContext context = new KmsContext(Map.of("keybroker:tenant", "acme"));
    GeneratedKeyPair pair =
        kms.generateKeyPair(new KeyUse(ROOT_KEY, context), spec)
            .await()
            .atMost(Duration.ofSeconds(30));
    WrappingKey publicKey = codec.parsePublic(spec, pair.publicKey());
    KekName name = new KekName(KEYSTORE, UUID.randomUUID());
    keks.put(
        name.id(),
        new Kek(
            name,
            KekState.ACTIVE,
            spec,
            new KeyUse(new KmsKey(pair.keyArn(), null), context),
            pair.encryptedPrivateKey(),
            lifetime,
            Instant.EPOCH));
    return new ActiveKek(
        name,
        publicKey,
        new KeyUse(new KmsKey(pair.keyArn(), null), context),
        false,
        Instant.EPOCH,
        Instant.EPOCH);
  }

  private void setLifetime(Duration lifetime) {
    keks.computeIfPresent(
        active.name().id(),
        (id, kek) ->
            new Kek(
                kek.name(),
                kek.state(),
                kek.spec(),
                kek.rootKey(),
                kek.encryptedPrivateKey(),
                lifetime,
                kek.readTime()));
  }

  /// Goes with the ticker, and on while the machine is suspended.
  private final class WallClock extends Clock {
    @Override
    public Instant instant() {
      return Instant.ofEpochSecond(1_800_000_000)
          .plusNanos(nanos.get())
          .plusMillis(suspendedMillis.get());
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      throw new UnsupportedOperationException();
    }
  }

  private record SessionConfig(int maxDeks) implements WrapSessionConfig {
    @Override
    public Duration lifetime() {
      return Duration.ofSeconds(60);
    }

    @Override
    public long maxSessions() {
      return 100;
    }
  }

  private record CacheConfig() implements KekCacheConfig {
    @Override
    public Duration freshness() {
      return Duration.ofSeconds(30);
    }

    @Override
    public Duration staleWait() {
      return Duration.ofMillis(250);
    }

    @Override
    public Duration staleAge() {
      return Duration.ofSeconds(1);
    }

    @Override
    public Duration unwrapMaxAge() {
      return Duration.ofHours(24);
    }

    @Override
    public Duration unknownTime() {
      return Duration.ofSeconds(5);
    }

    @Override
    public long maxUnknown() {
      return 100;
    }

    @Override
    public Duration retry() {
      return Duration.ofSeconds(1);
    }

    @Override
    public long maxRecordBytes() {
      return 1 << 20;
    }

    @Override
    public long maxPrivateKeks() {
      return 100;
    }
  }

  /// No call of KMS but those that a test counts.
  private static final class KeyConfig implements RootKeyConfig {
    @Override
    public Duration freshness() {
      return LIFETIME;
    }

    @Override
    public Duration retry() {
      return Duration.ofSeconds(1);
    }

    @Override
    public int backgroundRate() {
      return 0;
    }

    @Override
    public long max() {
      return 1000;
    }
  }
}
