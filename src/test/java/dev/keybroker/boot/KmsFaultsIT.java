package dev.keybroker.boot;

import static dev.keybroker.keystore.TenantAccount.BROKER_STATEMENT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.util.Durations;
import dev.keybroker.PackagedBroker;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.kms.ActiveFault;
import dev.keybroker.embedded.kms.Fault;
import dev.keybroker.grpc.BrokerClient;
import dev.keybroker.keystore.TenantAccount;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.RootKey;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.WrapDekRequest;
import dev.keybroker.v1.WrapDekResponse;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The packaged broker while KMS fails: an unwrap that needs KMS ends with the fault's own reason,
/// a wrap does not notice, and the fault's end is enough for unwraps to come back.
@SuppressWarnings("NullAway.Init") // set before all tests
class KmsFaultsIT {
  private static final String NAME = "tenants/faults/keystores/calls";
  private static final Duration RECOVERY = Duration.ofSeconds(5);
  private static EmbeddedServices services;
  private static TenantAccount account;
  private static PackagedBroker broker;
  private static String key;
  private static WrapDekResponse wrapped;

  @BeforeAll
  static void start() throws IOException, InterruptedException {
    Path parent = Files.createDirectories(Path.of("target", "kms-faults"));
    Path folder = Files.createTempDirectory(parent, "run-").toAbsolutePath();
    services = EmbeddedServices.start(folder.resolve("services"));
    account = new TenantAccount(services, "777788889999");
    broker = PackagedBroker.start(folder, services.configuration());
    key = account.newKey(BROKER_STATEMENT);
    broker
        .client()
        .keystores()
        .createKeystore(
            CreateKeystoreRequest.newBuilder()
                .setParent("tenants/faults")
                .setKeystoreId("calls")
                .setKeystore(
                    Keystore.newBuilder()
                        .setRootKey(
                            RootKey.newBuilder().setAwsKms(AwsKmsKey.newBuilder().setKeyArn(key)))
                        .setPrivateKekLifetime(Durations.ZERO))
                .build());
    wrapped = wrap();
  }

  @AfterAll
  static void stop() {
    broker.close();
    account.close();
    services.close();
  }

  private static WrapDekResponse wrap() {
    return broker.client().broker().wrapDek(WrapDekRequest.newBuilder().setKeystore(NAME).build());
  }

  private static void assertUnwraps() {
    assertEquals(
        wrapped.getDek(),
        broker
            .client()
            .broker()
            .unwrapDek(
                UnwrapDekRequest.newBuilder()
                    .setKeystore(NAME)
                    .setWrappedDek(wrapped.getWrappedDek())
                    .build())
            .getDek());
  }

  private static void assertRefused(String reason) {
    assertEquals(
        reason,
        BrokerClient.reason(
            assertThrows(StatusRuntimeException.class, KmsFaultsIT::assertUnwraps)));
    assertEquals(32, wrap().getDek().size(), "a wrap needs no KMS");
  }

  private static void assertRecovers() throws InterruptedException {
    long end = System.nanoTime() + RECOVERY.toNanos();
    while (true) {
      try {
        assertUnwraps();
        return;
      } catch (StatusRuntimeException notYet) {
        assertTrue(System.nanoTime() - end < 0, notYet::toString);
        Thread.sleep(100);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "THROTTLING, RESOURCE_EXHAUSTED/KMS_THROTTLED",
    "INTERNAL_ERROR, UNAVAILABLE/KMS_UNREACHABLE",
    "DEPENDENCY_TIMEOUT, UNAVAILABLE/KMS_UNREACHABLE",
    "UNAVAILABLE, UNAVAILABLE/KMS_UNREACHABLE",
    "ACCESS_DENIED, FAILED_PRECONDITION/KMS_ACCESS_DENIED",
    "CONNECTION_RESET, UNAVAILABLE/KMS_UNREACHABLE",
    "HANG, UNAVAILABLE/KMS_UNREACHABLE",
    "GARBAGE, UNAVAILABLE/KMS_UNREACHABLE",
  })
  void unwrap_whileKmsFails_endsWithTheReason_andComesBack(Fault.Kind kind, String reason)
      throws InterruptedException {
    ActiveFault fault = services.kms().faults().add(Fault.of(kind).onOperation("Decrypt"));
    try {
      assertRefused(reason);
    } finally {
      fault.close();
    }
    assertRecovers();
  }

  @Test
  void unwrap_whileTheTenantsKeyIsDisabled_endsWithTheReason_andComesBack()
      throws InterruptedException {
    account.kms().disableKey(request -> request.keyId(key));
    try {
      assertRefused("FAILED_PRECONDITION/KMS_KEY_DISABLED");
    } finally {
      account.kms().enableKey(request -> request.keyId(key));
    }
    assertRecovers();
  }
}
