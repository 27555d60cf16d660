package dev.keybroker.grpc.transport;

import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.handler.ssl.SslContext;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.tls.CertificateUpdatedEvent;
import io.quarkus.tls.TlsConfiguration;
import io.quarkus.tls.TlsConfigurationRegistry;
import io.vertx.core.Vertx;
import jakarta.enterprise.event.Event;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.util.Objects;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// The TLS of the gRPC port: what is in force, and its reload when the files change.
///
/// What is read is used only if it serves, whole; else what was in force stays, a counter grows and
/// the log says why. So a file that is being written, or a certificate that came before its key,
/// costs no connection.
@Singleton
public class ServerTls {
  /// The name of the configuration in the TLS registry: `quarkus.tls.keybroker.*`.
  public static final String NAME = "keybroker";

  private static final Logger LOG = Logger.getLogger(ServerTls.class);

  private final @Nullable TlsConfiguration registered;
  private final Vertx vertx;
  private final Clock clock;
  private final Event<CertificateUpdatedEvent> updated;
  private final Counter failures;
  private final @Nullable RotatingSslContext context;
  private volatile @Nullable TlsMaterial inForce;
  private @Nullable String lastFailure;

  ServerTls(
      TlsConfigurationRegistry registry,
      Vertx vertx,
      Clock clock,
      Event<CertificateUpdatedEvent> updated,
      MeterRegistry meters) {
    this.registered = registry.get(NAME).filter(it -> it.getKeyStore() != null).orElse(null);
    this.vertx = vertx;
    this.clock = clock;
    this.updated = updated;
    this.failures = meters.counter(Metrics.TLS_RELOAD_FAILURES);
    if (registered == null) {
      this.context = null;
      return;
    }
    TlsMaterial first = first(registered);
    this.inForce = first;
    this.context = new RotatingSslContext(first.context());
    Gauge.builder(Metrics.TLS_CERTIFICATE_EXPIRY, this, ServerTls::expirySeconds).register(meters);
    LOG.infof("gRPC over TLS, certificate %s", described(first));
  }

  private TlsMaterial first(TlsConfiguration configuration) {
    try {
      return TlsMaterial.read(configuration, vertx, clock.instant());
    } catch (Exception e) {
      throw new IllegalStateException(
          "quarkus.tls.keybroker.key-store does not serve: " + e.getMessage(), e);
    }
  }

  private static String described(TlsMaterial material) {
    return "of "
        + material.presented().getFirst().getSubjectX500Principal()
        + ", good until "
        + material.expiry();
  }

  private double expirySeconds() {
    return Objects.requireNonNull(inForce).expiry().getEpochSecond();
  }

  /// Whether the port speaks TLS.
  public boolean isOn() {
    return registered != null;
  }

  /// Whether clients are asked for a certificate.
  public boolean asksForCertificates() {
    TlsMaterial material = inForce;
    return material != null && !material.trusted().isEmpty();
  }

  /// For the server; null where it speaks plaintext.
  @Nullable SslContext context() {
    return context;
  }

  /// Reads the files again.
  @Scheduled(
      identity = "tls-reload",
      every = "${keybroker.tls.reload-period:10s}",
      delayed = "${keybroker.tls.reload-period:10s}",
      concurrentExecution = Scheduled.ConcurrentExecution.SKIP)
  void reload() {
    if (registered == null || context == null) {
      return;
    }
    try {
      if (!registered.reload()) {
        failed("a file of quarkus.tls.keybroker cannot be read", null);
        return;
      }
      take(TlsMaterial.read(registered, vertx, clock.instant()), registered, context);
    } catch (Exception e) {
      failed("what the files of quarkus.tls.keybroker hold does not serve: " + e.getMessage(), e);
    }
  }

  private void take(
      TlsMaterial next, TlsConfiguration configuration, RotatingSslContext serverContext) {
    lastFailure = null;
    TlsMaterial before = Objects.requireNonNull(inForce);
    if (next.isLike(before)) {
      return;
    }
    if (next.trusted().isEmpty() != before.trusted().isEmpty()) {
      failed("quarkus.tls.keybroker.trust-store came or went: that takes a restart", null);
      return;
    }
    serverContext.use(next.context());
    inForce = next;
    LOG.infof("TLS reloaded: certificate %s", described(next));
    updated.fire(new CertificateUpdatedEvent(NAME, configuration));
  }

  /// Each reading that fails counts; the log has it once until something changes.
  private void failed(String reason, @Nullable Exception cause) {
    failures.increment();
    if (!reason.equals(lastFailure)) {
      lastFailure = reason;
      LOG.errorf(cause, "TLS not reloaded, what was in force stays: %s", reason);
    }
  }
}
