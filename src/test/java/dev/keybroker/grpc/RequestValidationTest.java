package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import com.google.protobuf.Duration;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import com.google.rpc.BadRequest;
import dev.keybroker.v1.BrokerManagedKey;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.ListAuditEventsRequest;
import dev.keybroker.v1.RootKey;
import dev.keybroker.v1.UpdateKeystoreRequest;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// protovalidate ends with an exception at these, before it comes to the constraint.
class RequestValidationTest {
  private final RequestValidation validation = new RequestValidation();

  @ParameterizedTest
  @ValueSource(longs = {Long.MIN_VALUE, -31557014167219201L, 31556889864403200L, Long.MAX_VALUE})
  void timeThatJavaDoesNotHold_isRefusedByItsField(long seconds) {
    Timestamp time = Timestamp.newBuilder().setSeconds(seconds).setNanos(Integer.MAX_VALUE).build();
    ListAuditEventsRequest.Builder request =
        ListAuditEventsRequest.newBuilder().setParent("tenants/acme");
    assertRefused("end_time", request.clone().setEndTime(time).build());
    assertRefused("start_time", request.setStartTime(time).build());
  }

  @ParameterizedTest
  @ValueSource(longs = {Long.MIN_VALUE, Long.MAX_VALUE})
  void durationThatJavaDoesNotHold_isRefusedByItsField(long seconds) {
    int nanos = seconds < 0 ? Integer.MIN_VALUE : Integer.MAX_VALUE;
    Keystore keystore =
        Keystore.newBuilder()
            .setName("tenants/acme/keystores/calls")
            .setRootKey(
                RootKey.newBuilder().setBrokerManaged(BrokerManagedKey.getDefaultInstance()))
            .setPrivateKekLifetime(Duration.newBuilder().setSeconds(seconds).setNanos(nanos))
            .build();
    assertRefused(
        "keystore.private_kek_lifetime",
        UpdateKeystoreRequest.newBuilder().setKeystore(keystore).build());
  }

  private void assertRefused(String field, Message request) {
    RequestInvalid refusal = validation.check(request);
    assertNotNull(refusal);
    BadRequest violations = BrokerTestCase.detail(refusal.status().toProto(), BadRequest.class);
    assertEquals(1, violations.getFieldViolationsCount());
    assertEquals(field, violations.getFieldViolations(0).getField());
  }
}
