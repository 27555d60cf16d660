package dev.keybroker.keystore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.crypto.CryptoProvider;
import dev.keybroker.crypto.DekWrapping;
import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.crypto.KeyPairs;
import dev.keybroker.embedded.kms.LocalCredentials;
import dev.keybroker.embedded.kms.LocalKms;
import dev.keybroker.embedded.kms.LocalKmsOptions;
import dev.keybroker.kek.KekChange;
import dev.keybroker.kek.KekChanges;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.GrantTokens;
import dev.keybroker.kms.Kms;
import dev.keybroker.kms.MemoryQuotaLines;
import dev.keybroker.kms.QuotaGate;
import dev.keybroker.kms.TestQuotaConfig;
import dev.keybroker.kms.TestTimer;
import dev.keybroker.kms.WaitingKms;
import dev.keybroker.kms.aws.AwsConfig;
import dev.keybroker.kms.aws.AwsKms;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.runtime.configuration.DurationConverter;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.mutiny.Uni;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.eclipse.microprofile.config.spi.Converter;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.KmsServiceClientConfiguration;

/// Two brokers before a local KMS that enforces AWS's request quotas: 100 ECC key pairs a second.
/// Time passes by the test's hand for brokers and KMS alike, and no call takes any.
@SuppressWarnings("NullAway.Init") // set before each test
class QuotaStormTest {
  private static final String GENERATE = "GenerateDataKeyPairWithoutPlaintext";
  private static final Duration SECOND = Duration.ofSeconds(1);

  /// Of the quota, nine tenths are used, half of them by scheduled rotations.
  private static final double SCHEDULED_A_SECOND = 100 * 0.9 * 0.5;

  private static final Duration LONGEST_WAIT = Duration.ofSeconds(10);

  private final TestTimer time = new TestTimer();
  private final MemoryQuotaLines shared = new MemoryQuotaLines(time);
  private final List<KeystoreAdmin> brokers = new ArrayList<>();
  private boolean sharedIsAway;
  private LocalKms server;
  private AwsKms aws;
  private DueKeystores keystores;

  @BeforeEach
  void start() {
    server = LocalKms.start(LocalKmsOptions.inMemory().withClock(time));
    StaticCredentialsProvider broker =
        credentials(server.principal("111122223333", "broker", LocalKms.ADMINISTRATOR_ACCESS));
    aws =
        new AwsKms(
            KmsServiceClientConfiguration.builder()
                .region(Region.EU_CENTRAL_1)
                .endpointOverride(server.endpoint())
                .credentialsProvider(broker)
                .build(),
            config(
                AwsConfig.class,
                Map.of(
                    // A retry would hide that KMS throttles.
                    "keybroker.aws.max-attempts", "1",
                    "keybroker.aws.api-call-attempt-timeout", "20s",
                    "keybroker.aws.api-call-timeout", "30s",
                    "keybroker.aws.key-pair-timeout", "30s")),
            List.of(),
            new GrantTokens(Ticker.systemTicker()),
            time,
            Ticker.systemTicker(),
            new SimpleMeterRegistry());
    String key;
    try (SdkHttpClient http = UrlConnectionHttpClient.create();
        KmsClient kms =
            KmsClient.builder()
                .region(Region.EU_CENTRAL_1)
                .endpointOverride(server.endpoint())
                .httpClient(http)
                .credentialsProvider(broker)
                .build()) {
      key = kms.createKey().keyMetadata().arn();
    }
    keystores = new DueKeystores(TestSettings.of(key), time);
    server.enforceQuotas(true);
    broker();
    broker();
  }

  @AfterEach
  void stop() {
    aws.close();
    server.close();
  }

  private static StaticCredentialsProvider credentials(LocalCredentials credentials) {
    return StaticCredentialsProvider.create(
        AwsBasicCredentials.create(credentials.accessKeyId(), credentials.secretAccessKey()));
  }

  private static <T> T config(Class<T> mapping, Map<String, String> properties) {
    return new SmallRyeConfigBuilder()
        .withConverters(new Converter<?>[] {new DurationConverter()})
        .withMapping(mapping)
        .withSources(new PropertiesConfigSource(properties, "test", 100))
        .build()
        .getConfigMapping(mapping);
  }

  /// A broker that sweeps each second.
  private void broker() {
    Kms kms = new WaitingKms(aws);
    CryptoProvider provider = CryptoProvider.detect();
    SecureRandom random = new SecureRandom();
    KeyCodec codec = new KeyCodec(provider);
    QuotaGate gate =
        new QuotaGate(
            line ->
                sharedIsAway
                    ? Uni.createFrom().failure(new IllegalStateException("away"))
                    : shared.take(line),
            new MemoryQuotaLines(time),
            TestQuotaConfig.with("brokers", "2"),
            time,
            time,
            new SimpleMeterRegistry());
    RootKeyAccess access =
        new RootKeyAccess(
            config(KeystoreConfig.class, Map.of()), config(KmsContextConfig.class, Map.of()));
    KeyPairSource keyPairs =
        new KeyPairSource(kms, gate, codec, new KeyPairs(provider, random), new KeyPairLane());
    KekChanges changes = (KekChange change) -> Uni.createFrom().voidItem();
    Diagnosis diagnosis = new Diagnosis(kms, Optional.empty(), time);
    Rotation rotation =
        new Rotation(
            keystores,
            keystores,
            new KekGeneration(
                keystores, keyPairs, access, kek -> Uni.createFrom().voidItem(), changes),
            access,
            diagnosis);
    RootKeyCheck check =
        new RootKeyCheck(
            kms,
            keyPairs,
            codec,
            new DekWrapping(provider, random),
            random,
            diagnosis,
            config(KeystoreConfig.class, Map.of()),
            time);
    KeystoreAdmin admin =
        new KeystoreAdmin(
            keystores,
            access,
            check,
            gate,
            rotation,
            new ChangeTurns() {
              @Override
              public <T> Uni<T> inTurn(KeystoreName keystore, Supplier<Uni<T>> change) {
                return change.get();
              }
            },
            changes,
            time);
    brokers.add(admin);
    RotationConfig rotations =
        config(RotationConfig.class, Map.of("keybroker.rotation.jitter", "0s"));
    Backoff backoff = new Backoff(rotations, random);
    RotationSweep sweep =
        new RotationSweep(
            keystores,
            rotation,
            keystores,
            keystores,
            changes,
            gate,
            access,
            rotations,
            backoff,
            new KeyGrants(
                kms,
                keystores,
                keystores,
                access,
                admin,
                diagnosis,
                new GrantTokens(time),
                keystores,
                backoff),
            random);
    CompletableFuture<Void> done = CompletableFuture.completedFuture(null);
    sweep(sweep, done);
  }

  /// Never twice at once, as the broker's timer.
  private void sweep(RotationSweep sweep, CompletableFuture<Void> last) {
    CompletableFuture<Void> run = last.isDone() ? sweep.run().subscribeAsCompletionStage() : last;
    time.schedule(() -> sweep(sweep, run), 1, TimeUnit.SECONDS);
  }

  private List<KeystoreName> due(int number) {
    List<KeystoreName> names =
        IntStream.range(0, number).mapToObj(i -> new KeystoreName("due", "due-" + i)).toList();
    names.forEach(keystores::due);
    return names;
  }

  private long made(List<KeystoreName> names) {
    return names.stream().filter(name -> keystores.made(name) == 1).count();
  }

  private void assertNothingThrottled() {
    assertEquals(0, server.calls().of(GENERATE, "ThrottlingException"));
    assertEquals(0, keystores.failed());
  }

  /// A call of an administrator: when it was made, and what became of it.
  private final class Asked {
    private final Duration started = time.passed();
    private Duration took = Duration.ofDays(1);
    private Throwable failure = new AssertionError("not answered");

    Asked(Uni<?> call) {
      call.subscribe().with(answer -> ended(null), this::ended);
    }

    private void ended(Throwable refusal) {
      took = time.passed().minus(started);
      failure = refusal;
    }
  }

  @Test
  void testStorm_besideAThousandDueRotations_delaysNone_andInteractiveCallsAreAnswered() {
    List<KeystoreName> due = due(1_000);
    List<Asked> tests = new ArrayList<>();
    List<Asked> rotations = new ArrayList<>();
    Duration finished = null;
    for (int half = 0; half < 60 && finished == null; half++) {
      // 60 tenants run two tests a second each; one a second is let in.
      for (int tenant = 0; tenant < 60; tenant++) {
        KeystoreName name = new KeystoreName("storm-" + tenant, "calls");
        tests.add(new Asked(brokers.get(half % 2).test(name)));
      }
      if (half % 2 == 0) {
        KeystoreName name = new KeystoreName("quiet", "calls-" + half);
        rotations.add(new Asked(brokers.get(half / 2 % 2).rotate(name, null)));
      }
      time.pass(SECOND.dividedBy(2));
      finished = made(due) == due.size() ? time.passed() : null;
    }

    assertNotNull(finished, () -> made(due) + " rotations were made");
    double share = due.size() / SCHEDULED_A_SECOND;
    // A sweep more at either end, and the half second in which this test looks.
    assertTrue(finished.toMillis() / 1e3 <= share + 3, finished + " where " + share + " s is due");
    time.pass(LONGEST_WAIT);
    assertNothingThrottled();
    for (Asked rotation : rotations) {
      assertEquals(null, rotation.failure);
      assertTrue(rotation.took.compareTo(LONGEST_WAIT) <= 0, rotation.took::toString);
    }
    for (Asked test : tests) {
      assertTrue(test.took.compareTo(LONGEST_WAIT) <= 0, test.took::toString);
      assertTrue(
          switch (test.failure) {
            case null -> true;
            case KeystoreFailure.TestsLimited limited -> limited.retryAfter().isPositive();
            case KeystoreFailure.KeyPairsOverloaded full -> full.retryAfter().isPositive();
            default -> false;
          },
          () -> "" + test.failure);
    }
    long answered = tests.stream().filter(test -> test.failure == null).count();
    assertTrue(answered >= 0.8 * SCHEDULED_A_SECOND * share, answered + " tests answered");
  }

  @Test
  void testStormOfOneTenant_isRefused_andAnotherTenantsTestPasses() {
    List<Asked> storm = new ArrayList<>();
    List<Asked> quiet = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      storm.add(new Asked(brokers.get(i % 2).test(new KeystoreName("storm", "calls"))));
      if (i % 20 == 0) {
        quiet.add(new Asked(brokers.get(i % 2).test(new KeystoreName("quiet", "calls"))));
      }
      time.pass(Duration.ofMillis(50));
    }

    assertEquals(5, quiet.stream().filter(test -> test.failure == null).count());
    // One a second for five seconds, and one in advance.
    assertEquals(6, storm.stream().filter(test -> test.failure == null).count());
    assertEquals(
        94, storm.stream().filter(t -> t.failure instanceof KeystoreFailure.TestsLimited).count());
    assertNothingThrottled();
  }

  @Test
  void sharedLinesAway_rotationsGoOn_byEachBrokersPart_andNoneIsLost() {
    List<KeystoreName> due = due(200);
    time.pass(SECOND);
    sharedIsAway = true;
    time.pass(SECOND.multipliedBy(2));
    long during = made(due);
    Asked rotation = new Asked(brokers.getFirst().rotate(new KeystoreName("quiet", "calls"), null));
    time.pass(SECOND);
    sharedIsAway = false;
    time.pass(SECOND.multipliedBy(5));

    assertTrue(during > 20 && during <= 2 * SCHEDULED_A_SECOND, () -> during + " meanwhile");
    assertEquals(200, made(due));
    assertEquals(null, rotation.failure);
    assertNothingThrottled();
  }
}
