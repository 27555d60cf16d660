package dev.keybroker.grpc.transport;

import dev.keybroker.access.MtlsConfig;
import dev.keybroker.access.jwt.JwtConfig;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.SslContext;
import io.quarkus.scheduler.Scheduled;
import io.quarkus.tls.CertificateUpdatedEvent;
import io.quarkus.tls.TlsConfiguration;
import io.quarkus.tls.TlsConfigurationRegistry;
import io.vertx.core.Vertx;
import jakarta.enterprise.event.Event;
import jakarta.inject.Singleton;
import java.security.GeneralSecurityException;
import java.time.Clock;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// The TLS configuration of the gRPC port, with its reload when the files change.
///
/// A new configuration is used only if it is complete and valid. Otherwise the previous one stays
/// in force, a counter is incremented and the log has the reason. So a file that is being written,
/// or a certificate that arrives before its key, breaks no connection. The broker's own certificate
/// and each file of authorities are independent: a broken one does not stop the others from being
/// updated.
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
  private final ClientAuth clientAuth;
  private final @Nullable ClientTrustFiles trustFiles;
  private final @Nullable RotatingSslContext context;
  private volatile @Nullable TlsMaterial inForce;
  private volatile @Nullable ClientTrust trust;
  private Set<String> lastFailures = Set.of();

  ServerTls(
      TlsConfigurationRegistry registry,
      MtlsConfig mtls,
      JwtConfig jwt,
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
      this.clientAuth = ClientAuth.NONE;
      this.trustFiles = null;
      this.context = null;
      return;
    }
    this.trustFiles = new ClientTrustFiles(mtls, registered);
    this.trust =
        trustFiles.read(
            null,
            (reason, cause) -> {
              throw new IllegalStateException(reason, cause);
            });
    if (trust == null) {
      this.clientAuth = ClientAuth.NONE;
    } else {
      this.clientAuth = jwt.issuer().isPresent() ? ClientAuth.OPTIONAL : ClientAuth.REQUIRE;
    }
    TlsMaterial first = first(registered);
    this.inForce = first;
    this.context = new RotatingSslContext(context(first));
    Gauge.builder(Metrics.TLS_CERTIFICATE_EXPIRY, this, ServerTls::expirySeconds).register(meters);
    LOG.infof("gRPC over TLS, certificate %s; %s", described(first), describedTrust());
    String oldForm = trustFiles.registeredDomain();
    if (oldForm != null) {
      LOG.warnf(
          "quarkus.tls.keybroker.trust-store and keybroker.mtls.trust-domains are the old form of"
              + " keybroker.mtls.spiffe-bundles.\"%s\": set this instead. They count for SPIFFE ids"
              + " alone; DNS names need keybroker.mtls.dns-authorities.",
          oldForm);
    }
  }

  private TlsMaterial first(TlsConfiguration configuration) {
    try {
      return TlsMaterial.read(configuration, vertx, clock.instant());
    } catch (Exception e) {
      throw new IllegalStateException(
          "quarkus.tls.keybroker.key-store cannot be used: " + e.getMessage(), e);
    }
  }

  private static String described(TlsMaterial material) {
    return "of "
        + material.presented().getFirst().getSubjectX500Principal()
        + ", valid until "
        + material.expiry();
  }

  private String describedTrust() {
    ClientTrust trusted = trust;
    if (trusted == null) {
      return "no client certificates requested";
    }
    return "client certificates %s, authorities of %s"
        .formatted(requiresCertificates() ? "required" : "requested", trusted.described());
  }

  private SslContext context(TlsMaterial presented) {
    try {
      return presented.context(trust, clientAuth);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(
          "the files of quarkus.tls.keybroker cannot be used for TLS", e);
    }
  }

  private double expirySeconds() {
    return Objects.requireNonNull(inForce).expiry().getEpochSecond();
  }

  /// Whether the port uses TLS.
  public boolean isOn() {
    return registered != null;
  }

  /// Whether the handshake asks clients for a certificate.
  public boolean asksForCertificates() {
    return clientAuth != ClientAuth.NONE;
  }

  /// Whether a client certificate is required.
  public boolean requiresCertificates() {
    return clientAuth == ClientAuth.REQUIRE;
  }

  /// The context for the server; null if it uses plaintext.
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
    if (registered == null || context == null || trustFiles == null) {
      return;
    }
    Map<String, @Nullable Exception> failed = new LinkedHashMap<>();
    TlsMaterial before = Objects.requireNonNull(inForce);
    TlsMaterial next = own(before, registered, failed);
    ClientTrust nextTrust = trustFiles.read(trust, failed::put);
    report(failed);
    if (next.presented().equals(before.presented()) && Objects.equals(nextTrust, trust)) {
      return;
    }
    try {
      context.use(next.context(nextTrust, clientAuth));
    } catch (GeneralSecurityException e) {
      report(Map.of("the files of quarkus.tls.keybroker cannot be used for TLS", e));
      return;
    }
    inForce = next;
    trust = nextTrust;
    LOG.infof("TLS reloaded: certificate %s; %s", described(next), describedTrust());
    updated.fire(new CertificateUpdatedEvent(NAME, registered));
  }

  /// Sets the certificate that the broker presents from now on.
  private TlsMaterial own(
      TlsMaterial before, TlsConfiguration configuration, Map<String, @Nullable Exception> failed) {
    try {
      if (configuration.reload()) {
        return TlsMaterial.read(configuration, vertx, clock.instant());
      }
      failed.put("a file of quarkus.tls.keybroker cannot be read", null);
    } catch (Exception e) {
      failed.put(
          "the content of the files of quarkus.tls.keybroker cannot be used: " + e.getMessage(), e);
    }
    return before;
  }

  /// Counts each failed attempt, but logs a failure only once until something changes.
  private void report(Map<String, @Nullable Exception> failed) {
    if (!failed.isEmpty()) {
      failures.increment();
    }
    failed.forEach(
        (reason, cause) -> {
          if (!lastFailures.contains(reason)) {
            LOG.errorf(
                cause, "TLS not reloaded, the previous configuration stays in force: %s", reason);
          }
        });
    lastFailures = Set.copyOf(failed.keySet());
  }
}
