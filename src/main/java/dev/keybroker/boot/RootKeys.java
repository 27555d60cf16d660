package dev.keybroker.boot;

import dev.keybroker.kms.Kms;
import dev.keybroker.kms.MeteredKms;
import dev.keybroker.kms.aws.AwsConfig;
import dev.keybroker.kms.aws.AwsKms;
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
  Kms kms(AwsKms aws, MeterRegistry registry) {
    return new MeteredKms(aws, registry);
  }

  void stop(@Observes ShutdownEvent event, AwsKms aws) {
    aws.close();
  }
}
