package dev.keybroker.boot;

import dev.keybroker.grpc.ServingServer;
import grpc.health.v1.HealthOuterClass.HealthCheckResponse.ServingStatus;
import io.quarkus.grpc.runtime.health.GrpcHealthStorage;
import io.quarkus.runtime.Application;
import io.quarkus.runtime.ApplicationLifecycleManager;
import io.quarkus.runtime.LaunchMode;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/// Shuts the broker down in order: sets health to NOT_SERVING, waits for clients to notice, sends
/// GOAWAY, lets calls in flight finish, and exits with code 0. Runs before anything that calls need
/// is closed.
@Singleton
class Drain {
  private static final Logger LOG = Logger.getLogger(Drain.class);
  private static final int FIRST = 1;

  /// The exit code of the JVM and Quarkus on SIGTERM.
  private static final int SIGTERM_EXIT_CODE = 128 + 15;

  private final ServingServer server;
  private final GrpcHealthStorage health;
  private final ShutdownConfig config;
  private volatile boolean draining;
  private volatile boolean ended;

  Drain(ServingServer server, GrpcHealthStorage health, ShutdownConfig config) {
    this.server = server;
    this.health = health;
    this.config = config;
  }

  boolean isDraining() {
    return draining;
  }

  void start(@Observes StartupEvent event) {
    if (LaunchMode.current() == LaunchMode.NORMAL) {
      Runtime.getRuntime().addShutdownHook(new Thread(this::exit, "exit-code"));
    }
  }

  void stop(@Observes @Priority(FIRST) ShutdownEvent event) {
    draining = true;
    for (String service : new ArrayList<>(health.getStatuses().keySet())) {
      health.setStatus(service, ServingStatus.NOT_SERVING);
    }
    Duration delay = config.delay();
    LOG.infof(
        "shutting down: health is NOT_SERVING, calls are accepted for another %d ms",
        delay.toMillis());
    try {
      TimeUnit.NANOSECONDS.sleep(delay.toNanos());
      if (!server.end(config.grace())) {
        LOG.warnf("calls that took longer than %d ms were cancelled", config.grace().toMillis());
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    ended = true;
  }

  /// The JVM exits with 143 after a SIGTERM, even after an orderly shutdown. A shutdown hook is the
  /// only way to exit with 0 instead.
  private void exit() {
    Application application = Application.currentApplication();
    if (application == null) {
      return;
    }
    application.awaitShutdown();
    int code = ApplicationLifecycleManager.getExitCode();
    if (ended && (code == 0 || code == SIGTERM_EXIT_CODE)) {
      Runtime.getRuntime().halt(0);
    }
  }
}
