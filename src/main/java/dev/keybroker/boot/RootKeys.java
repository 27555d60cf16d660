package dev.keybroker.boot;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.kek.KekCacheConfig;
import dev.keybroker.kek.RootKeyConfig;
import dev.keybroker.kek.RootKeyStates;
import dev.keybroker.kms.GuardedKms;
import dev.keybroker.kms.Kms;
import dev.keybroker.kms.KmsGuardConfig;
import dev.keybroker.kms.MeteredKms;
import dev.keybroker.kms.ObservedKms;
import dev.keybroker.kms.TracedKms;
import dev.keybroker.kms.aws.AwsConfig;
import dev.keybroker.kms.aws.AwsKms;
import dev.keybroker.telemetry.Spans;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Produces;
import jakarta.enterprise.inject.Typed;
import jakarta.inject.Singleton;
import java.time.Clock;
import software.amazon.awssdk.services.kms.KmsAsyncClient;

/// The way to AWS KMS. The extension's client says where it is and who the broker is; it makes no
/// call itself.
class RootKeys {
  @Produces
  @Singleton
  @Typed(AwsKms.class)
  AwsKms awsKms(KmsAsyncClient configured, AwsConfig config, Clock clock) {
    return new AwsKms(configured.serviceClientConfiguration(), config, clock);
  }

  @Produces
  @Singleton
  @Typed(GuardedKms.class)
  GuardedKms guardedKms(AwsKms aws, KmsGuardConfig config, MeterRegistry registry) {
    return new GuardedKms(new MeteredKms(aws, registry), config, registry);
  }

  @Produces
  @Singleton
  RootKeyStates rootKeyStates(
      GuardedKms kms, RootKeyConfig config, KekCacheConfig records, Ticker ticker, Clock clock) {
    return new RootKeyStates(kms, config, records, ticker, clock);
  }

  @Produces
  @Singleton
  Kms kms(GuardedKms kms, RootKeyStates states, Ticker ticker, Spans spans) {
    return new TracedKms(new ObservedKms(kms, states, ticker), spans);
  }

  void stop(@Observes ShutdownEvent event, AwsKms aws) {
    aws.close();
  }
}
