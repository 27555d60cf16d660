package dev.keybroker.keystore;

import static dev.keybroker.keystore.TenantAccount.BROKER_STATEMENT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.embedded.kms.Fault;
import dev.keybroker.grpc.Eventually;
import dev.keybroker.kek.KekChanges;
import dev.keybroker.kek.KekCopies;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KekState;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.QuotaGate;
import dev.keybroker.kms.Urgency;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Changes of key that are asked for again while the first one is under way.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class RotationReplayTest {
  private static final String GENERATE = "GenerateDataKeyPairWithoutPlaintext";

  EmbeddedServices services;
  @Inject KeystoreAdmin keystores;
  @Inject KeystoreRepository repository;
  @Inject KeystoreStatus status;
  @Inject KekRepository keks;
  @Inject KeyPairSource keyPairs;
  @Inject RootKeyAccess access;
  @Inject KekCopies copies;
  @Inject KekChanges changes;
  @Inject Diagnosis diagnosis;
  @Inject KekLife life;
  @Inject RootKeyCheck check;
  @Inject QuotaGate gate;
  @Inject ChangeTurns turns;
  @Inject Clock clock;

  private final KeystoreName name = new KeystoreName("replay", "k-" + UUID.randomUUID());
  private TenantAccount account;
  private String key;

  @BeforeEach
  void make() {
    account = new TenantAccount(services, "222233331111");
    key = account.newKey(BROKER_STATEMENT);
    await(keystores.create(name, TestSettings.of(key)));
  }

  @AfterEach
  void close() {
    services.kms().faults().clear();
    account.close();
  }

  /// What another broker of the same deployment has.
  private Rotation broker() {
    return new Rotation(
        repository,
        status,
        new KekGeneration(keks, keyPairs, access, copies, changes),
        access,
        diagnosis);
  }

  @Test
  void replays_acrossBrokers_joinTheGenerationUnderWay() {
    List<Rotation> brokers = List.of(broker(), broker());
    long before = services.kms().calls().on(key, GENERATE);
    services.kms().faults().add(Fault.latency(Duration.ofSeconds(1)).onOperation(GENERATE));

    List<Uni<KekDetails>> replays = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      replays.add(brokers.get(i % 2).rotate(name, "once"));
    }
    List<KekDetails> answers = await(Uni.join().all(replays).andFailFast());

    Set<KekName> made = new HashSet<>();
    answers.forEach(answer -> made.add(answer.name()));
    assertEquals(1, made.size());
    assertEquals(1, services.kms().calls().on(key, GENERATE) - before);
    assertEquals(2, await(life.history(name, null, 10)).size());
  }

  @Test
  void replays_ofARefusedGeneration_shareItsFailure() {
    Rotation broker = broker();
    long before = services.kms().calls().on(key, GENERATE);
    account.kms().disableKey(request -> request.keyId(key));
    // So that all are there before KMS refuses: a call that comes later asks anew.
    services.kms().faults().add(Fault.latency(Duration.ofSeconds(3)).onOperation(GENERATE));

    List<Uni<KekDetails>> replays = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      replays.add(broker.rotate(name, "refused"));
    }
    for (KmsFailure failure : failures(replays)) {
      assertEquals(KmsFailure.Kind.KEY_DISABLED, failure.kind());
    }

    assertEquals(1, services.kms().calls().on(key, GENERATE) - before);
  }

  private static List<KmsFailure> failures(List<Uni<KekDetails>> calls) {
    List<java.util.concurrent.CompletableFuture<KekDetails>> running =
        calls.stream().map(Uni::subscribeAsCompletionStage).toList();
    List<KmsFailure> failures = new ArrayList<>();
    for (var each : running) {
      Throwable failure =
          assertThrows(java.util.concurrent.ExecutionException.class, each::get).getCause();
      failures.add((KmsFailure) failure);
    }
    return failures;
  }

  /// The use cases of another broker.
  private KeystoreAdmin useCases() {
    return new KeystoreAdmin(repository, access, check, gate, broker(), turns, changes, clock);
  }

  @Test
  void creations_acrossBrokers_makeOneKeystoreWithTheCallsOfOne() {
    String once = account.newKey(BROKER_STATEMENT);
    await(
        keystores.create(
            new KeystoreName("replay", "c-" + UUID.randomUUID()), TestSettings.of(once)));
    List<KeystoreAdmin> brokers = List.of(useCases(), useCases());
    KeystoreName created = new KeystoreName("replay", "c-" + UUID.randomUUID());
    String many = account.newKey(BROKER_STATEMENT);
    services.kms().faults().add(Fault.latency(Duration.ofMillis(300)).onOperation(GENERATE));

    List<Uni<Keystore>> replays = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      replays.add(brokers.get(i % 2).create(created, TestSettings.of(many)));
    }
    List<Keystore> answers = await(Uni.join().all(replays).andFailFast());

    assertEquals(1, new HashSet<>(answers).size());
    assertEquals(
        services.kms().calls().on(once, GENERATE), services.kms().calls().on(many, GENERATE));
    assertEquals(1, await(life.history(created, null, 10)).size());
  }

  @Test
  void updates_acrossBrokers_makeOneKekWithTheCallsOfOne() {
    KeystoreName single = new KeystoreName("replay", "u-" + UUID.randomUUID());
    String once = account.newKey(BROKER_STATEMENT);
    await(keystores.create(single, TestSettings.of(key)));
    await(keystores.update(single, null, before -> TestSettings.of(once), false));
    List<KeystoreAdmin> brokers = List.of(useCases(), useCases());
    String many = account.newKey(BROKER_STATEMENT);
    services.kms().faults().add(Fault.latency(Duration.ofMillis(300)).onOperation(GENERATE));

    List<Uni<Keystore>> replays = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      replays.add(brokers.get(i % 2).update(name, null, before -> TestSettings.of(many), false));
    }
    List<Keystore> answers = await(Uni.join().all(replays).andFailFast());

    Set<KekName> made = new HashSet<>();
    answers.forEach(answer -> made.add(Objects.requireNonNull(answer.activeKek())));
    assertEquals(1, made.size());
    assertEquals(
        services.kms().calls().on(once, GENERATE), services.kms().calls().on(many, GENERATE));
    assertEquals(2, await(life.history(name, null, 10)).size());
  }

  @Test
  void turnOfABrokerThatDied_passesOn() throws Exception {
    execute(
        "insert into change_turn values ('"
            + name.tenant()
            + "', '"
            + name.keystore()
            + "', gen_random_uuid(), now() + interval '2 seconds')");
    String other = account.newKey(BROKER_STATEMENT);

    Keystore updated = await(keystores.update(name, null, before -> TestSettings.of(other), false));

    assertEquals(TestSettings.of(other), updated.settings());
  }

  @Test
  void intentOfABrokerThatDied_isReplacedUnderANewId_withItsRequests() throws Exception {
    Keystore keystore = await(keystores.find(name));
    KekIntent intent = intent(keystore, "first");
    KekName died = ((KekRepository.Intended.ToGenerate) await(keks.intend(intent))).name();
    assertEquals(
        new KekRepository.Intended.UnderWay(died), await(keks.intend(intent(keystore, "second"))));
    execute("update kek set lease_end = now() where id = '" + died.id() + "'");

    KekDetails made = await(broker().rotate(name, "second"));

    assertNotEquals(died, made.name());
    assertEquals(KekState.ACTIVE, made.state());
    assertEquals(made.name(), await(broker().rotate(name, "first")).name());
  }

  @Test
  void intentThatItsBrokerRenews_staysItsOwn() throws Exception {
    Keystore keystore = await(keystores.find(name));
    KekName mine =
        ((KekRepository.Intended.ToGenerate) await(keks.intend(intent(keystore, "first")))).name();
    execute("update kek set lease_end = now() where id = '" + mine.id() + "'");

    await(keks.renew(mine));

    assertEquals(
        new KekRepository.Intended.UnderWay(mine), await(keks.intend(intent(keystore, "second"))));
  }

  @Test
  void activationOfAWithdrawnIntent_saysThatTheKeystoreChanged() {
    Keystore keystore = await(keystores.find(name));
    KekName mine =
        ((KekRepository.Intended.ToGenerate) await(keks.intend(intent(keystore, "mine")))).name();
    KeyPairSource.Pair pair =
        await(
            new KekGeneration(keks, keyPairs, access, copies, changes)
                .pair(
                    name,
                    keystore.settings(),
                    await(repository.tenant(name.tenant())),
                    Urgency.INTERACTIVE));
    NewKek kek =
        new NewKek(
            mine, pair.origin(), pair.publicKey(), pair.encryptedPrivateKey(), pair.keyArn());
    await(keks.abandon(mine));

    KeystoreFailure.Changed failure =
        assertThrows(KeystoreFailure.Changed.class, () -> await(keks.activate(kek)));

    assertEquals(name, failure.keystore());
    assertEquals(keystore.activeKek(), await(keystores.find(name)).activeKek());
  }

  @Test
  void intentWithdrawnByItsBroker_isMadeByTheBrokerThatWaitedForIt() {
    Keystore keystore = await(keystores.find(name));
    KekName other =
        ((KekRepository.Intended.ToGenerate) await(keks.intend(intent(keystore, "other")))).name();
    var waiting = broker().rotate(name, "mine").subscribeAsCompletionStage();
    // A broker that waits for an intent notes its own request there first.
    Eventually.holds(() -> assertEquals(other.id(), kekOf("mine")));

    await(keks.abandon(other));

    KekDetails made = await(Uni.createFrom().completionStage(waiting));
    assertNotEquals(other, made.name());
    assertEquals(KekState.ACTIVE, made.state());
    assertEquals(made.name(), await(broker().rotate(name, "mine")).name());
  }

  private @Nullable UUID kekOf(String request) {
    try (Connection connection = database();
        PreparedStatement query =
            connection.prepareStatement(
                "select kek from kek_request where tenant = ? and keystore = ? and request_id ="
                    + " ?")) {
      query.setString(1, name.tenant());
      query.setString(2, name.keystore());
      query.setString(3, request);
      try (ResultSet rows = query.executeQuery()) {
        return rows.next() ? rows.getObject(1, UUID.class) : null;
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private KekIntent intent(Keystore keystore, String request) {
    return new KekIntent(
        name,
        keystore.version(),
        keystore.settings().keyPairSpec(),
        access.use(keystore.settings().rootKey(), await(repository.tenant(name.tenant())), name),
        request);
  }

  private void execute(String sql) throws Exception {
    try (Connection connection = database();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private Connection database() throws SQLException {
    return DriverManager.getConnection(
        Objects.requireNonNull(services.configuration().get("quarkus.datasource.jdbc.url")),
        "postgres",
        "postgres");
  }

  private static <T> T await(Uni<T> uni) {
    return uni.await().atMost(Duration.ofSeconds(30));
  }
}
