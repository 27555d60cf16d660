package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.util.Durations;
import dev.keybroker.v1.Keystore;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeystoreMappingTest {
  private static Duration lifetime(long nanos) {
    return KeystoreMapping.lifetime(
        Keystore.newBuilder().setPrivateKekLifetime(Durations.fromNanos(nanos)).build());
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 1_000, 999_999})
  void lifetime_belowAMillisecond_isRefusedAndNeverTakenAsZero(long nanos) {
    RequestInvalid refused = assertThrows(RequestInvalid.class, () -> lifetime(nanos));
    assertEquals(
        "`keystore.private_kek_lifetime` must be 0 s or at least 1 ms.", refused.getMessage());
  }

  @Test
  void lifetime_zeroOrFromAMillisecondOn_isTaken() {
    assertEquals(Duration.ZERO, lifetime(0));
    assertEquals(Duration.ofMillis(1), lifetime(1_000_000));
    assertEquals(Duration.ofMillis(1), lifetime(1_999_999));
    assertEquals(Duration.ofSeconds(60), KeystoreMapping.lifetime(Keystore.getDefaultInstance()));
  }
}
