package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.rpc.BadRequest;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.kms.Fault;
import dev.keybroker.grpc.TestKeystores.TestKeystore;
import dev.keybroker.v1.BatchUnwrapDeksRequest;
import dev.keybroker.v1.GetPublicKekRequest;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.WrapDekRequest;
import io.grpc.Status.Code;
import io.quarkus.test.junit.QuarkusTest;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import software.amazon.awssdk.services.kms.KmsClient;

@QuarkusTest
class ErrorTest extends BrokerTestCase {
  private static final String KEYSTORE = "tenants/acme/keystores/calls";
  private static final String VALUE = "v".repeat(1024);

  static Stream<Arguments> badWraps() {
    WrapDekRequest good = WrapDekRequest.newBuilder().setKeystore(KEYSTORE).build();
    return Stream.of(
        Arguments.of("keystore", good.toBuilder().setKeystore("").build()),
        Arguments.of("keystore", good.toBuilder().setKeystore("tenants/A/keystores/b").build()),
        Arguments.of("keystore", good.toBuilder().setKeystore(KEYSTORE + "/keks/x").build()),
        Arguments.of("dek", good.toBuilder().setDek(zeros(15)).build()),
        Arguments.of("dek", good.toBuilder().setDek(zeros(65)).build()),
        Arguments.of("", good.toBuilder().setDek(zeros(32)).setDekSizeBytes(32).build()),
        Arguments.of("dek_size_bytes", good.toBuilder().setDekSizeBytes(33).build()),
        Arguments.of("dek_size_bytes", good.toBuilder().setDekSizeBytes(-16).build()),
        Arguments.of(
            "encryption_context", good.toBuilder().putAllEncryptionContext(pairs(17, "")).build()),
        Arguments.of("encryption_context", good.toBuilder().putEncryptionContext("", "v").build()),
        Arguments.of(
            "encryption_context",
            good.toBuilder().putEncryptionContext("k".repeat(129), "v").build()),
        Arguments.of(
            "encryption_context", good.toBuilder().putEncryptionContext("k", VALUE + "v").build()),
        Arguments.of(
            "encryption_context",
            good.toBuilder().putAllEncryptionContext(pairs(8, VALUE)).build()));
  }

  private static ByteString zeros(int size) {
    return ByteString.copyFrom(new byte[size]);
  }

  private static Map<String, String> pairs(int count, String value) {
    Map<String, String> pairs = new TreeMap<>();
    for (int i = 0; i < count; i++) {
      pairs.put("key" + i, value);
    }
    return pairs;
  }

  private static void assertBadRequest(String field, Status status) {
    List<BadRequest.FieldViolation> violations =
        detail(status, BadRequest.class).getFieldViolationsList();
    assertEquals(1, violations.size());
    assertEquals(field, violations.getFirst().getField());
    assertFalse(violations.getFirst().getDescription().isEmpty());
    assertFalse(status.toString().contains("vvvv"), "the value was told");
  }

  @ParameterizedTest
  @MethodSource("badWraps")
  void badWrap_isRefusedWithItsField(String field, WrapDekRequest request) {
    assertBadRequest(
        field,
        assertRefused(Code.INVALID_ARGUMENT, "REQUEST_INVALID", () -> broker.wrapDek(request)));
  }

  static Stream<Arguments> badUnwraps() {
    UnwrapDekRequest good =
        UnwrapDekRequest.newBuilder().setKeystore(KEYSTORE).setWrappedDek(zeros(100)).build();
    return Stream.of(
        Arguments.of("keystore", good.toBuilder().setKeystore("x").build()),
        Arguments.of("wrapped_dek", good.toBuilder().clearWrappedDek().build()),
        Arguments.of("wrapped_dek", good.toBuilder().setWrappedDek(zeros(1025)).build()),
        Arguments.of(
            "encryption_context",
            good.toBuilder().putAllEncryptionContext(pairs(8, VALUE)).build()));
  }

  @ParameterizedTest
  @MethodSource("badUnwraps")
  void badUnwrap_isRefusedWithItsField(String field, UnwrapDekRequest request) {
    assertBadRequest(
        field,
        assertRefused(Code.INVALID_ARGUMENT, "REQUEST_INVALID", () -> broker.unwrapDek(request)));
  }

  @Test
  void tooManyItems_failTheCall() {
    UnwrapDekRequest item = UnwrapDekRequest.newBuilder().setKeystore(KEYSTORE).build();
    BatchUnwrapDeksRequest request =
        BatchUnwrapDeksRequest.newBuilder()
            .addAllRequests(Collections.nCopies(1_001, item))
            .build();

    assertBadRequest(
        "requests",
        assertRefused(
            Code.INVALID_ARGUMENT, "REQUEST_INVALID", () -> broker.batchUnwrapDeks(request)));
  }

  @Test
  void unknownKeystore_isNotFound() {
    GetPublicKekRequest request =
        GetPublicKekRequest.newBuilder().setKeystore("tenants/nobody/keystores/x").build();

    assertRefused(Code.NOT_FOUND, "KEYSTORE_NOT_FOUND", () -> broker.getPublicKek(request));
    assertRefused(
        Code.NOT_FOUND,
        "KEYSTORE_NOT_FOUND",
        () -> broker.wrapDek(wrapRequest("tenants/nobody/keystores/x", Map.of())));
  }

  /// The refusal of an unwrap after something was done to the keystore's KMS key; nothing of what
  /// AWS says gets to the client.
  private Status refusal(Code code, String reason, Consumer<TestKeystore> change) {
    TestKeystore keystore = keystores.create(Duration.ZERO);
    ByteString wrapped = wrap(keystore).getWrappedDek();
    assertEquals(32, unwrap(keystore, wrapped).size());
    change.accept(keystore);
    Status status = assertRefused(code, reason, () -> unwrap(keystore, wrapped));
    for (String inner : List.of("arn:", "Exception", "kms:", "AWS_", keystore.keyArn())) {
      assertFalse(status.toString().contains(inner), status::toString);
    }
    return status;
  }

  private static void assertRetryable(Status status) {
    assertTrue(detail(status, RetryInfo.class).getRetryDelay().getSeconds() >= 1);
  }

  private static void assertNotRetryable(Status status) {
    assertTrue(status.getDetailsList().stream().noneMatch(detail -> detail.is(RetryInfo.class)));
  }

  private void asAdministrator(Consumer<KmsClient> work) {
    try (KmsClient admin = keystores.administrator()) {
      work.accept(admin);
    }
  }

  private Consumer<TestKeystore> fault(Fault.Kind kind) {
    return keystore -> services.kms().faults().add(Fault.of(kind).onResource(keystore.keyArn()));
  }

  @Test
  void kmsKey_disabled_isToldApart() {
    assertNotRetryable(
        refusal(
            Code.FAILED_PRECONDITION,
            "KMS_KEY_DISABLED",
            keystore -> asAdministrator(kms -> kms.disableKey(r -> r.keyId(keystore.keyArn())))));
  }

  @Test
  void kmsKey_pendingDeletion_isToldApart() {
    assertNotRetryable(
        refusal(
            Code.FAILED_PRECONDITION,
            "KMS_KEY_PENDING_DELETION",
            keystore ->
                asAdministrator(
                    kms ->
                        kms.scheduleKeyDeletion(
                            r -> r.keyId(keystore.keyArn()).pendingWindowInDays(7)))));
  }

  @Test
  void kmsAccess_deniedByTheKeyPolicy_isToldApart() {
    String policy =
        """
        {"Version":"2012-10-17","Statement":[
        {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"kms:*",
        "Resource":"*"},
        {"Effect":"Deny","Principal":{"AWS":"*"},"Action":"kms:Decrypt","Resource":"*"}]}\
        """
            .formatted(EmbeddedServices.BROKER_ACCOUNT);

    assertNotRetryable(
        refusal(
            Code.FAILED_PRECONDITION,
            "KMS_ACCESS_DENIED",
            keystore ->
                asAdministrator(
                    kms -> kms.putKeyPolicy(r -> r.keyId(keystore.keyArn()).policy(policy)))));
  }

  @Test
  void kms_thatDoesNotAnswer_isUnreachable() {
    assertRetryable(refusal(Code.UNAVAILABLE, "KMS_UNREACHABLE", fault(Fault.Kind.HANG)));
  }

  @Test
  void kms_thatFailsWithin_isUnreachable() {
    assertRetryable(refusal(Code.UNAVAILABLE, "KMS_UNREACHABLE", fault(Fault.Kind.INTERNAL_ERROR)));
    assertRetryable(
        refusal(Code.UNAVAILABLE, "KMS_UNREACHABLE", fault(Fault.Kind.CONNECTION_RESET)));
  }

  @Test
  void kms_thatThrottles_isToldApart() {
    assertRetryable(
        refusal(Code.RESOURCE_EXHAUSTED, "KMS_THROTTLED", fault(Fault.Kind.THROTTLING)));
  }
}
