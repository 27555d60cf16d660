package dev.keybroker.boot;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.kek.KekCacheConfig;
import dev.keybroker.kek.MemoryKekTier;
import dev.keybroker.kek.RootKeyAdmission;
import dev.keybroker.kek.RootKeyConfig;
import dev.keybroker.kek.RootKeyObserver;
import dev.keybroker.kek.RootKeyStates;
import dev.keybroker.keystore.KeystoreConfig;
import dev.keybroker.kms.GrantTokens;
import dev.keybroker.kms.HomeRegion;
import dev.keybroker.kms.InstrumentedKms;
import dev.keybroker.kms.Kms;
import dev.keybroker.kms.KmsGuards;
import dev.keybroker.kms.KmsRequestCounts;
import dev.keybroker.kms.aws.AwsConfig;
import dev.keybroker.kms.aws.AwsKms;
import dev.keybroker.telemetry.Spans;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Instance;
import jakarta.enterprise.inject.Produces;
import jakarta.enterprise.inject.Typed;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.util.List;
import software.amazon.awssdk.services.kms.KmsAsyncClient;

/// Assembles the access to AWS KMS. The Quarkus extension's client supplies the home region, the
/// endpoint and the broker's principal; it makes no call itself.
class RootKeys {
  @Produces
  @Singleton
  @Typed(AwsKms.class)
  static AwsKms awsKms(
      KmsAsyncClient configured,
      AwsConfig config,
      KeystoreConfig keystores,
      GrantTokens grantTokens,
      Clock clock,
      Ticker ticker,
      MeterRegistry registry) {
    return new AwsKms(
        configured.serviceClientConfiguration(),
        config,
        keystores.allowedRegions().orElse(List.of()),
        grantTokens,
        clock,
        ticker,
        registry);
  }

  @Produces
  @Singleton
  static HomeRegion homeRegion(KmsAsyncClient configured) {
    return new HomeRegion(configured.serviceClientConfiguration().region().id());
  }

  @Produces
  @Singleton
  @Typed(Kms.class)
  static InstrumentedKms kms(
      AwsKms aws,
      KmsGuards guards,
      RootKeyStates states,
      Ticker ticker,
      MeterRegistry registry,
      Spans spans,
      KmsRequestCounts requests) {
    return new InstrumentedKms(aws, guards, states, ticker, registry, spans, requests);
  }

  @Produces
  @Singleton
  static RootKeyStates rootKeyStates(
      RootKeyConfig config, Instance<RootKeyObserver> observer, Ticker ticker, Clock clock) {
    return new RootKeyStates(config, observer::get, ticker, clock);
  }

  @Produces
  @Singleton
  static RootKeyAdmission rootKeyAdmission(
      RootKeyStates states,
      MemoryKekTier records,
      Kms kms,
      RootKeyConfig config,
      KekCacheConfig cacheConfig,
      Ticker ticker,
      Clock clock) {
    return new RootKeyAdmission(states, records, kms, config, cacheConfig, ticker, clock);
  }

  void stop(@Observes ShutdownEvent event, AwsKms aws) {
    aws.close();
  }
}
