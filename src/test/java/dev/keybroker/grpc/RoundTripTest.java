package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.ByteString;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.v1.BatchWrapDeksRequest;
import dev.keybroker.v1.BatchWrapDeksResponse;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.UnwrapDekResult;
import io.quarkus.test.junit.QuarkusTest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// 10,000 DEKs over all key pair specs, each with a context of its own, in calls of 1,000.
@QuarkusTest
class RoundTripTest extends BrokerTestCase {
  private static final int CALLS = 2;
  private static final int ITEMS = 1_000;
  private static final int[] SIZES = {16, 24, 32, 48, 64};

  @ParameterizedTest
  @EnumSource
  void deks_wrapped2000Times_unwrapToThemselves(KeyPairSpec spec) {
    String keystore = keystores.shared(spec).name();
    Set<ByteString> seen = new HashSet<>();
    for (int call = 0; call < CALLS; call++) {
      BatchWrapDeksRequest.Builder wraps = BatchWrapDeksRequest.newBuilder();
      for (int i = 0; i < ITEMS; i++) {
        wraps.addRequests(
            wrapRequest(keystore, context(call, i)).toBuilder()
                .setDekSizeBytes(SIZES[i % SIZES.length]));
      }
      BatchWrapDeksResponse wrapped = broker.batchWrapDeks(wraps.build());
      List<UnwrapDekRequest> unwraps = new ArrayList<>();
      for (int i = 0; i < ITEMS; i++) {
        ByteString bytes = wrapped.getResults(i).getResponse().getWrappedDek();
        unwraps.add(unwrapRequest(keystore, bytes, context(call, i)));
      }
      List<UnwrapDekResult> unwrapped = unwrapInCalls(unwraps);
      for (int i = 0; i < ITEMS; i++) {
        ByteString dek = wrapped.getResults(i).getResponse().getDek();
        assertEquals(SIZES[i % SIZES.length], dek.size());
        assertEquals(dek, unwrapped.get(i).getResponse().getDek());
        seen.add(dek);
      }
    }
    assertEquals(CALLS * ITEMS, seen.size());
  }

  private static Map<String, String> context(int call, int item) {
    return Map.of("recording", call + "/" + item, "part", "p" + item % 7);
  }
}
