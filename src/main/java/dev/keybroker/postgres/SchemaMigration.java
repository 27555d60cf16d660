package dev.keybroker.postgres;

import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Inject;
import jakarta.interceptor.Interceptor;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationInfo;
import org.flywaydb.core.api.exception.FlywayValidateException;
import org.jboss.logging.Logger;

/// Migrates the schema at start, or finds that the command `migrate` has, and goes on trying while
/// PostgreSQL does not answer: a broker that is started during an outage serves what Redis knows
/// and becomes whole by itself.
///
/// A schema that is another version's ends the start. If it shows only later, the broker goes on
/// serving and trying, since an operator can repair the schema and nobody else can wrap meanwhile;
/// rotation, erasure and audit partitions wait. [#state()] says so.
@ApplicationScoped
public class SchemaMigration {
  private static final Logger LOG = Logger.getLogger(SchemaMigration.class);

  private final Runnable migration;
  private final PostgresConfig config;
  private final CountDownLatch done = new CountDownLatch(1);
  private volatile State state = State.WAITING;
  private volatile boolean stopped;

  /// What is known of the schema.
  public enum State {
    /// PostgreSQL has not answered yet.
    WAITING,
    /// PostgreSQL answers, and the schema cannot be made what this version needs.
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
      // Another schema than this version's: a broker that does not serve yet need not begin.
      throw e;
    } catch (FlywayException e) {
      String refusal = ConnectionRefusal.of(e);
      if (refusal != null) {
        // A roll-out with a wrong setting ends here, and the brokers of before go on.
        throw new IllegalStateException(refusal, e);
      }
      LOG.warnf("the schema could not be migrated yet: %s", e.getMessage());
      Thread.ofPlatform().name("schema-migration").daemon().start(this::retry);
    }
  }

  /// Whether the schema is as this version needs it.
  public boolean isDone() {
    return done.getCount() == 0;
  }

  /// What is known of the schema.
  public State state() {
    return state;
  }

  /// Whatever an attempt fails with, the next one follows: nothing else would show that it ended.
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
