package dev.keybroker.audit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What the log says of an append that failed, on a real PostgreSQL.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class PostgresAuditLogTest {
  private static final Duration LONGEST = Duration.ofSeconds(30);

  @Inject AuditLog log;
  EmbeddedServices services;

  private final UUID chain = UUID.randomUUID();

  private static <T> T await(Uni<T> answer) {
    return answer.await().atMost(LONGEST);
  }

  private List<ChainedRecord> first() {
    return List.of(RecordHash.of(null).next(chain, ChainHead.START, AuditEvents.granted(1)));
  }

  private void database(String... statements) throws SQLException {
    Map<String, String> configuration = services.configuration();
    try (Connection connection =
            DriverManager.getConnection(
                configuration.get("quarkus.datasource.jdbc.url"), "postgres", "postgres");
        Statement statement = connection.createStatement()) {
      for (String each : statements) {
        statement.execute(each);
      }
    }
  }

  /// Read-only, disk full, no privilege: the server has answered, so nothing is in doubt.
  @ParameterizedTest
  @ValueSource(strings = {"25006", "53100", "42501", "57014"})
  void append_thatTheServerRefuses_isRejectedAndCommitsNothing(String sqlState) throws Exception {
    String function = "refuse_" + chain.toString().replace("-", "");
    await(log.open(chain, null, Instant.now()));
    database(
        "create function %s() returns trigger language plpgsql as $$ begin raise exception 'no' using errcode = '%s'; end $$"
            .formatted(function, sqlState),
        "create trigger %s before insert on audit_record for each row when (new.chain = '%s') execute function %s()"
            .formatted(function, chain, function));
    try {
      assertThrows(AppendRejected.class, () -> await(log.append(ChainHead.START, first())));
      assertEquals(ChainHead.START, await(log.head(chain)));
    } finally {
      database("drop function %s() cascade".formatted(function));
    }
    assertTrue(await(log.append(ChainHead.START, first())));
  }

  /// The answer is lost after the statement was sent, as far as the broker can know.
  @Test
  void append_whoseConnectionBreaks_isInDoubt() throws Exception {
    String function = "break_" + chain.toString().replace("-", "");
    await(log.open(chain, null, Instant.now()));
    database(
        "create function %s() returns trigger language plpgsql as $$ begin raise exception 'gone' using errcode = '08006'; end $$"
            .formatted(function),
        "create trigger %s before insert on audit_record for each row when (new.chain = '%s') execute function %s()"
            .formatted(function, chain, function));
    try {
      RuntimeException failure =
          assertThrows(RuntimeException.class, () -> await(log.append(ChainHead.START, first())));
      assertEquals("io.vertx.pgclient.PgException", failure.getClass().getName());
    } finally {
      database("drop function %s() cascade".formatted(function));
    }
  }
}
