package dev.keybroker.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.grpc.Eventually;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Optional;
import java.util.Properties;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The owner migrates a real PostgreSQL, and the brokers' role reads and writes rows.
@SuppressWarnings("NullAway.Init") // set before all tests
class ServiceRoleTest {
  private static final String INSUFFICIENT_PRIVILEGE = "42501";
  private static final LocalDate TODAY = LocalDate.now(ZoneOffset.UTC);
  private static final Duration RETENTION = Duration.ofDays(30);

  private static EmbeddedServices services;
  private static String server;

  @BeforeAll
  static void migrate(@TempDir Path folder) throws SQLException {
    services = EmbeddedServices.start(folder.resolve("services"));
    server =
        services.configuration().get("quarkus.datasource.jdbc.url").replaceFirst("postgres$", "");
    execute(
        superuser(),
        "create role owner_role login",
        "create role service_role login",
        "create role member_role login in role owner_role",
        "create database broker owner owner_role");
    assertTrue(
        migrations()
            .run(Optional.of("service_role"), Optional.of(RETENTION))
            .contains("kept for 30 days"));
  }

  @AfterAll
  static void stop() {
    services.close();
  }

  private static Migrations migrations() {
    return new Migrations(server + "broker", user("owner_role"));
  }

  private static Properties user(String name) {
    Properties properties = new Properties();
    properties.setProperty("user", name);
    properties.setProperty("password", name);
    return properties;
  }

  private static Connection superuser() throws SQLException {
    return DriverManager.getConnection(server + "postgres", user("postgres"));
  }

  private static Connection owner() throws SQLException {
    return DriverManager.getConnection(server + "broker", user("owner_role"));
  }

  private static Connection service() throws SQLException {
    return DriverManager.getConnection(server + "broker", user("service_role"));
  }

  private static void execute(Connection connection, String... statements) throws SQLException {
    try (connection;
        Statement statement = connection.createStatement()) {
      for (String each : statements) {
        statement.execute(each);
      }
    }
  }

  private static long count(String of) throws SQLException {
    try (Connection connection = service();
        Statement statement = connection.createStatement();
        ResultSet rows = statement.executeQuery("select count(*) from " + of)) {
      rows.next();
      return rows.getLong(1);
    }
  }

  private static String table(LocalDate day) {
    return "audit_record_" + day.toString().replace("-", "");
  }

  private static String record(LocalDate day) {
    return "insert into audit_record (chain, seq, time, previous_hash, hash, action, outcome,"
        + " refers_to)"
        + " values (gen_random_uuid(), 1, '%sT12:00:00Z', '', '', 'UnwrapDek', 'GRANTED', 0)"
            .formatted(day);
  }

  private static void assertRefused(String statement) {
    SQLException refused =
        assertThrows(SQLException.class, () -> execute(service(), statement), statement);
    assertEquals(INSUFFICIENT_PRIVILEGE, refused.getSQLState(), refused.getMessage());
  }

  @Test
  void rows_areReadAndWritten() throws SQLException {
    execute(
        service(),
        "insert into tenant (id, external_id, create_time) values ('acme', 'x', now())",
        "update tenant set external_id = 'y' where id = 'acme'",
        "delete from tenant where id = 'acme'",
        "insert into audit_chain (id, start_time, head_seq, head_hash, head_time)"
            + " values (gen_random_uuid(), now(), 0, '', now())",
        "update audit_chain set head_seq = 1",
        "insert into audit_checkpoint (chain, seq, hash, time, kind)"
            + " values (gen_random_uuid(), 1, '', now(), 'HEAD')");
    assertTrue(count("flyway_schema_history where success") >= 6);
  }

  @Test
  void changes_areNotedForTheRole_andPrunedByIt() throws SQLException {
    execute(
        service(),
        "insert into tenant (id, external_id, create_time) values ('noted', 'noted', now())",
        "insert into keystore (tenant, id, display_name, root_key_kind, key_pair_spec,"
            + " rotation_period, private_kek_lifetime_millis, on_kms_outage, version, create_time,"
            + " update_time, kek_wanted) values ('noted', 'calls', '', 'BROKER_MANAGED',"
            + " 'RSA_3072', 'NEVER', 0, 'FAIL_CLOSED', 1, now(), now(), true)",
        "update keystore set version = 2 where tenant = 'noted'");
    assertEquals(1, count("kek_change where tenant = 'noted' and kek is null"));

    execute(service(), "delete from kek_change where tenant = 'noted'");

    assertEquals(0, count("kek_change where tenant = 'noted'"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "drop table kek",
        "alter table kek add column note text",
        "alter table kek disable trigger all",
        "drop trigger kek_update_noted on kek",
        "insert into kek_change values (pg_current_xact_id(), 'acme', 'calls', null)",
        "update kek_change set tenant = 'acme'",
        "truncate kek",
        "create table mine (id int)",
        "create index on kek (spec)",
        "drop function audit_drop_day(date)",
        "truncate audit_record",
        "delete from audit_record",
        "update audit_record set outcome = 'DENIED'",
        "delete from audit_record_default",
        "insert into audit_record_default select * from audit_record",
        "delete from audit_chain",
        "delete from audit_checkpoint",
        "insert into audit_retention (seconds) values (86400)",
        "delete from audit_retention",
        "update flyway_schema_history set success = false",
        "set role owner_role",
        "alter table audit_record disable trigger all",
        "begin; lock table audit_record in access exclusive mode",
      })
  void schemaAndAuditTrail_areOutOfReach(String statement) {
    assertRefused(statement);
  }

  @Test
  void days_areMade_andTakeWhatWaited_andNoneIsReachedByItself() throws SQLException {
    LocalDate day = TODAY.plusDays(20);
    execute(service(), record(day));
    assertEquals(1, count("audit_record_default where time >= '%s'".formatted(day)));

    execute(service(), "select audit_make_day('%s')".formatted(day));

    assertEquals(0, count("audit_record_default where time >= '%s'".formatted(day)));
    assertEquals(1, count("audit_record where time >= '%s'".formatted(day)));
    assertRefused("delete from " + table(day));
    assertRefused("drop table " + table(day));
    // Nor after the next migration.
    migrations().run(Optional.of("service_role"), Optional.of(RETENTION));
    assertRefused("delete from " + table(day));
    assertEquals(1, count("audit_record where time >= '%s'".formatted(day)));
  }

  /// The function names tables by the date alone, in the owner's schema: neither a temporary table
  /// nor another schema on the path is taken for it.
  @Test
  void days_areMadeInTheOwnersSchema_whateverThePathOfTheCaller() throws SQLException {
    LocalDate day = TODAY.plusDays(21);
    execute(
        service(),
        "create temporary table audit_record_default (like audit_record)",
        "insert into audit_record_default select * from audit_record limit 0",
        "set search_path = pg_temp, public",
        "select public.audit_make_day('%s')".formatted(day));
    assertEquals(
        1,
        count(
            "pg_inherits where inhparent = 'public.audit_record'::regclass"
                + " and inhrelid = 'public.%s'::regclass".formatted(table(day))));
  }

  @Test
  void day_withinTheOwnersRetention_isNotDropped_andAnOlderOneIs() throws SQLException {
    LocalDate kept = TODAY.minusDays(RETENTION.toDays());
    LocalDate old = TODAY.minusDays(RETENTION.toDays() + 1);
    execute(
        service(),
        record(kept),
        record(old),
        "select audit_make_day('%s')".formatted(kept),
        "select audit_make_day('%s')".formatted(old));

    assertRefused("select audit_drop_day('%s')".formatted(kept));
    assertRefused("select audit_drop_day('%s')".formatted(TODAY.plusDays(1)));
    execute(
        service(),
        "begin",
        "select audit_hold_day('%s')".formatted(old),
        "select audit_drop_day('%s')".formatted(old),
        "commit");

    assertEquals(0, count("pg_class where relname = '%s'".formatted(table(old))));
    assertEquals(1, count("pg_class where relname = '%s'".formatted(table(kept))));
  }

  @Test
  void day_withoutARetentionOfTheOwners_isNeverDropped() throws SQLException {
    LocalDate old = TODAY.minusDays(900);
    migrations().run(Optional.of("service_role"), Optional.empty());
    try {
      execute(service(), "select audit_make_day('%s')".formatted(old));
      assertRefused("select audit_drop_day('%s')".formatted(old));
      execute(owner(), "select audit_drop_day('%s')".formatted(old));
    } finally {
      migrations().run(Optional.of("service_role"), Optional.of(RETENTION));
    }
  }

  /// A broker that starts before the owner has migrated finds it out by itself.
  @Test
  void broker_thatMigratesNothing_waitsForTheOwner() throws SQLException {
    execute(superuser(), "create database later owner owner_role");
    SchemaMigration schema =
        new SchemaMigration(
            Flyway.configure().dataSource(server + "later", "service_role", "service_role").load(),
            new SchemaMigrationTest.QuickRetries(false),
            new SimpleMeterRegistry());
    schema.start(new StartupEvent());
    try {
      assertEquals(SchemaMigration.State.WAITING, schema.state());

      new Migrations(server + "later", user("owner_role"))
          .run(Optional.of("service_role"), Optional.empty());

      Eventually.holds(() -> assertTrue(schema.isDone()));
    } finally {
      schema.stop(new ShutdownEvent());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"postgres", "owner_role", "member_role"})
  void role_thatMayChangeTheSchemaAnyway_isRefused(String role) {
    IllegalStateException refused =
        assertThrows(
            IllegalStateException.class,
            () -> migrations().run(Optional.of(role), Optional.of(RETENTION)));
    assertTrue(
        refused.getMessage().contains(role + " may change the schema"), refused.getMessage());
  }

  @Test
  void role_thatDoesNotExist_isNamed() {
    IllegalStateException refused =
        assertThrows(
            IllegalStateException.class,
            () -> migrations().run(Optional.of("no\"body"), Optional.of(RETENTION)));
    assertTrue(refused.getMessage().contains("no role no\"body"), refused.getMessage());
  }
}
