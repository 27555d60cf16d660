package dev.keybroker.grpc.transport;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.grpc.Metadata;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DeadlineLimitTest {
  private static final Metadata.Key<String> TIMEOUT =
      Metadata.Key.of("grpc-timeout", Metadata.ASCII_STRING_MARSHALLER);

  private final DeadlineLimit limit = new DeadlineLimit(Duration.ofSeconds(60));

  private String timeout(String method, String given) {
    Metadata headers = new Metadata();
    if (!given.isEmpty()) {
      headers.put(TIMEOUT, given);
    }
    limit.newServerStreamTracer(method, headers);
    return String.valueOf(headers.get(TIMEOUT));
  }

  @ParameterizedTest
  @CsvSource({"'',60000m", "2M,60000m", "30S,30S"})
  void call_hasItsClientsDeadline_orTheLimitIfThatIsShorter(String given, String expected) {
    assertEquals(expected, timeout("keybroker.v1.KeyBroker/BatchRewrapDeks", given));
  }

  @Test
  void bulkRewrap_lastsAsLongAsItsClientAndConnectionLetIt() {
    assertEquals("null", timeout("keybroker.v1.KeyBroker/RewrapDeks", ""));
    assertEquals("2H", timeout("keybroker.v1.KeyBroker/RewrapDeks", "2H"));
  }
}
