package dev.keybroker.boot;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.kek.RootKeyStates;
import dev.keybroker.kms.Kms;
import dev.keybroker.kms.KmsGuardConfig;
import dev.keybroker.kms.KmsGuards;
import dev.keybroker.kms.KmsRequestCounts;
import dev.keybroker.kms.aws.AwsKms;
import dev.keybroker.kms.aws.KmsOnLocalAws;
import dev.keybroker.telemetry.Spans;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.time.InstantSource;

/// The AWS adapter with every decorator, wired as in production.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class DecoratedKmsTest extends KmsOnLocalAws {
  @Inject RootKeyStates states;
  @Inject KmsGuardConfig config;
  @Inject Ticker ticker;
  @Inject Spans spans;

  @Override
  protected Kms around(AwsKms adapter) {
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    return RootKeys.kms(
        adapter,
        new KmsGuards(config, registry),
        states,
        ticker,
        registry,
        spans,
        new KmsRequestCounts(InstantSource.system()));
  }
}
