package dev.keybroker.boot;

import dev.keybroker.access.Authentication;
import dev.keybroker.access.MtlsConfig;
import dev.keybroker.access.jwt.JwtConfig;
import dev.keybroker.console.ConsoleConfig;
import dev.keybroker.grpc.transport.ServerTls;
import dev.keybroker.settings.BoundsCheck;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.LaunchMode;
import io.quarkus.runtime.StartupEvent;
import io.quarkus.vertx.VertxOptionsCustomizer;
import io.smallrye.config.SmallRyeConfig;
import io.vertx.core.VertxOptions;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import jakarta.inject.Singleton;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.eclipse.microprofile.config.Config;
import org.eclipse.microprofile.config.ConfigValue;
import org.jboss.logging.Logger;

/// Refuses to start if the settings contradict each other or leave the broker open to anyone.
@Singleton
class StartUpChecks implements VertxOptionsCustomizer {
  private static final Logger LOG = Logger.getLogger(StartUpChecks.class);
  private static final String INSECURE = "keybroker.insecure";
  private static final String TLS = "quarkus.tls.keybroker.";
  private static final String BUNDLES = "keybroker.mtls.spiffe-bundles.";
  private static final Pattern BUNDLE =
      Pattern.compile(Pattern.quote(BUNDLES) + "\"[a-z0-9._-]{1,255}\"");
  private static final String HOST = "quarkus.grpc.server.host";

  /// Settings for Quarkus' own servers, which would be only partly effective here.
  private static final List<String> FOREIGN =
      List.of("quarkus.grpc.server.ssl.", "quarkus.grpc.server.transport-security.");

  private final Config config;
  private final JwtConfig jwt;
  private final MtlsConfig mtls;
  private final ConsoleConfig console;
  private boolean checked;

  StartUpChecks(Config config, JwtConfig jwt, MtlsConfig mtls, ConsoleConfig console) {
    this.config = config;
    this.jwt = jwt;
    this.mtls = mtls;
    this.console = console;
  }

  /// Runs as soon as Vert.x is needed, which is before any bean that uses the settings exists.
  @Override
  public void accept(VertxOptions options) {
    check();
  }

  /// Vert.x outlives a reload in dev mode.
  void start(@Observes @Priority(1) StartupEvent event) {
    if (!checked) {
      check();
    }
  }

  private void check() {
    checked = true;
    SmallRyeConfig settings = config.unwrap(SmallRyeConfig.class);
    refuse(AllSettings.INTERFACES.stream().flatMap(it -> violations(it, settings)).toList());
    refuse(contradictions());
    if (!LaunchMode.current().isDevOrTest()) {
      refuse(openness());
      refuse(opennessOfConsole());
    }
  }

  private static void refuse(List<String> reasons) {
    if (!reasons.isEmpty()) {
      throw new IllegalStateException(
          "The broker does not start:\n- " + String.join("\n- ", reasons));
    }
  }

  private static <T> Stream<String> violations(Class<T> type, SmallRyeConfig settings) {
    return BoundsCheck.violations(type, settings.getConfigMapping(type)).stream();
  }

  private List<String> contradictions() {
    List<String> found = Contradictions.in(config.unwrap(SmallRyeConfig.class));
    for (String name : config.getPropertyNames()) {
      if (FOREIGN.stream().anyMatch(name::startsWith) && isSet(name)) {
        found.add(name + " has no effect: set TLS of the gRPC port by " + TLS + "*");
      }
    }
    if (!isAnySet(TLS + "key-store.") && isAnySet(TLS)) {
      found.add(TLS + "key-store is missing, but other settings of " + TLS + "* are set");
    }
    if (isAnySet(TLS + "certificate-revocation-list")) {
      found.add(
          TLS
              + "certificate-revocation-list has no effect: use client certificates with a short"
              + " lifetime");
    }
    if (isTrue(TLS + "trust-all")) {
      found.add(TLS + "trust-all would accept any client certificate, and therefore any identity");
    }
    found.addAll(trustContradictions());
    return found;
  }

  /// Checks the authorities of client certificates.
  private List<String> trustContradictions() {
    List<String> found = new ArrayList<>();
    Stream<String> bundles =
        Stream.concat(
            StreamSupport.stream(config.getPropertyNames().spliterator(), false)
                .filter(it -> (it + ".").startsWith(BUNDLES)),
            mtls.spiffeBundles().keySet().stream().map(it -> BUNDLES + '"' + it + '"'));
    bundles
        .filter(it -> !BUNDLE.matcher(it).matches())
        .distinct()
        .forEach(
            it ->
                found.add(
                    it
                        + " does not name a trust domain: write"
                        + " keybroker.mtls.spiffe-bundles.\"example.org\", in lower case and in"
                        + " quotes"));
    boolean oldForm = isAnySet(TLS + "trust-store.");
    int trustDomains = mtls.trustDomains().map(Set::size).orElse(0);
    if (trustDomains > 0 && !oldForm) {
      found.add(
          "keybroker.mtls.trust-domains has no effect: the trust domains are those of"
              + " keybroker.mtls.spiffe-bundles");
    }
    if (oldForm && trustsClients()) {
      found.add(
          TLS
              + "trust-store is set together with keybroker.mtls.spiffe-bundles or"
              + " keybroker.mtls.dns-authorities, which replace it: remove it");
    } else if (oldForm && trustDomains != 1) {
      found.add(
          TLS
              + "trust-store does not say which names its authorities may vouch for: set"
              + " keybroker.mtls.spiffe-bundles.\"example.org\" to the PEM file of each trust"
              + " domain's authorities, keybroker.mtls.dns-authorities to that of the authorities"
              + " of DNS names, or both, and remove it");
    }
    if (trustsClients() && !isAnySet(TLS + "key-store.")) {
      found.add("keybroker.mtls is set, but TLS is off: " + TLS + "key-store is missing");
    }
    return found;
  }

  private boolean trustsClients() {
    return !mtls.spiffeBundles().isEmpty() || mtls.dnsAuthorities().isPresent();
  }

  private List<String> openness() {
    boolean encrypted = isAnySet(TLS + "key-store.");
    boolean authentication =
        trustsClients() || isAnySet(TLS + "trust-store.") || jwt.issuer().isPresent();
    if (encrypted && authentication) {
      return List.of();
    }
    List<String> found = new ArrayList<>();
    if (!isTrue(INSECURE)) {
      if (!encrypted) {
        found.add(
            "without TLS, anyone on the network path can read DEKs: set "
                + TLS
                + "key-store.pem.0.cert and "
                + TLS
                + "key-store.pem.0.key");
      }
      if (!authentication) {
        found.add(
            "without authentication, anyone with access to the port can unwrap: set"
                + " keybroker.mtls.spiffe-bundles or keybroker.mtls.dns-authorities for client"
                + " certificates, keybroker.jwt.issuer for tokens, or both");
      }
      found.add("or set keybroker.insecure=true, and allow only your own services to reach it");
    } else if (!isSet(HOST)) {
      found.add(
          HOST
              + " is missing: with keybroker.insecure=true set the address to listen on,"
              + " e.g. 127.0.0.1");
    }
    return found;
  }

  private List<String> opennessOfConsole() {
    // The server may be on by its own setting, and then serves the console too.
    boolean listens = console.enabled() || isTrue("quarkus.http.host-enabled");
    return listens && !isTrue(INSECURE) && !isSet(ConsoleServer.PROVIDER)
        ? List.of(
            "the console needs an OpenID Connect provider, otherwise anyone with access to its port"
                + " is an administrator: set "
                + ConsoleServer.PROVIDER
                + ", quarkus.oidc.client-id and quarkus.oidc.credentials.secret, or"
                + " keybroker.console.enabled=false")
        : List.of();
  }

  private boolean isTrue(String name) {
    return config.getOptionalValue(name, Boolean.class).orElse(false);
  }

  /// Whether a setting is set explicitly; defaults do not count.
  private boolean isSet(String name) {
    ConfigValue value = config.getConfigValue(name);
    return value.getValue() != null && value.getSourceOrdinal() > Integer.MIN_VALUE;
  }

  private boolean isAnySet(String prefix) {
    for (String name : config.getPropertyNames()) {
      if (name.startsWith(prefix) && isSet(name)) {
        return true;
      }
    }
    return false;
  }

  /// Reports at each start how the broker is secured.
  void report(
      @Observes @Priority(2) StartupEvent event,
      ServerTls serverTls,
      Authentication authentication,
      MeterRegistry meters) {
    boolean insecure = !serverTls.isOn() || !authentication.isRequired();
    Gauge.builder(Metrics.INSECURE, () -> insecure ? 1 : 0).register(meters);
    if (insecure && !LaunchMode.current().isDevOrTest()) {
      LOG.warnf(
          "INSECURE by keybroker.insecure: TLS %s, authentication of callers %s. Anyone with access"
              + " to %s %s.",
          serverTls.isOn() ? "on" : "off",
          authentication.isRequired() ? "on" : "off",
          config.getConfigValue(HOST).getValue(),
          authentication.isRequired()
              ? "can read DEKs on the network path"
              : "can unwrap every DEK");
    }
  }
}
