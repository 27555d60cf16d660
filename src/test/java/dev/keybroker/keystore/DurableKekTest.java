package dev.keybroker.keystore;

import static dev.keybroker.keystore.TenantAccount.BROKER_STATEMENT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import dev.keybroker.concurrent.Soon;
import dev.keybroker.crypto.EncryptionContext;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.dek.DekBroker;
import dev.keybroker.dek.UnwrappedResult;
import dev.keybroker.dek.WrappedResult;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.grpc.Eventually;
import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KekState;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.postgres.PostgresSessions;
import dev.keybroker.postgres.PostgresUnavailable;
import dev.keybroker.telemetry.Metrics;
import io.agroal.api.AgroalDataSource;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Inject;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// A KEK that wraps is durable, whatever the database's role or server says of commits.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class DurableKekTest {
  private static final KeystoreName NAME = KeystoreName.parse("tenants/durable/keystores/calls");
  private static final String SETTING = "current_setting('synchronous_commit')";

  EmbeddedServices services;
  @Inject KeystoreAdmin keystores;
  @Inject KekLife life;
  @Inject DekBroker broker;
  @Inject SecureRandom random;
  @Inject MeterRegistry registry;
  @Inject PostgresSessions sessions;
  @Inject AgroalDataSource pool;

  @Test
  void rotation_roleThatCommitsAsynchronously_survivesACrashOfPostgres() throws Exception {
    try (TenantAccount account = new TenantAccount(services, "222233338888");
        SecretBytes dek = SecretBytes.random(32, random)) {
      String key = account.newKey(BROKER_STATEMENT);
      Keystore made = await(keystores.create(NAME, TestSettings.of(key)));
      double restored = registry.counter(Metrics.KEK_RESTORED).count();
      roleCommits("off");
      freezeWalWriter();

      KekName kek = await(keystores.rotate(NAME, null)).name();
      assertNotEquals(made.activeKek(), kek);
      Eventually.holds(
          () ->
              assertEquals(
                  kek,
                  await(
                          broker.wrap(
                              NAME,
                              SecretBytes.copyOf(dek.toByteArray()),
                              EncryptionContext.empty()))
                      .kek()));
      WrappedResult wrapped =
          await(
              broker.wrap(NAME, SecretBytes.copyOf(dek.toByteArray()), EncryptionContext.empty()));
      services.postgres().crash(Duration.ofMillis(100));

      Eventually.holds(Duration.ofMinutes(1), () -> assertEquals(KekState.ACTIVE, stateNow(kek)));
      try (UnwrappedResult opened =
          await(broker.unwrap(NAME, wrapped.wrappedDek(), EncryptionContext.empty()))) {
        assertEquals(dek, opened.dek());
      }
      assertEquals(restored, registry.counter(Metrics.KEK_RESTORED).count());
    }
  }

  @Test
  void transaction_roleWithStricterCommits_keepsThem() throws Exception {
    for (String weaker : new String[] {"off", "local", "remote_write"}) {
      roleCommits(weaker);
      Eventually.holds(() -> assertEquals("on", settingOfATransaction()));
    }
    roleCommits("remote_apply");
    Eventually.holds(() -> assertEquals("remote_apply", settingOfATransaction()));
  }

  private String settingOfATransaction() {
    return await(
        sessions
            .transaction(
                session ->
                    session.createNativeQuery("select " + SETTING, String.class).getSingleResult())
            .onFailure(PostgresUnavailable.class)
            .recoverWithItem("no answer"));
  }

  /// The state in PostgreSQL; a failure of the assertion while it does not answer.
  private KekState stateNow(KekName kek) {
    try {
      return await(life.find(kek)).state();
    } catch (KekFailure e) {
      throw new AssertionError(e);
    }
  }

  /// Sets it for the sessions to come, and ends those of the broker's reactive pool.
  private void roleCommits(String setting) throws Exception {
    try (Connection connection = database();
        Statement statement = connection.createStatement()) {
      statement.execute("alter role postgres set synchronous_commit = " + setting);
      endSessions(statement);
    }
    Eventually.holds(
        () ->
            assertEquals(
                setting,
                await(
                    sessions
                        .read(
                            session ->
                                session
                                    .createNativeQuery("select " + SETTING, String.class)
                                    .getSingleResult())
                        .onFailure(PostgresUnavailable.class)
                        .recoverWithItem("no answer"))));
  }

  /// Once PostgreSQL is back: the role as it was, and no connection of the tests' pool from before.
  @AfterEach
  void reset() {
    Eventually.holds(
        Duration.ofMinutes(1),
        () -> {
          try (Connection connection = database();
              Statement statement = connection.createStatement()) {
            statement.execute("alter role postgres reset synchronous_commit");
            endSessions(statement);
          } catch (Exception e) {
            throw new AssertionError(e);
          }
        });
    pool.flush(AgroalDataSource.FlushMode.ALL);
  }

  private static void endSessions(Statement statement) throws SQLException {
    statement.execute(
        "select pg_terminate_backend(pid, 10000) from pg_stat_activity"
            + " where application_name = 'vertx-pg-client'");
  }

  /// What is committed asynchronously then stays in memory.
  private void freezeWalWriter() throws Exception {
    try (Connection connection = database();
        Statement statement = connection.createStatement();
        ResultSet writer =
            statement.executeQuery(
                "select pid from pg_stat_activity where backend_type = 'walwriter'")) {
      writer.next();
      Process stop = new ProcessBuilder("kill", "-STOP", writer.getString(1)).start();
      assertEquals(0, stop.waitFor());
    }
  }

  private Connection database() throws Exception {
    return DriverManager.getConnection(
        Objects.requireNonNull(services.configuration().get("quarkus.datasource.jdbc.url")),
        "postgres",
        "postgres");
  }

  private static <T> T await(Soon<T> soon) {
    return await(soon.uni());
  }

  private static <T> T await(Uni<T> uni) {
    return uni.await().atMost(Duration.ofSeconds(20));
  }
}
