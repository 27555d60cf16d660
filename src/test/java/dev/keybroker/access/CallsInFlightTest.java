package dev.keybroker.access;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import org.junit.jupiter.api.Test;

class CallsInFlightTest {
  private static final Caller EXPORT = new Caller(Caller.Kind.DNS, "export.example.org");
  private static final Caller RECORDER = new Caller(Caller.Kind.DNS, "recorder.example.org");

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

  private CallsInFlight inFlight(int callerCalls) {
    return new CallsInFlight(
        new InFlightConfig() {
          @Override
          public int callerCalls() {
            return callerCalls;
          }

          @Override
          public long connectionBytes() {
            return 0;
          }

          @Override
          public long brokerBytes() {
            return 0;
          }
        },
        registry);
  }

  @Test
  void callsAboveTheirNumber_areRefused_untilOneEnds() {
    CallsInFlight inFlight = inFlight(2);
    CallsInFlight.CallerCalls first = inFlight.begin(EXPORT);
    assertNotNull(inFlight.begin(EXPORT));

    assertNull(inFlight.begin(EXPORT));
    assertNull(inFlight.begin(new Caller(Caller.Kind.DNS, "export.example.org")));
    assertNotNull(inFlight.begin(RECORDER));
    assertEquals(2, registry.counter(Metrics.IN_FLIGHT_REFUSED, Metrics.LIMIT, "caller").count());

    first.end();
    assertNotNull(inFlight.begin(EXPORT));
    assertNull(inFlight.begin(EXPORT));
  }

  @Test
  void zero_isNoLimit() {
    CallsInFlight inFlight = inFlight(0);
    for (int i = 0; i < 100_000; i++) {
      assertNotNull(inFlight.begin(EXPORT));
    }
  }
}
