package dev.keybroker.postgres;

import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.interceptor.Interceptor;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.exception.FlywayValidateException;
import org.jboss.logging.Logger;

/// Migrates the schema at start, and goes on trying while PostgreSQL does not answer: a broker that
/// is started during an outage serves what Redis knows and becomes whole by itself.
@ApplicationScoped
public class SchemaMigration {
  private static final Logger LOG = Logger.getLogger(SchemaMigration.class);

  private final Flyway flyway;
  private final PostgresConfig config;
  private final CountDownLatch done = new CountDownLatch(1);
  private volatile boolean stopped;

  SchemaMigration(Flyway flyway, PostgresConfig config) {
    this.flyway = flyway;
    this.config = config;
  }

  void start(@Observes @Priority(Interceptor.Priority.PLATFORM_BEFORE) StartupEvent event) {
    if (!attempt()) {
      Thread.ofPlatform().name("schema-migration").daemon().start(this::retry);
    }
  }

  /// Whether the schema is as this version wants it.
  public boolean isDone() {
    return done.getCount() == 0;
  }

  private void retry() {
    try {
      while (!stopped
          && !done.await(config.migrationRetry().toMillis(), TimeUnit.MILLISECONDS)
          && !attempt()) {
        LOG.debug("the schema is not migrated yet");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private boolean attempt() {
    try {
      flyway.migrate();
      done.countDown();
      return true;
    } catch (FlywayValidateException e) {
      // Another schema than this version's: waiting mends nothing.
      throw e;
    } catch (FlywayException e) {
      LOG.warnf("the schema could not be migrated yet: %s", e.getMessage());
      return false;
    }
  }

  void stop(@Observes io.quarkus.runtime.ShutdownEvent event) {
    stopped = true;
  }
}
