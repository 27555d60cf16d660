package dev.keybroker.boot;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.crypto.CryptoProvider;
import dev.keybroker.crypto.DekWrapping;
import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.crypto.KeyPairs;
import dev.keybroker.kek.ElapsedTime;
import dev.keybroker.telemetry.Spans;
import io.opentelemetry.api.OpenTelemetry;
import io.prometheus.client.exemplars.ExemplarSampler;
import io.quarkus.arc.DefaultBean;
import io.quarkus.micrometer.runtime.export.exemplars.OpentelemetryExemplarSamplerProvider;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.Dependent;
import jakarta.enterprise.inject.Alternative;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.security.SecureRandom;
import java.time.Clock;
import java.util.Optional;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/// Creates the beans for time, randomness, cryptography and tracing, each only here.
class Foundation {
  private static final Logger LOG = Logger.getLogger(Foundation.class);

  @Produces
  @Singleton
  @DefaultBean
  static Clock clock() {
    return Clock.systemUTC();
  }

  @Produces
  @Singleton
  @DefaultBean
  static Ticker ticker(Clock clock) {
    return new ElapsedTime(Ticker.systemTicker(), clock);
  }

  @Produces
  @Singleton
  static Spans spans(
      OpenTelemetry openTelemetry,
      @ConfigProperty(name = "quarkus.otel.sdk.disabled") boolean disabled) {
    return disabled ? Spans.off() : Spans.of(openTelemetry);
  }

  /// Exemplars connect metrics to traces. Without traces there is nothing to connect, and to find
  /// that out, Quarkus' sampler creates a Vert.x context each time that a counter changes.
  @Produces
  @Dependent
  @Alternative
  @Priority(1)
  static Optional<ExemplarSampler> exemplars(
      OpentelemetryExemplarSamplerProvider traced, Spans spans) {
    return spans.areOn() ? traced.exemplarSampler() : Optional.empty();
  }

  @Produces
  @Singleton
  static CryptoProvider cryptoProvider() {
    CryptoProvider provider = CryptoProvider.detect();
    provider
        .fallbackReason()
        .ifPresentOrElse(
            reason -> LOG.warnf("Cryptography by %s: %s", provider.name(), reason),
            () -> LOG.infof("Cryptography by %s", provider.name()));
    return provider;
  }

  @Produces
  @Singleton
  static SecureRandom secureRandom(CryptoProvider provider) {
    return provider.secureRandom();
  }

  @Produces
  @Singleton
  static KeyCodec keyCodec(CryptoProvider provider) {
    return new KeyCodec(provider);
  }

  @Produces
  @Singleton
  static KeyPairs keyPairs(CryptoProvider provider, SecureRandom random) {
    return new KeyPairs(provider, random);
  }

  @Produces
  @Singleton
  static DekWrapping dekWrapping(CryptoProvider provider, SecureRandom random) {
    return new DekWrapping(provider, random);
  }
}
