package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.keybroker.embedded.kms.Fault;
import dev.keybroker.grpc.TestKeystores.TestKeystore;
import dev.keybroker.v1.BatchWrapDeksRequest;
import dev.keybroker.v1.GetPublicKekRequest;
import dev.keybroker.v1.RewrapDekRequest;
import io.grpc.Metadata;
import io.grpc.Status.Code;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.MetadataUtils;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.services.kms.KmsClient;

/// What wraps do, and tell, while their root key fails.
@QuarkusTest
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class LastKnownKekTest extends BrokerTestCase {
  /// Recovery after the end of a fault, without anybody's help.
  private static final Duration RECOVERY = Duration.ofSeconds(5);

  @Inject MeterRegistry meters;

  @ParameterizedTest
  @CsvSource({
    "UNAVAILABLE, UNAVAILABLE, KMS_UNREACHABLE",
    "CONNECTION_RESET, UNAVAILABLE, KMS_UNREACHABLE",
    "HANG, UNAVAILABLE, KMS_UNREACHABLE",
    "GARBAGE, UNAVAILABLE, KMS_UNREACHABLE",
  })
  void failClosed_whileKmsFails_refusesWrapsWithItsReasonAndRecovers(
      Fault.Kind fault, Code code, String reason) {
    TestKeystore keystore = keystores.failClosed();
    ByteString wrapped = wrap(keystore).getWrappedDek();
    services.kms().faults().add(Fault.of(fault).onResource(keystore.keyArn()));
    assertRefused(code, reason, () -> unwrap(keystore, wrapped));

    assertRefused(code, reason, () -> wrap(keystore));
    assertRefused(code, reason, () -> broker.getPublicKek(publicKek(keystore)));
    assertEquals(
        reason,
        reasonOf(
            broker
                .batchWrapDeks(
                    BatchWrapDeksRequest.newBuilder()
                        .addRequests(wrapRequest(keystore.name(), Map.of()))
                        .build())
                .getResults(0)
                .getError()));

    services.kms().faults().clear();
    Eventually.holds(RECOVERY, () -> assertEquals(32, wrap(keystore).getDek().size()));
    assertEquals(32, unwrap(keystore, wrapped).size());
  }

  @Test
  void failClosed_whileTheKeyIsDisabled_refusesAndRecovers() {
    TestKeystore keystore = keystores.failClosed();
    ByteString wrapped = wrap(keystore).getWrappedDek();
    try (KmsClient admin = keystores.administrator()) {
      admin.disableKey(r -> r.keyId(keystore.keyArn()));
      assertRefused(Code.FAILED_PRECONDITION, "KMS_KEY_DISABLED", () -> unwrap(keystore, wrapped));
      long end = System.nanoTime() + Duration.ofSeconds(3).toNanos();
      while (System.nanoTime() - end < 0) {
        assertRefused(Code.FAILED_PRECONDITION, "KMS_KEY_DISABLED", () -> wrap(keystore));
      }

      admin.enableKey(r -> r.keyId(keystore.keyArn()));

      Eventually.holds(RECOVERY, () -> assertEquals(32, wrap(keystore).getDek().size()));
    }
  }

  @Test
  void failClosed_whileAUseIsDenied_refusesThoughDescribeKeyIsNot_untilAUseSucceeds() {
    TestKeystore keystore = keystores.failClosed();
    ByteString wrapped = wrap(keystore).getWrappedDek();
    services
        .kms()
        .faults()
        .add(
            Fault.of(Fault.Kind.ACCESS_DENIED)
                .onOperation("Decrypt")
                .onResource(keystore.keyArn()));
    assertRefused(Code.FAILED_PRECONDITION, "KMS_ACCESS_DENIED", () -> unwrap(keystore, wrapped));
    long end = System.nanoTime() + Duration.ofSeconds(3).toNanos();
    while (System.nanoTime() - end < 0) {
      assertRefused(Code.FAILED_PRECONDITION, "KMS_ACCESS_DENIED", () -> wrap(keystore));
    }

    services.kms().faults().clear();
    unwrap(keystore, wrapped);

    assertEquals(32, wrap(keystore).getDek().size());
  }

  @Test
  void failClosed_asDestinationOfARewrap_refusesIt() {
    TestKeystore keystore = keystores.failClosed();
    ByteString wrapped = wrap(keystore).getWrappedDek();
    services.kms().faults().add(Fault.of(Fault.Kind.UNAVAILABLE).onResource(keystore.keyArn()));

    assertRefused(
        Code.UNAVAILABLE,
        "KMS_UNREACHABLE",
        () ->
            broker.rewrapDek(
                RewrapDekRequest.newBuilder()
                    .setKeystore(keystore.name())
                    .setWrappedDek(wrapped)
                    .build()));
  }

  @Test
  void wrap_underTheLastKnownKek_tellsSoInItsHeaders() {
    TestKeystore keystore = keystores.create(Duration.ZERO);
    ByteString wrapped = wrap(keystore).getWrappedDek();
    assertNull(headersOfWrap(keystore).get(LastKnownHeaders.ROOT_KEY_STATE));
    double counted = lastKnownWraps();
    services.kms().faults().add(Fault.of(Fault.Kind.UNAVAILABLE).onResource(keystore.keyArn()));
    assertThrows(StatusRuntimeException.class, () -> unwrap(keystore, wrapped));

    Metadata told = headersOfWrap(keystore);

    assertEquals("KMS_UNREACHABLE", told.get(LastKnownHeaders.ROOT_KEY_STATE));
    String age = told.get(LastKnownHeaders.KEK_AGE);
    assertTrue(age != null && Long.parseLong(age) < 30, () -> "age " + age);
    assertEquals(1, lastKnownWraps() - counted);
    services.kms().faults().clear();
    Eventually.holds(
        RECOVERY, () -> assertNull(headersOfWrap(keystore).get(LastKnownHeaders.ROOT_KEY_STATE)));
  }

  private static GetPublicKekRequest publicKek(TestKeystore keystore) {
    return GetPublicKekRequest.newBuilder().setKeystore(keystore.name()).build();
  }

  private Metadata headersOfWrap(TestKeystore keystore) {
    AtomicReference<Metadata> headers = new AtomicReference<>();
    AtomicReference<Metadata> trailers = new AtomicReference<>();
    broker
        .withInterceptors(MetadataUtils.newCaptureMetadataInterceptor(headers, trailers))
        .wrapDek(wrapRequest(keystore.name(), Map.of()));
    return headers.get();
  }

  private double lastKnownWraps() {
    return meters.get("keybroker.wrap.last.known").tag("cause", "root_key").counter().count();
  }
}
