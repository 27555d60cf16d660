package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.keybroker.v1.WrapDekRequest;
import io.grpc.Status.Code;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/// What Quarkus puts around each service and the data plane needs, its direct route has, too.
@QuarkusTest
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class DirectRouteTest extends BrokerTestCase {
  @Inject MeterRegistry meters;

  private long calls(Code code) {
    return meters
        .find("grpc.server.processing.duration")
        .tag("service", "keybroker.v1.KeyBroker")
        .tag("method", "WrapDek")
        .tag("methodType", "UNARY")
        .tag("statusCode", code.name())
        .timers()
        .stream()
        .mapToLong(Timer::count)
        .sum();
  }

  @Test
  void calls_areMeteredByMethodAndStatus() {
    long answered = calls(Code.OK);
    long refused = calls(Code.INVALID_ARGUMENT);

    wrap(keystores.create(Duration.ofMinutes(1)));
    assertRefused(
        Code.INVALID_ARGUMENT,
        "REQUEST_INVALID",
        () -> broker.wrapDek(WrapDekRequest.getDefaultInstance()));

    Eventually.holds(() -> assertEquals(answered + 1, calls(Code.OK)));
    Eventually.holds(() -> assertEquals(refused + 1, calls(Code.INVALID_ARGUMENT)));
  }
}
