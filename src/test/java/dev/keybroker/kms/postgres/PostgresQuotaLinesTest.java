package dev.keybroker.kms.postgres;

import static dev.keybroker.keystore.TenantAccount.BROKER_STATEMENT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.kek.KekState;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.KekDetails;
import dev.keybroker.keystore.Keystore;
import dev.keybroker.keystore.KeystoreAdmin;
import dev.keybroker.keystore.TenantAccount;
import dev.keybroker.keystore.TestSettings;
import dev.keybroker.kms.QuotaLine;
import dev.keybroker.kms.QuotaLines;
import dev.keybroker.kms.QuotaLinesContract;
import dev.keybroker.postgres.PostgresSessions;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class PostgresQuotaLinesTest extends QuotaLinesContract {
  EmbeddedServices services;
  @Inject QuotaLines lines;
  @Inject PostgresSessions sessions;
  @Inject KeystoreAdmin keystores;
  @Inject MeterRegistry registry;
  @Inject DataSource database;

  @Override
  protected QuotaLines lines() {
    return lines;
  }

  @Override
  protected QuotaLines linesOfAnotherBroker() {
    return new PostgresQuotaLines(sessions);
  }

  @Test
  void line_isFreeAgain_whenItsTimeHasPassed() throws Exception {
    QuotaLine line = line(HOUR, Duration.ZERO);
    take(lines, line);
    execute(
        "update kms_rate set free_time = free_time - interval '61 minutes' where quota = '"
            + line.name()
            + "'");

    assertEquals(Duration.ZERO, take(lines, line));

    // Counted from now: the pause is not made up for.
    assertTrue(take(lines, line).compareTo(Duration.ofMinutes(50)) > 0);
  }

  @Test
  void linesAway_rotationGoesOn_byThisBrokersPart() throws Exception {
    try (TenantAccount account = new TenantAccount(services, "444455556666")) {
      KeystoreName name = new KeystoreName("lines", "away");
      Keystore keystore =
          keystores
              .create(name, TestSettings.of(account.newKey(BROKER_STATEMENT)))
              .await()
              .atMost(Duration.ofSeconds(20));
      double before = registry.counter(Metrics.KMS_QUOTA_LOCAL).count();
      execute("alter table kms_rate rename to kms_rate_away");
      KekDetails rotated;
      try {
        rotated = keystores.rotate(name, null).await().atMost(Duration.ofSeconds(60));
      } finally {
        execute("alter table kms_rate_away rename to kms_rate");
      }

      assertEquals(KekState.ACTIVE, rotated.state());
      assertNotEquals(keystore.activeKek(), rotated.name());
      assertTrue(registry.counter(Metrics.KMS_QUOTA_LOCAL).count() > before);
    }
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }
}
