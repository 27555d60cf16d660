package dev.keybroker.audit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.postgres.LockedTable;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The log on a real PostgreSQL, and which of its failures leave an append in doubt.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class PostgresAuditStoreTest extends AuditStoreContract {
  @Inject AuditStore log;
  EmbeddedServices services;

  @Override
  AuditStore log() {
    return log;
  }

  @Override
  AutoCloseable refusing(boolean isInDoubt) {
    return refusing(isInDoubt ? "08006" : "25006");
  }

  private AutoCloseable refusing(String sqlState) {
    String function = "refuse_" + chain.toString().replace("-", "");
    execute(
        "create function %s() returns trigger language plpgsql as $$ begin raise exception 'no' using errcode = '%s'; end $$"
            .formatted(function, sqlState),
        "create trigger %s before insert on audit_record for each row when (new.chain = '%s') execute function %s()"
            .formatted(function, chain, function));
    return () -> execute("drop function %s() cascade".formatted(function));
  }

  @Override
  AutoCloseable holdingQueries() {
    return new LockedTable(services, "audit_record");
  }

  private void execute(String... statements) {
    String url =
        Objects.requireNonNull(services.configuration().get("quarkus.datasource.jdbc.url"));
    try (Connection connection = DriverManager.getConnection(url, "postgres", "postgres");
        Statement statement = connection.createStatement()) {
      for (String each : statements) {
        statement.execute(each);
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private List<ChainedRecord> first() {
    return List.of(RecordHash.of(null).next(chain, ChainHead.START, AuditEvents.granted(1)));
  }

  /// Read-only, disk full, no privilege: the server has answered, so nothing is in doubt.
  @ParameterizedTest
  @ValueSource(strings = {"25006", "53100", "42501", "57014"})
  void append_thatTheServerRefuses_isRejectedAndCommitsNothing(String sqlState) throws Exception {
    try (AutoCloseable ignored = refusing(sqlState)) {
      assertThrows(AppendRejected.class, () -> await(log.append(ChainHead.START, first())));
      assertEquals(ChainHead.START, await(log.head(chain)));
    }
    assertTrue(await(log.append(ChainHead.START, first())));
  }

  /// The answer is lost after the statement was sent, as far as the broker can know.
  @Test
  void append_whoseConnectionBreaks_isInDoubt() throws Exception {
    try (AutoCloseable ignored = refusing("08006")) {
      RuntimeException failure =
          assertThrows(RuntimeException.class, () -> await(log.append(ChainHead.START, first())));
      assertEquals("io.vertx.pgclient.PgException", failure.getClass().getName());
    }
  }
}
