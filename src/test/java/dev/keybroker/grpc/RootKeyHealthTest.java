package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.util.Durations;
import dev.keybroker.embedded.kms.Fault;
import dev.keybroker.grpc.TestKeystores.TestKeystore;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.TenantAccount;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.GetKeystoreRequest;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.KeystoresGrpc;
import dev.keybroker.v1.OnKmsOutage;
import dev.keybroker.v1.RootKey;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.RotationPeriod;
import io.grpc.Metadata;
import io.grpc.Status.Code;
import io.grpc.stub.MetadataUtils;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/// What one class of calls of a root key means for the rest, over the network.
@QuarkusTest
@TestProfile(RootKeyHealthTest.AnswersStandForTwoSeconds.class)
class RootKeyHealthTest extends BrokerTestCase {
  private static final Duration FRESHNESS = Duration.ofSeconds(2);

  /// Longer than a failure is believed, and than a breaker stays open.
  private static final Duration BEYOND_RETRY = Duration.ofMillis(1_500);

  private static final String USE =
      statement("\"kms:Decrypt\",\"kms:Encrypt\",\"kms:GenerateDataKeyPair*\"");
  private static final String DESCRIBE = statement("\"kms:DescribeKey\"");

  /// Short enough to see a withdrawal within a test.
  public static final class AnswersStandForTwoSeconds implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      return Map.of("keybroker.root-key.freshness", FRESHNESS.toString());
    }
  }

  private static String statement(String actions) {
    return """
        {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/keybroker"},\
        "Action":[%s],"Resource":"*"}\
        """
        .formatted(actions);
  }

  @Test
  void
      withdrawnUse_ofAFailClosedKeystoreThatOnlyWraps_isObeyed_andTheFirstWrapAfterItsReturnWorks() {
    try (TenantAccount account = new TenantAccount(services, "555566667777")) {
      TestKeystore keystore = failClosed(account.newKey(USE, DESCRIBE));
      wrap(keystore);

      account.putKeyPolicy(keystore.keyArn(), DESCRIBE);

      Eventually.holds(
          () -> assertRefused(Code.FAILED_PRECONDITION, "KMS_ACCESS_DENIED", () -> wrap(keystore)));
      long end = System.nanoTime() + FRESHNESS.multipliedBy(2).toNanos();
      while (System.nanoTime() - end < 0) {
        assertRefused(Code.FAILED_PRECONDITION, "KMS_ACCESS_DENIED", () -> wrap(keystore));
      }
      Eventually.holds(() -> assertEquals("kms:Decrypt", lastErrorAction(keystore)));

      LockSupport.parkNanos(BEYOND_RETRY.toNanos());
      account.putKeyPolicy(keystore.keyArn(), USE, DESCRIBE);

      assertEquals(32, wrap(keystore).getDek().size());
      Eventually.holds(() -> assertEquals("", lastErrorAction(keystore)));
    }
  }

  @Test
  void firstWrapAfterAnOutage_ofAFailClosedKeystore_works() {
    try (TenantAccount account = new TenantAccount(services, "555566667777")) {
      TestKeystore keystore = failClosed(account.newKey(USE, DESCRIBE));
      wrap(keystore);
      services.kms().faults().add(Fault.of(Fault.Kind.UNAVAILABLE).onResource(keystore.keyArn()));
      Eventually.holds(
          () -> assertRefused(Code.UNAVAILABLE, "KMS_UNREACHABLE", () -> wrap(keystore)));

      LockSupport.parkNanos(BEYOND_RETRY.toNanos());
      services.kms().faults().clear();

      assertEquals(32, wrap(keystore).getDek().size());
    }
  }

  @Test
  void throttledKeyPairGeneration_leavesPlaybackAlone_andIsListedByItsClass() throws Exception {
    TestKeystore keystore = keystores.create(Duration.ZERO);
    ByteString wrapped = wrap(keystore).getWrappedDek();
    services
        .kms()
        .faults()
        .add(
            Fault.of(Fault.Kind.THROTTLING)
                .onOperation("GenerateDataKeyPairWithoutPlaintext")
                .onResource(keystore.keyArn()));
    for (int i = 0; i < 4; i++) {
      assertRefused(Code.RESOURCE_EXHAUSTED, "KMS_THROTTLED", () -> rotate(keystore));
    }

    for (int i = 0; i < 10; i++) {
      assertEquals(32, unwrap(keystore, wrapped).size());
    }

    assertNull(headersOfWrap(keystore).get(LastKnownHeaders.ROOT_KEY_STATE));
    String health = get("/q/health/ready");
    assertTrue(health.contains(keystore.keyArn() + " generate_key_pair"), health);
    assertTrue(health.contains(" generate_key_pair\": \"breaker open"), health);
    assertFalse(health.contains(keystore.keyArn() + " decrypt"), health);
    String metrics = get("/q/metrics");
    assertTrue(
        metrics.contains("keybroker_kms_breakers_open{operation=\"generate_key_pair\"} 1.0"),
        metrics);
    assertTrue(metrics.contains("keybroker_kms_breakers_open{operation=\"decrypt\"} 0.0"), metrics);
    assertEquals("kms:GenerateDataKeyPairWithoutPlaintext", lastErrorAction(keystore));
  }

  private void rotate(TestKeystore keystore) {
    KeystoresGrpc.newBlockingStub(channel)
        .rotateKek(RotateKekRequest.newBuilder().setName(keystore.name()).build());
  }

  /// Empty where there is no error.
  private String lastErrorAction(TestKeystore keystore) {
    return KeystoresGrpc.newBlockingStub(channel)
        .getKeystore(GetKeystoreRequest.newBuilder().setName(keystore.name()).build())
        .getLastError()
        .getAction();
  }

  private Metadata headersOfWrap(TestKeystore keystore) {
    AtomicReference<Metadata> headers = new AtomicReference<>();
    broker
        .withInterceptors(
            MetadataUtils.newCaptureMetadataInterceptor(headers, new AtomicReference<>()))
        .wrapDek(wrapRequest(keystore.name(), Map.of()));
    return headers.get();
  }

  private TestKeystore failClosed(String keyArn) {
    KeystoreName name = new KeystoreName("withdrawn", "k-" + UUID.randomUUID());
    KeystoresGrpc.newBlockingStub(channel)
        .createKeystore(
            CreateKeystoreRequest.newBuilder()
                .setParent("tenants/" + name.tenant())
                .setKeystoreId(name.keystore())
                .setKeystore(
                    Keystore.newBuilder()
                        .setRootKey(
                            RootKey.newBuilder()
                                .setAwsKms(AwsKmsKey.newBuilder().setKeyArn(keyArn)))
                        .setKeyPairSpec(KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256)
                        .setRotationPeriod(RotationPeriod.ROTATION_PERIOD_NEVER)
                        .setPrivateKekLifetime(Durations.fromMinutes(1))
                        .setOnKmsOutage(OnKmsOutage.ON_KMS_OUTAGE_FAIL_CLOSED))
                .build());
    return new TestKeystore(name, keyArn);
  }

  private String get(String path) throws IOException, InterruptedException {
    try (HttpClient http = HttpClient.newHttpClient()) {
      return http.send(
              HttpRequest.newBuilder(
                      URI.create("http://127.0.0.1:" + address.managementPort() + path))
                  .build(),
              HttpResponse.BodyHandlers.ofString())
          .body();
    }
  }
}
