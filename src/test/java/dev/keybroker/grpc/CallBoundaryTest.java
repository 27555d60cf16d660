package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.google.rpc.Status;
import dev.keybroker.v1.GetPublicKekRequest;
import dev.keybroker.v1.KeyBrokerGrpc;
import io.grpc.Metadata;
import io.grpc.Status.Code;
import io.grpc.stub.MetadataUtils;
import io.quarkus.test.junit.QuarkusTest;
import java.util.List;
import java.util.logging.LogRecord;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What escapes inside a call is a fault of the broker, with its ErrorInfo and one line of the log.
@QuarkusTest
class CallBoundaryTest extends BrokerTestCase {
  private static final String KEYSTORE = "tenants/boundary/keystores/calls";

  @ParameterizedTest
  @ValueSource(strings = {"start", "message", "half-close", "status"})
  void fault_thatEscapes_isInternal_andOnceInTheLog(String failAt) {
    Metadata headers = new Metadata();
    headers.put(EscapingInterceptor.FAIL_AT, failAt);
    KeyBrokerGrpc.KeyBrokerBlockingStub failing =
        broker.withInterceptors(MetadataUtils.newAttachHeadersInterceptor(headers));
    GetPublicKekRequest request = GetPublicKekRequest.newBuilder().setKeystore(KEYSTORE).build();

    List<LogRecord> log =
        LoggedWarnings.during(
            () -> {
              Status status =
                  assertRefused(Code.INTERNAL, "INTERNAL", () -> failing.getPublicKek(request));
              assertFalse(status.toString().contains(EscapingInterceptor.SECRET));
              // On the same event loop: what came before it is logged by then.
              assertRefused(
                  Code.NOT_FOUND, "KEYSTORE_NOT_FOUND", () -> broker.getPublicKek(request));
            });

    List<String> lines = log.stream().map(LogRecord::getMessage).toList();
    assertEquals(List.of("a call failed by a fault of the broker"), lines);
  }
}
