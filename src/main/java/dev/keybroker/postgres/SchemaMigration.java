package dev.keybroker.postgres;

import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import jakarta.interceptor.Interceptor;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.exception.FlywayValidateException;
import org.jboss.logging.Logger;

/// Migrates the schema at startup, or detects that the command `migrate` has done so, and retries
/// while PostgreSQL does not answer. A broker that starts during an outage serves what Redis has,
/// and recovers by itself.
///
/// If the schema belongs to another version, the start fails. If the broker detects this only
/// later, it continues to serve and to retry, because an operator can repair the schema and wraps
/// must continue in the meantime. Rotation, erasure and audit partitions wait. [#state()] reports
/// it.
@Singleton
public class SchemaMigration {
  private static final Logger LOG = Logger.getLogger(SchemaMigration.class);

  private final Runnable migration;
  private final PostgresConfig config;
  private final CountDownLatch done = new CountDownLatch(1);
  private volatile State state = State.WAITING;
  private volatile boolean stopped;

  /// What is known about the schema.
  public enum State {
    /// PostgreSQL has not answered yet.
    WAITING,
    /// PostgreSQL answers, but the schema cannot be migrated to what this version needs.
    REFUSED,
    /// The schema is what this version needs.
    DONE
  }

  @Inject
  SchemaMigration(Flyway flyway, PostgresConfig config, MeterRegistry registry) {
    this(() -> migrateOrCheck(flyway, config.migrate()), config, registry);
  }

  SchemaMigration(Runnable migration, PostgresConfig config, MeterRegistry registry) {
    this.migration = migration;
    this.config = config;
    registry.gauge(Metrics.SCHEMA_WAITING, this, it -> it.isDone() ? 0 : 1);
  }

  void start(@Observes @Priority(Interceptor.Priority.PLATFORM_BEFORE) StartupEvent event) {
    try {
      migrate();
    } catch (FlywayValidateException e) {
      // The schema belongs to another version, so a broker that does not serve yet must not start.
      throw e;
    } catch (FlywayException e) {
      String refusal = ConnectionRefusal.of(e);
      if (refusal != null) {
        // A rollout with a wrong setting ends here, and the previous brokers continue.
        throw new IllegalStateException(refusal, e);
      }
      LOG.warnf("the schema could not be migrated yet: %s", e.getMessage());
      Thread.ofPlatform().name("schema-migration").daemon().start(this::retry);
    }
  }

  /// Whether the schema is the one that this version needs.
  public boolean isDone() {
    return done.getCount() == 0;
  }

  /// What is known about the schema.
  public State state() {
    return state;
  }

  /// Schedules the next attempt after any failure, because nothing else would show that the
  /// attempts have ended.
  private void retry() {
    try {
      while (!stopped && !done.await(config.migrationRetry().toMillis(), TimeUnit.MILLISECONDS)) {
        try {
          migrate();
        } catch (FlywayValidateException e) {
          refused(e);
        } catch (FlywayException e) {
          state = State.WAITING;
          LOG.debugf("the schema is not migrated yet: %s", e.getMessage());
        } catch (RuntimeException | Error e) {
          refused(e);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void migrateOrCheck(Flyway flyway, boolean migrate) {
    if (migrate) {
      flyway.migrate();
      return;
    }
    MigrationInfo[] pending = flyway.info().pending();
    if (pending.length > 0) {
      throw new FlywayException(
          "the schema lacks version %s, and keybroker.postgres.migrate is false: run the command"
                  .formatted(pending[0].getVersion())
              + " migrate with the role that owns the schema");
    }
    flyway.validate();
  }

  private void migrate() {
    migration.run();
    state = State.DONE;
    done.countDown();
  }

  private void refused(Throwable why) {
    boolean isNew = state != State.REFUSED;
    state = State.REFUSED;
    if (isNew) {
      LOG.error(
          "the schema cannot be migrated: rotation, erasure and audit partitions wait until it is"
              + " repaired",
          why);
    }
  }

  void stop(@Observes io.quarkus.runtime.ShutdownEvent event) {
    stopped = true;
  }
}
