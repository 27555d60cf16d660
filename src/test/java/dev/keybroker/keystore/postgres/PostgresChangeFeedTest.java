package dev.keybroker.keystore.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.grpc.Eventually;
import dev.keybroker.kek.ChangeFeed.Position;
import dev.keybroker.kek.ChangeFeed.Reading;
import dev.keybroker.kek.ChangeReader;
import dev.keybroker.kek.KekChange;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kek.MemoryKekTier;
import dev.keybroker.keystore.Keystore;
import dev.keybroker.keystore.KeystoreAdmin;
import dev.keybroker.keystore.TenantAccount;
import dev.keybroker.keystore.TestSettings;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The feed of a real PostgreSQL.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class PostgresChangeFeedTest {
  private static final int WRITERS = 8;
  private static final int CHANGES = 10_000;

  /// Begins the ids of KEKs that the writers insert; other tests' brokers write others meanwhile.
  private static final long RUN = UUID.randomUUID().getMostSignificantBits();

  EmbeddedServices services;
  @Inject KeystoreAdmin keystores;
  @Inject PostgresChangeFeed feed;
  @Inject MemoryKekTier records;
  @Inject ChangeReader reader;

  private final KeystoreName keystore = new KeystoreName("feed", "k-" + UUID.randomUUID());
  private TenantAccount account;
  private UUID kek;

  @BeforeEach
  void make() {
    account = new TenantAccount(services, "222233337777");
    String key = account.newKey(TenantAccount.BROKER_STATEMENT);
    Keystore made = await(keystores.create(keystore, TestSettings.of(key)));
    kek = Objects.requireNonNull(made.activeKek()).id();
  }

  @AfterEach
  void close() {
    account.close();
  }

  private static <T> T await(Uni<T> uni) {
    return uni.await().atMost(Duration.ofSeconds(60));
  }

  private Connection connect() throws SQLException {
    return DriverManager.getConnection(
        services.configuration().get("quarkus.datasource.jdbc.url"), "postgres", "postgres");
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private Position now() {
    return await(feed.readFrom(null)).position();
  }

  /// The changes of this test's keystore and its KEK; brokers of other tests change others.
  private Set<KekChange> since(Position position) {
    Set<KekChange> changes = new HashSet<>(await(feed.readFrom(position)).changes());
    changes.retainAll(
        Set.of(
            new KekChange.OfKeystore(keystore),
            new KekChange.OfSettings(keystore),
            new KekChange.OfKek(kek)));
    return changes;
  }

  private String ofKeystore() {
    return " where tenant = '" + keystore.tenant() + "' and id = '" + keystore.keystore() + "'";
  }

  private String insertKek(UUID id, String state) {
    return """
    insert into kek (id, tenant, keystore, state, spec, origin, root_key_arn, kms_context,
      public_key, public_key_sha256, encrypted_private_key, create_time)
    values ('%s', '%s', '%s', '%s', 'RSA_3072', 'KMS_GENERATED', 'arn', '{}', '', '', '', now())\
    """
        .formatted(id, keystore.tenant(), keystore.keystore(), state);
  }

  @Test
  void firstRead_showsNoChange() {
    assertEquals(List.of(), List.copyOf(await(feed.readFrom(null)).changes()));
  }

  @Test
  void change_byAnyWriter_isShownOnce() throws SQLException {
    Position before = now();
    execute("update kek set state = 'DISABLED' where id = '" + kek + "'");
    Position after = now();

    assertEquals(
        Set.of(new KekChange.OfKeystore(keystore), new KekChange.OfKek(kek)), since(before));
    assertEquals(Set.of(), since(after));
  }

  @Test
  void change_ofASetting_isOneOfTheKeystore() throws SQLException {
    Position before = now();
    execute("update keystore set private_kek_lifetime_millis = 1" + ofKeystore());

    assertEquals(Set.of(new KekChange.OfSettings(keystore)), since(before));
  }

  @Test
  void whatRecordsDoNotShow_isNoChange() throws SQLException {
    UUID pending = UUID.randomUUID();
    Position before = now();
    execute("update keystore set rotation_attempt_time = now(), error_code = 'x'" + ofKeystore());
    execute(insertKek(pending, "PENDING_GENERATION"));
    execute("update kek set lease_end = now() where id = '" + pending + "'");

    assertEquals(Set.of(), since(before));
    execute("delete from kek where id = '" + pending + "'");
  }

  @Test
  void rotation_isAChangeOfBothKeks() {
    Position before = now();

    UUID next = await(keystores.rotate(keystore, null)).name().id();

    Collection<KekChange> changes = await(feed.readFrom(before)).changes();
    assertTrue(changes.contains(new KekChange.OfKek(kek)));
    assertTrue(changes.contains(new KekChange.OfKek(next)));
  }

  @Test
  void transaction_thatCommitsLate_isShownAfterItsCommit() throws SQLException {
    Position before = now();
    Position between;
    try (Connection late = connect();
        Statement statement = late.createStatement()) {
      late.setAutoCommit(false);
      statement.execute("update kek set state = 'RETIRED' where id = '" + kek + "'");
      execute("update keystore set version = version + 1" + ofKeystore());
      between = now();
      assertEquals(Set.of(new KekChange.OfSettings(keystore)), since(before));
      assertEquals(Set.of(), since(between));

      late.commit();
    }

    assertEquals(
        Set.of(new KekChange.OfKeystore(keystore), new KekChange.OfKek(kek)), since(between));
  }

  /// Two readers from different positions on, while transactions commit in another order than they
  /// began in.
  @Test
  void tenThousandChanges_committedInAnotherOrder_areEachShownOnceToEveryReader() throws Exception {
    Set<KekChange> written = new HashSet<>();
    List<Reader> readers = List.of(new Reader(), new Reader());
    try (ExecutorService threads = Executors.newFixedThreadPool(WRITERS)) {
      List<Future<Set<KekChange>>> writers = new ArrayList<>();
      for (int writer = 0; writer < WRITERS; writer++) {
        writers.add(threads.submit(writer(CHANGES / WRITERS)));
      }
      for (int i = 0; writers.stream().anyMatch(it -> !it.isDone()); i++) {
        readers.get(i % 3 == 0 ? 0 : 1).read();
      }
      for (Future<Set<KekChange>> writer : writers) {
        written.addAll(writer.get());
      }
    }
    assertEquals(CHANGES, written.size());

    for (Reader reader : readers) {
      reader.read();
      assertEquals(written, reader.shown);
    }
  }

  private final class Reader {
    private final Set<KekChange> shown = new HashSet<>();
    private Position position = now();

    void read() {
      Reading reading = await(feed.readFrom(position));
      position = reading.position();
      for (KekChange change : reading.changes()) {
        if (change instanceof KekChange.OfKek(UUID id) && id.getMostSignificantBits() == RUN) {
          assertTrue(shown.add(change), "shown twice");
        }
      }
    }
  }

  /// Inserts KEKs by pairs of transactions; the one that begins first commits last.
  private Callable<Set<KekChange>> writer(int count) {
    return () -> {
      Set<KekChange> written = new HashSet<>();
      String insert = insertKek(new UUID(0, 0), "RETIRED").replace("'" + new UUID(0, 0) + "'", "?");
      try (Connection first = connect();
          Connection second = connect();
          PreparedStatement ofFirst = first.prepareStatement(insert);
          PreparedStatement ofSecond = second.prepareStatement(insert)) {
        first.setAutoCommit(false);
        for (int i = 0; i < count; i += 2) {
          written.add(insert(ofFirst));
          written.add(insert(ofSecond));
          first.commit();
        }
      }
      return written;
    };
  }

  private static KekChange insert(PreparedStatement statement) throws SQLException {
    UUID id = new UUID(RUN, UUID.randomUUID().getLeastSignificantBits());
    statement.setObject(1, id);
    statement.executeUpdate();
    return new KekChange.OfKek(id);
  }

  @Test
  void transactionOfAnotherDatabase_thatARestoreBrought_isNotShown() throws SQLException {
    Position before = now();
    execute(
        "insert into kek_change values ('9000000000000000000', '%s', '%s', null)"
            .formatted(keystore.tenant(), keystore.keystore()));

    assertEquals(Set.of(), since(before));
    execute("delete from kek_change where xid = '9000000000000000000'");
  }

  @Test
  void prune_deletesWhatThePositionHasSeen() throws SQLException {
    Position first = now();
    execute("update kek set state = 'DISABLED' where id = '" + kek + "'");
    Position second = now();
    execute("update keystore set version = version + 1" + ofKeystore());

    await(feed.prune(new Position("another", second.snapshot())));
    assertEquals(3, since(first).size());
    await(feed.prune(second));

    assertEquals(Set.of(new KekChange.OfSettings(keystore)), since(first));
  }

  @Test
  void tableWrittenAnew_isAnotherEpoch() throws SQLException {
    Position before = now();
    assertEquals(before.epoch(), now().epoch());

    execute("vacuum full kek_change");

    assertNotEquals(before.epoch(), now().epoch());
  }

  @Test
  void changeThatNobodyAnnounces_isSeenByARunningBroker() throws SQLException {
    // The first of the two may have started before the keystore was made.
    await(reader.read());
    await(reader.read());
    assertFalse(await(records.active(keystore)).failClosed());
    execute("update keystore set on_kms_outage = 'FAIL_CLOSED'" + ofKeystore());

    Eventually.holds(() -> assertTrue(await(records.active(keystore)).failClosed()));
  }
}
