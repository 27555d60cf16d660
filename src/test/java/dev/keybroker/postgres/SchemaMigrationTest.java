package dev.keybroker.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.grpc.Eventually;
import dev.keybroker.postgres.SchemaMigration.State;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import java.security.cert.CertificateException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.flywaydb.core.api.CoreErrorCode;
import org.flywaydb.core.api.ErrorDetails;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.exception.FlywayValidateException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class SchemaMigrationTest {
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final AtomicReference<Runnable> database = new AtomicReference<>(Database.AWAY::answer);
  private final AtomicInteger attempts = new AtomicInteger();
  private final SchemaMigration schema =
      new SchemaMigration(
          () -> {
            attempts.incrementAndGet();
            database.get().run();
          },
          new QuickRetries(true),
          registry);

  /// How PostgreSQL takes a migration.
  private enum Database {
    AWAY(new FlywayException("no connection")),
    OTHER_SCHEMA(
        new FlywayValidateException(
            new ErrorDetails(CoreErrorCode.VALIDATE_ERROR, "checksum"), "checksum")),
    PASSWORD_REFUSED(
        new FlywayException(
            "no connection", new SQLException("password authentication failed", "28P01"))),
    CERTIFICATE_REFUSED(
        new FlywayException(
            "no connection",
            new SQLException("SSL error", "08006", new CertificateException("no path")))),
    FAULT_OF_THE_BROKER(new IllegalStateException("fault")),
    BROKEN_CLASS(new NoClassDefFoundError("a/b/Missing"));

    private final Throwable failure;

    Database(Throwable failure) {
      this.failure = failure;
    }

    void answer() {
      if (failure instanceof Error error) {
        throw error;
      }
      throw (RuntimeException) failure;
    }
  }

  record QuickRetries(boolean migrate) implements PostgresConfig {
    @Override
    public Duration timeout() {
      return Duration.ofSeconds(1);
    }

    @Override
    public Duration transactionTimeout() {
      return Duration.ofSeconds(1);
    }

    @Override
    public Optional<String> serviceRole() {
      return Optional.empty();
    }

    @Override
    public Duration migrationRetry() {
      return Duration.ofMillis(1);
    }
  }

  @AfterEach
  void stop() {
    schema.stop(new ShutdownEvent());
  }

  private void awaitAttempts(int more) {
    int before = attempts.get();
    Eventually.holds(() -> assertTrue(attempts.get() >= before + more, "nobody tries any more"));
  }

  private double waiting() {
    return registry.get(Metrics.SCHEMA_WAITING).gauge().value();
  }

  @Test
  void migration_atStart_isDoneAtOnce() {
    database.set(() -> {});
    schema.start(new StartupEvent());

    assertTrue(schema.isDone());
    assertEquals(State.DONE, schema.state());
    assertEquals(0, waiting());
  }

  @Test
  void otherSchema_atStart_endsTheStart() {
    database.set(Database.OTHER_SCHEMA::answer);
    assertThrows(FlywayValidateException.class, () -> schema.start(new StartupEvent()));
  }

  /// A roll-out with a wrong setting ends at its first pod, and the message names the setting.
  @ParameterizedTest
  @EnumSource(
      value = Database.class,
      names = {"PASSWORD_REFUSED", "CERTIFICATE_REFUSED"})
  void wrongSetting_atStart_endsTheStart(Database failure) {
    database.set(failure::answer);
    IllegalStateException refused =
        assertThrows(IllegalStateException.class, () -> schema.start(new StartupEvent()));

    assertTrue(
        refused
            .getMessage()
            .contains(
                failure == Database.PASSWORD_REFUSED
                    ? "quarkus.datasource.password"
                    : "trust-certificate-pem.certs"),
        refused.getMessage());
  }

  /// An outage later may look like it; the broker goes on with what it knows.
  @Test
  void wrongSetting_afterTheStart_isWaitedFor() {
    schema.start(new StartupEvent());
    database.set(Database.PASSWORD_REFUSED::answer);
    awaitAttempts(3);
    assertEquals(State.WAITING, schema.state());

    database.set(() -> {});
    Eventually.holds(() -> assertTrue(schema.isDone()));
  }

  /// The broker started during an outage. Whatever it meets afterwards, it shows that the schema is
  /// not what it needs, goes on trying, and becomes whole once the schema is repaired.
  @ParameterizedTest
  @EnumSource(
      value = Database.class,
      names = {"OTHER_SCHEMA", "FAULT_OF_THE_BROKER", "BROKEN_CLASS"})
  void anyFailure_afterTheStart_showsAndIsTriedAgain(Database failure) {
    schema.start(new StartupEvent());
    awaitAttempts(3);
    assertEquals(State.WAITING, schema.state());
    assertEquals(1, waiting());

    database.set(failure::answer);
    Eventually.holds(() -> assertEquals(State.REFUSED, schema.state()));
    awaitAttempts(3);
    assertFalse(schema.isDone());
    assertEquals(1, waiting());

    database.set(() -> {});
    Eventually.holds(() -> assertTrue(schema.isDone()));
    assertEquals(State.DONE, schema.state());
    assertEquals(0, waiting());
  }
}
