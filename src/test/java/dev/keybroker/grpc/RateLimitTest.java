package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.util.Durations;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.grpc.TestKeystores.TestKeystore;
import dev.keybroker.v1.BatchUnwrapDeksRequest;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.UnwrapDekResult;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// Rates over the network, with a bucket that is not full again within a test.
@QuarkusTest
@TestProfile(RateLimitTest.OneUnwrapASecond.class)
class RateLimitTest extends BrokerTestCase {
  private static final int BURST = 10;

  /// One unwrap a second for a caller, ten at once.
  public static final class OneUnwrapASecond implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      return Map.of(
          "keybroker.rate-limit.caller-unwraps", "1", "keybroker.rate-limit.burst", BURST + "s");
    }
  }

  private KeyBrokerGrpc.KeyBrokerBlockingStub as(String caller) {
    return KeyBrokerGrpc.newBlockingStub(TestCallers.as(caller, channel));
  }

  @Test
  void unwrapAboveTheRate_isRefusedWithAWaitThatHelps_andWrapsGoOn() {
    TestKeystore keystore = keystores.shared(KeyPairSpec.ECC_NIST_P256);
    UnwrapDekRequest request =
        unwrapRequest(keystore.name(), wrap(keystore).getWrappedDek(), Map.of());
    KeyBrokerGrpc.KeyBrokerBlockingStub export = as("single");
    Status refusal =
        assertRefused(
            io.grpc.Status.Code.RESOURCE_EXHAUSTED,
            "RATE_LIMITED",
            () -> {
              while (true) {
                export.unwrapDek(request);
              }
            });

    long waitMillis = Durations.toMillis(detail(refusal, RetryInfo.class).getRetryDelay());
    assertTrue(waitMillis <= 1_000, () -> waitMillis + " ms");
    export.wrapDek(wrapRequest(keystore.name(), Map.of()));
    as("another").unwrapDek(request);
    long refusedAt = System.nanoTime();
    await(
        () ->
            System.nanoTime() - refusedAt
                > Durations.toNanos(Durations.fromMillis(waitMillis + 1)));
    export.unwrapDek(request);
  }

  @Test
  void batch_countsItsItems() {
    TestKeystore keystore = keystores.shared(KeyPairSpec.ECC_NIST_P256);
    UnwrapDekRequest request =
        unwrapRequest(keystore.name(), wrap(keystore).getWrappedDek(), Map.of());
    KeyBrokerGrpc.KeyBrokerBlockingStub export = as("batch");

    List<UnwrapDekResult> results =
        export
            .batchUnwrapDeks(
                BatchUnwrapDeksRequest.newBuilder()
                    .addAllRequests(Collections.nCopies(5 * BURST, request))
                    .build())
            .getResultsList();

    long done = results.stream().filter(UnwrapDekResult::hasResponse).count();
    assertTrue(done >= BURST && done <= 2 * BURST, () -> done + " items were done");
    results.stream()
        .filter(UnwrapDekResult::hasError)
        .forEach(
            result -> {
              assertEquals("RATE_LIMITED", reasonOf(result.getError()));
              assertTrue(
                  Durations.isPositive(detail(result.getError(), RetryInfo.class).getRetryDelay()));
            });
  }
}
