package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.ByteString;
import com.google.protobuf.FieldMask;
import com.google.protobuf.util.Durations;
import com.google.rpc.BadRequest;
import dev.keybroker.grpc.TestKeystores.TestKeystore;
import dev.keybroker.telemetry.Metrics;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.KeystoresGrpc;
import dev.keybroker.v1.UpdateKeystoreRequest;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/// A tenant who lowers the lifetime of private KEKs need not wait until those in memory are gone.
@QuarkusTest
@TestProfile(LoweredLifetimeTest.OwnBroker.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class LoweredLifetimeTest extends BrokerTestCase {
  @Inject MeterRegistry registry;

  /// No other test's keys are in memory.
  public static final class OwnBroker implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      return Map.of("keybroker.kek.max-private-keks", "100");
    }
  }

  private void assertKeysInMemory(int expected) {
    Eventually.holds(
        () -> assertEquals(expected, registry.get(Metrics.PRIVATE_KEKS).gauge().value()));
  }

  private void lower(TestKeystore keystore, com.google.protobuf.Duration lifetime) {
    KeystoresGrpc.newBlockingStub(channel)
        .updateKeystore(
            UpdateKeystoreRequest.newBuilder()
                .setKeystore(
                    Keystore.newBuilder().setName(keystore.name()).setPrivateKekLifetime(lifetime))
                .setUpdateMask(FieldMask.newBuilder().addPaths("private_kek_lifetime"))
                .build());
  }

  @Test
  void lifetimeLowered_keyInMemoryIsWipedWithoutACall() {
    TestKeystore keystore = keystores.create(Duration.ofSeconds(900));
    ByteString wrapped = wrap(keystore).getWrappedDek();
    unwrap(keystore, wrapped);
    assertKeysInMemory(1);

    lower(keystore, Durations.fromMillis(1));

    assertKeysInMemory(0);
  }

  @Test
  void lifetimeBelowAMillisecond_isRefusedByName() {
    TestKeystore keystore = keystores.create(Duration.ofSeconds(900));

    StatusRuntimeException refused =
        assertThrows(
            StatusRuntimeException.class, () -> lower(keystore, Durations.fromNanos(999_999)));

    com.google.rpc.Status status = Objects.requireNonNull(StatusProto.fromThrowable(refused));
    assertEquals("REQUEST_INVALID", reasonOf(status));
    assertEquals(
        "keystore.private_kek_lifetime", violations(status).getFieldViolations(0).getField());
  }

  private static BadRequest violations(com.google.rpc.Status status) {
    try {
      return status.getDetails(1).unpack(BadRequest.class);
    } catch (com.google.protobuf.InvalidProtocolBufferException e) {
      throw new IllegalStateException(e);
    }
  }
}
