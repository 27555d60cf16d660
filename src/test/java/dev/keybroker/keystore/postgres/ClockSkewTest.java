package dev.keybroker.keystore.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.kek.KekChanges;
import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KekState;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.KekDetails;
import dev.keybroker.keystore.KekIntent;
import dev.keybroker.keystore.KekLife;
import dev.keybroker.keystore.KekRepository;
import dev.keybroker.keystore.Keystore;
import dev.keybroker.keystore.KeystoreAdmin;
import dev.keybroker.keystore.KeystoreRepository;
import dev.keybroker.keystore.RootKeyAccess;
import dev.keybroker.keystore.TenantAccount;
import dev.keybroker.keystore.TestSettings;
import dev.keybroker.postgres.DatabaseTime;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A broker whose clock is wrong, beside a database whose clock is right.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class ClockSkewTest {
  private static final Duration WAIT = Duration.ofDays(7);

  EmbeddedServices services;
  @Inject KeystoreAdmin keystores;
  @Inject KeystoreRepository repository;
  @Inject RootKeyAccess access;
  @Inject KekChanges changes;
  @Inject KekLife life;
  @Inject KeystoreTransactions transactions;
  @Inject PostgresKekRepository keks;

  private final KeystoreName name = new KeystoreName("skew", "k-" + UUID.randomUUID());
  private final MeterRegistry meters = new SimpleMeterRegistry();
  private TenantAccount account;
  private KekName retired;

  @BeforeEach
  void make() {
    account = new TenantAccount(services, "222233332222");
    String key = account.newKey(TenantAccount.BROKER_STATEMENT);
    Keystore made = await(keystores.create(name, TestSettings.of(key)));
    await(keystores.rotate(name, null));
    retired = Objects.requireNonNull(made.activeKek());
  }

  @AfterEach
  void close() {
    account.close();
  }

  /// The rows as a broker sees them whose clock is wrong by so much.
  private PostgresKekHistory history(Duration skew) {
    Clock clock = Clock.offset(Clock.systemUTC(), skew);
    return new PostgresKekHistory(transactions, new DatabaseTime(clock, meters));
  }

  private KekLife lifeOn(Duration skew) {
    return new KekLife(repository, history(skew), changes);
  }

  private double skew() {
    return meters.get(Metrics.CLOCK_SKEW).gauge().value();
  }

  @Test
  void erasure_brokersClockAheadByMonths_erasesNothing() {
    await(life.scheduleDestruction(retired, WAIT));
    PostgresKekHistory ahead = history(Duration.ofDays(90));

    assertThrows(KekFailure.ClockSkew.class, () -> await(ahead.eraseDue(10)));

    assertEquals(KekState.DESTROY_SCHEDULED, await(life.find(retired)).state());
    assertEquals(Duration.ofDays(90).toSeconds(), skew(), 60);
  }

  @Test
  void erasure_brokersClockAheadByLessThanAMinute_goesByTheDatabase() throws Exception {
    await(life.scheduleDestruction(retired, WAIT));
    setDestroyTime("now() + interval '30 seconds'");
    PostgresKekHistory ahead = history(Duration.ofSeconds(45));

    assertFalse(await(ahead.eraseDue(100)).contains(retired.id()));

    assertEquals(KekState.DESTROY_SCHEDULED, await(life.find(retired)).state());
    assertTrue(skew() > 30, () -> "skew " + skew());
  }

  @Test
  void schedule_goesByTheDatabase() throws Exception {
    Instant before = databaseNow();
    KekDetails scheduled =
        await(lifeOn(Duration.ofSeconds(-45)).scheduleDestruction(retired, WAIT));
    Instant after = databaseNow();

    Instant destroyTime = Objects.requireNonNull(scheduled.destroyTime());
    assertFalse(destroyTime.isBefore(before.plus(WAIT)), destroyTime::toString);
    assertFalse(destroyTime.isAfter(after.plus(WAIT)), destroyTime::toString);
    assertEquals(destroyTime, await(life.find(retired)).destroyTime());
  }

  @ParameterizedTest
  @ValueSource(longs = {-90, 90, 7 * 86_400})
  void schedule_clocksApart_isRefusedAndChangesNothing(long seconds) {
    KekLife wrong = lifeOn(Duration.ofSeconds(seconds));

    assertThrows(KekFailure.ClockSkew.class, () -> await(wrong.scheduleDestruction(retired, WAIT)));

    assertEquals(KekState.RETIRED, await(life.find(retired)).state());
  }

  @Test
  void otherChanges_clocksApart_goOn() {
    KekLife wrong = lifeOn(Duration.ofHours(2));

    assertEquals(KekState.DISABLED, await(wrong.disable(retired)).state());
    assertEquals(KekState.RETIRED, await(wrong.enable(retired)).state());
  }

  @Test
  void intent_isDatedByTheDatabase_andTakenBackByIt() throws Exception {
    Keystore keystore = await(keystores.find(name));
    Instant before = databaseNow();
    KekName intended =
        ((KekRepository.Intended.ToGenerate)
                await(
                    keks.intend(
                        new KekIntent(
                            name,
                            keystore.version(),
                            keystore.settings().keyPairSpec(),
                            access.use(
                                keystore.settings().rootKey(),
                                await(repository.tenant(name.tenant())),
                                name),
                            null))))
            .name();
    Instant after = databaseNow();
    Instant made = await(keks.find(intended)).createTime();
    assertFalse(made.isBefore(before) || made.isAfter(after), made::toString);

    await(keks.abandonOlderThan(Duration.ofMinutes(15)));
    assertEquals(KekState.PENDING_GENERATION, await(keks.find(intended)).state());
    execute(
        "update kek set create_time = now() - interval '16 minutes' where id = '"
            + intended.id()
            + "'");
    await(keks.abandonOlderThan(Duration.ofMinutes(15)));
    assertThrows(KekFailure.UnknownKek.class, () -> await(keks.find(intended)));
  }

  private void setDestroyTime(String expression) throws Exception {
    execute("update kek set destroy_time = " + expression + " where id = '" + retired.id() + "'");
  }

  private void execute(String sql) throws Exception {
    try (Connection connection = database();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private Instant databaseNow() throws Exception {
    try (Connection connection = database();
        Statement statement = connection.createStatement();
        ResultSet now = statement.executeQuery("select clock_timestamp()")) {
      now.next();
      return now.getTimestamp(1).toInstant();
    }
  }

  private Connection database() throws Exception {
    return DriverManager.getConnection(
        Objects.requireNonNull(services.configuration().get("quarkus.datasource.jdbc.url")),
        "postgres",
        "postgres");
  }

  private static <T> T await(Uni<T> uni) {
    return uni.await().atMost(Duration.ofSeconds(20));
  }
}
