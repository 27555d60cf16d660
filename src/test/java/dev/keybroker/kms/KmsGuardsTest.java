package dev.keybroker.kms;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.crypto.CryptoProvider;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.grpc.Eventually;
import dev.keybroker.kms.KmsFailure.Kind;
import dev.keybroker.telemetry.Spans;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.runtime.configuration.DurationConverter;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.mutiny.subscription.Cancellable;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Within Quarkus, which the guards are part of.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
class KmsGuardsTest {
  private static final int CONCURRENCY = 4;
  private static final int QUEUE = 2;
  private static final long GUARDS_FIT = 16 * 1024 * 1024;
  private static final Duration DELAY = Duration.ofMillis(300);
  private static final KmsKey KEY = key("k-1");
  private static final KmsContext CONTEXT = new KmsContext(Map.of("keybroker:tenant", "acme"));

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final FakeKms fake = new FakeKms(CryptoProvider.detect());
  private final KmsGuards guards = new KmsGuards(new Config(), registry);
  private final Kms kms = guarded(guards);
  private final byte[] encrypted = encrypted();

  private Kms guarded(KmsGuards guards) {
    return new InstrumentedKms(
        fake,
        guards,
        (use, action, started, failure) -> {},
        System::nanoTime,
        new SimpleMeterRegistry(),
        Spans.off(),
        new KmsRequestCounts(InstantSource.system()));
  }

  private static KmsKey key(String id) {
    return new KmsKey(KmsArn.parse("arn:aws:kms:eu-central-1:111122223333:key/" + id), null);
  }

  private byte[] encrypted() {
    return fake.generateKeyPair(new KeyUse(KEY, CONTEXT), KeyPairSpec.ECC_NIST_P256)
        .await()
        .indefinitely()
        .encryptedPrivateKey();
  }

  private CompletableFuture<DecryptedPrivateKey> begin() {
    return kms.decryptPrivateKey(new KeyUse(KEY, CONTEXT), encrypted).subscribeAsCompletionStage();
  }

  private void decrypt() {
    begin().join().close();
  }

  private KmsFailure refusal() {
    CompletionException refused =
        assertThrows(CompletionException.class, () -> begin().join().close());
    return (KmsFailure) refused.getCause();
  }

  private double shed(String cause) {
    return registry.get("keybroker.kms.shed").tag("cause", cause).counter().count();
  }

  private double open() {
    return registry.get("keybroker.kms.breakers.open").gauges().stream()
        .mapToDouble(Gauge::value)
        .sum();
  }

  private double open(KmsAction operation) {
    return registry
        .get("keybroker.kms.breakers.open")
        .tag("operation", operation.tag())
        .gauge()
        .value();
  }

  private CompletableFuture<GeneratedKeyPair> generate() {
    return kms.generateKeyPair(new KeyUse(KEY, CONTEXT), KeyPairSpec.ECC_NIST_P256)
        .subscribeAsCompletionStage();
  }

  /// The defaults of [KmsGuardConfig], filled with guards that have been used.
  @Test
  void guards_fullToTheirDefaultNumber_fitBesideTheCaches() {
    KmsGuardConfig defaults =
        new SmallRyeConfigBuilder()
            .withMapping(KmsGuardConfig.class)
            .withConverter(Duration.class, 200, new DurationConverter())
            .build()
            .getConfigMapping(KmsGuardConfig.class);
    int number = Math.toIntExact(defaults.max());
    KmsGuards fullGuards = new KmsGuards(defaults, registry);
    Kms full = guarded(fullGuards);
    long before = usedHeap();
    for (int i = 0; i < number; i++) {
      full.describe(new KeyUse(key("k-" + i), KmsContext.NONE)).await().indefinitely();
    }
    long perGuard = (usedHeap() - before) / number;
    assertTrue(perGuard * number <= GUARDS_FIT, () -> number + " guards of " + perGuard + " bytes");
    assertEquals(0, fullGuards.notAsked().size());
  }

  private static long usedHeap() {
    for (int i = 0; i < 3; i++) {
      System.gc();
    }
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  @Test
  void calls_beyondConcurrencyAndQueue_areRefusedAtOnce() {
    fake.hold();
    List<CompletableFuture<DecryptedPrivateKey>> started = new ArrayList<>();
    for (int i = 0; i < CONCURRENCY + QUEUE; i++) {
      started.add(begin());
    }

    KmsFailure refused = refusal();

    assertEquals(Kind.TOO_MANY_CALLS, refused.kind());
    assertEquals(1, shed("bulkhead"));
    assertEquals(CONCURRENCY, fake.decrypts());
    fake.release();
    started.forEach(call -> call.join().close());
    assertEquals(CONCURRENCY + QUEUE, fake.decrypts());
    decrypt();
  }

  @Test
  void calls_ofAnotherKeyOrContext_areNotTouched() {
    fake.hold();
    List<CompletableFuture<DecryptedPrivateKey>> started = new ArrayList<>();
    for (int i = 0; i < CONCURRENCY + QUEUE; i++) {
      started.add(begin());
    }
    int before = fake.decrypts();
    KmsContext otherContext = new KmsContext(Map.of("keybroker:tenant", "emca"));

    List<CompletableFuture<?>> others =
        List.of(
            kms.decryptPrivateKey(new KeyUse(key("k-2"), CONTEXT), encrypted)
                .subscribeAsCompletionStage(),
            kms.decryptPrivateKey(new KeyUse(KEY, otherContext), encrypted)
                .subscribeAsCompletionStage());

    assertEquals(before + 2, fake.decrypts());
    fake.release();
    others.forEach(call -> assertThrows(CompletionException.class, call::join));
    started.forEach(call -> call.join().close());
  }

  @ParameterizedTest
  @EnumSource(names = {"UNREACHABLE", "THROTTLED"})
  void faults_openTheBreaker_whichSaysWhyAndLetsOneTryLater(Kind kind) {
    fake.refuse(kind);
    for (int i = 0; i < 4; i++) {
      refusal();
    }
    int before = fake.decrypts();
    assertEquals(1, open());
    assertEquals(
        List.of(new KeyOperation(new KeyUse(KEY, CONTEXT), KmsAction.DECRYPT)), guards.notAsked());

    KmsFailure refused = refusal();

    assertEquals(kind, refused.kind());
    assertTrue(refused.detail().startsWith("the fake was told to"), refused::detail);
    assertTrue(refused.detail().contains("breaker"), refused::detail);
    assertEquals(before, fake.decrypts());
    assertEquals(1, shed("breaker"));
    fake.admit();
    Eventually.holds(Duration.ofSeconds(5), () -> assertDoesNotThrow(this::decrypt));
    assertEquals(0, open());
    for (int i = 0; i < 10; i++) {
      decrypt();
    }
  }

  @Test
  void throttledKeyPairGeneration_opensItsOwnBreakerAndLeavesDecryptsAlone() {
    fake.refuse("kms:GenerateDataKeyPairWithoutPlaintext", Kind.THROTTLED);
    for (int i = 0; i < 5; i++) {
      assertThrows(CompletionException.class, () -> generate().join());
    }

    assertEquals(1, shed("breaker"));
    assertEquals(1, open(KmsAction.GENERATE_KEY_PAIR));
    assertEquals(0, open(KmsAction.DECRYPT));
    for (int i = 0; i < 10; i++) {
      decrypt();
    }
    kms.checkDecrypt(new KeyUse(KEY, CONTEXT), encrypted).await().indefinitely();
    kms.describe(new KeyUse(KEY, KmsContext.NONE)).await().indefinitely();
  }

  @Test
  void keyPairGenerationsThatHang_takeUpNoRoomOfDecrypts() {
    fake.hold("kms:GenerateDataKeyPairWithoutPlaintext");
    List<CompletableFuture<GeneratedKeyPair>> started = new ArrayList<>();
    for (int i = 0; i < CONCURRENCY + QUEUE; i++) {
      started.add(generate());
    }

    decrypt();

    fake.release();
    started.forEach(CompletableFuture::join);
  }

  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"UNREACHABLE", "THROTTLED"})
  void answers_doNotOpenTheBreaker(Kind kind) {
    fake.refuse(kind);
    for (int i = 0; i < 20; i++) {
      assertEquals(kind, refusal().kind());
    }
    assertEquals(20, fake.decrypts());
    assertEquals(0, open());
  }

  @Test
  void callsThatNobodyWaitsForAnyMore_openTheBreakerAllTheSame() {
    fake.hold();
    for (int i = 0; i < 4; i++) {
      Cancellable call =
          kms.decryptPrivateKey(new KeyUse(KEY, CONTEXT), encrypted).subscribe().with(answer -> {});
      call.cancel();
    }
    fake.refuse(Kind.UNREACHABLE);

    fake.release();

    Eventually.holds(Duration.ofSeconds(5), () -> assertEquals(1, open()));
  }

  @Test
  void queuedCall_thatNobodyWaitsForAnyMore_isNotMade() {
    fake.hold();
    List<CompletableFuture<DecryptedPrivateKey>> started = new ArrayList<>();
    for (int i = 0; i < CONCURRENCY; i++) {
      started.add(begin());
    }
    kms.decryptPrivateKey(new KeyUse(KEY, CONTEXT), encrypted)
        .subscribe()
        .with(answer -> {})
        .cancel();

    fake.release();

    started.forEach(call -> call.join().close());
    decrypt();
    assertEquals(CONCURRENCY + 1, fake.decrypts());
  }

  @Test
  void secretOfACallThatWasCancelled_isWiped() {
    fake.hold();
    CompletableFuture<DecryptedPrivateKey> answer = new CompletableFuture<>();
    KmsGuard guard =
        new KmsGuard(
            new KeyOperation(new KeyUse(KEY, CONTEXT), KmsAction.DECRYPT),
            new Config(),
            ConcurrentHashMap.newKeySet(),
            new KmsGuard.Shed(registry));
    guard
        .run(
            () ->
                fake.decryptPrivateKey(new KeyUse(KEY, CONTEXT), encrypted)
                    .invoke(answer::complete))
        .subscribe()
        .with(it -> {})
        .cancel();

    fake.release();

    DecryptedPrivateKey secret = answer.join();
    Eventually.holds(
        Duration.ofSeconds(5),
        () -> assertThrows(IllegalStateException.class, secret.privateKey()::toByteArray));
  }

  private record Config() implements KmsGuardConfig {
    @Override
    public int concurrency() {
      return CONCURRENCY;
    }

    @Override
    public int queue() {
      return QUEUE;
    }

    @Override
    public int breakerCalls() {
      return 4;
    }

    @Override
    public double breakerRatio() {
      return 0.75;
    }

    @Override
    public Duration breakerDelay() {
      return DELAY;
    }

    @Override
    public long max() {
      return 100;
    }
  }
}
