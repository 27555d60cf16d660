package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.google.protobuf.ByteString;
import com.google.protobuf.Duration;
import com.google.protobuf.FieldMask;
import com.google.protobuf.Timestamp;
import com.google.rpc.BadRequest;
import com.google.rpc.Status;
import dev.keybroker.v1.AuditLogGrpc;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.BrokerManagedKey;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.GetKekRequest;
import dev.keybroker.v1.GetKeystoreRequest;
import dev.keybroker.v1.GetOnboardingRequest;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.KeystoresGrpc;
import dev.keybroker.v1.ListAuditEventsRequest;
import dev.keybroker.v1.ListKeksRequest;
import dev.keybroker.v1.ListKeystoresRequest;
import dev.keybroker.v1.ListTenantsRequest;
import dev.keybroker.v1.RewrapDekRequest;
import dev.keybroker.v1.RootKey;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.ScheduleKekDestructionRequest;
import dev.keybroker.v1.TestKeystoreRequest;
import dev.keybroker.v1.UpdateKeystoreRequest;
import dev.keybroker.v1.WrapDekRequest;
import io.grpc.Channel;
import io.grpc.Status.Code;
import io.quarkus.test.junit.QuarkusTest;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Values that a message can carry and the domain's types cannot: each is the caller's fault, with
/// its field, and never a fault of the broker.
@QuarkusTest
class RequestConversionTest extends BrokerTestCase {
  private static final String TENANT = "tenants/conversions";
  private static final String KEYSTORE = TENANT + "/keystores/calls";
  private static final String KEK = KEYSTORE + "/keks/0b9fd2a8-5e0c-4a59-9d5c-8f1c6d0f7a11";
  private static final String KEY_ARN = "arn:aws:kms:eu-central-1:111122223333:alias/recordings";
  private static final int UNKNOWN = 99;

  /// A call of any rpc.
  private interface Call {
    void on(Channel channel);
  }

  static Stream<Arguments> badValues() {
    return Stream.of(durations(), timestamps(), enums(), names(), arns(), tokens(), filters())
        .flatMap(rows -> rows);
  }

  private static Stream<Arguments> durations() {
    return Stream.of(
            duration(1, -1),
            duration(-1, 1),
            duration(0, -1),
            duration(0, 1_000_000_000),
            duration(0, -1_000_000_000),
            duration(0, Integer.MIN_VALUE),
            duration(0, Integer.MAX_VALUE),
            duration(901, 0),
            duration(315_576_000_001L, 0),
            duration(Long.MAX_VALUE, Integer.MAX_VALUE),
            duration(Long.MIN_VALUE, Integer.MIN_VALUE))
        .flatMap(
            duration -> {
              Keystore keystore = keystore().setPrivateKekLifetime(duration).build();
              String field = "keystore.private_kek_lifetime";
              return Stream.of(
                  arguments(field, create(keystore)),
                  arguments(field, update(keystore)),
                  arguments(field, test(keystore)));
            });
  }

  private static Duration duration(long seconds, int nanos) {
    return Duration.newBuilder().setSeconds(seconds).setNanos(nanos).build();
  }

  private static Stream<Arguments> timestamps() {
    return Stream.of(
            timestamp(0, -1),
            timestamp(1, 1_000_000_000),
            timestamp(1, Integer.MIN_VALUE),
            timestamp(-1, 0),
            timestamp(253_402_300_800L, 0),
            timestamp(Long.MIN_VALUE, 0),
            timestamp(Long.MAX_VALUE, Integer.MAX_VALUE))
        .flatMap(
            time ->
                Stream.of(
                    arguments("start_time", audit(audit().setStartTime(time))),
                    arguments("end_time", audit(audit().setEndTime(time)))));
  }

  private static Timestamp timestamp(long seconds, int nanos) {
    return Timestamp.newBuilder().setSeconds(seconds).setNanos(nanos).build();
  }

  private static Stream<Arguments> enums() {
    return Stream.of(
        arguments("keystore.key_pair_spec", create(keystore().setKeyPairSpecValue(UNKNOWN))),
        arguments("keystore.rotation_period", update(keystore().setRotationPeriodValue(-1))),
        arguments("keystore.on_kms_outage", test(keystore().setOnKmsOutageValue(UNKNOWN))),
        arguments("outcome", audit(audit().setOutcomeValue(Integer.MAX_VALUE))));
  }

  private static Stream<Arguments> names() {
    return Stream.of(
        arguments("name", getKeystore(KEYSTORE + "\n")),
        arguments("name", getKeystore(KEYSTORE + "\u0000")),
        arguments("name", getKek(KEK.toUpperCase(Locale.ROOT))),
        arguments("name", getKek(KEK + "0")),
        arguments("name", getKek(KEYSTORE + "/keks/1-1-1-1-1")),
        arguments("keystore.name", update(keystore().setName("tenants/a/keystores/"))),
        arguments("keystore.name", create(keystore().setName(TENANT + "/keystores/other"))),
        arguments("keystore.display_name", create(keystore().setDisplayName("a\u0000b"))),
        arguments("request_id", rotate("{0b9fd2a8-5e0c-4a59-9d5c-8f1c6d0f7a11}")),
        arguments("request_id", rotate("1-1-1-1-1")),
        arguments("waiting_period_days", destroy(31)),
        arguments("waiting_period_days", destroy(Integer.MIN_VALUE)),
        arguments("update_mask", masked("private_kek_lifetime.seconds")),
        arguments("update_mask", masked("ROOT_KEY")),
        arguments("update_mask", masked("\u0000")),
        arguments("encryption_context", wrap("k\u0000".repeat(65), "")),
        arguments("destination_keystore", rewrap("tenants/other/keystores/calls")));
  }

  private static Stream<Arguments> arns() {
    String field = "keystore.root_key.aws_kms.";
    return Stream.of(
        arguments(field + "key_arn", create(withKey(KEY_ARN + " ", ""))),
        arguments(field + "key_arn", create(withKey(KEY_ARN + "\n", ""))),
        arguments(field + "key_arn", test(withKey(KEY_ARN.replace("aws:", "aws-moon:"), ""))),
        arguments(field + "key_arn", update(withKey(KEY_ARN.replace("alias/", "key/"), ""))),
        arguments(field + "role_arn", create(withKey(KEY_ARN, "arn:aws:iam::1:role/broker"))),
        arguments(field + "role_arn", test(withKey(KEY_ARN, "arn:aws:iam::111122223333:role/"))),
        arguments("key.key_arn", onboarding("arn:aws:kms:::key/")),
        arguments("keystore.root_key.kind", create(keystore().setRootKey(RootKey.newBuilder()))),
        arguments("keystore", create(keystore().clearRootKey())));
  }

  private static Stream<Arguments> tokens() {
    return IntStream.range(0, badTokens().length)
        .mapToObj(i -> badTokens()[i])
        .flatMap(
            token ->
                Stream.of(
                    arguments("page_token", list(token)),
                    arguments("page_token", tenants(token)),
                    arguments("page_token", listKeks(token)),
                    arguments("page_token", audit(audit().setPageToken(token)))));
  }

  private static Stream<Arguments> filters() {
    return Stream.of("calls", "keystore_id = 'x' OR 1", "\u0000", "f".repeat(1_025))
        .map(
            filter ->
                arguments(
                    "filter",
                    (Call)
                        channel ->
                            KeystoresGrpc.newBlockingStub(channel)
                                .listKeystores(
                                    ListKeystoresRequest.newBuilder()
                                        .setParent(TENANT)
                                        .setFilter(filter)
                                        .build())));
  }

  private static String[] badTokens() {
    String uuid = "0b9fd2a8-5e0c-4a59-9d5c-8f1c6d0f7a11";
    return new String[] {
      "=",
      "\u0000",
      "ä",
      token(TENANT + " "),
      token(KEYSTORE + " x/y"),
      token(KEYSTORE + " +1000000000-12-31T23:59:59.999999999Z/" + uuid),
      token(TENANT + " +1000000000-12-31T23:59:59.999999999Z/" + uuid + "/1"),
      token(TENANT + " 2026-01-01T00:00:00Z/" + uuid + "/9223372036854775808"),
      token(TENANT + " 2026-01-01T00:00:00Z/1-1-1-1-1/1"),
      "a".repeat(1_025)
    };
  }

  private static String token(String text) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @MethodSource("badValues")
  void badValue_isRefusedWithItsField(String field, Call call) {
    Status status = assertRefused(Code.INVALID_ARGUMENT, "REQUEST_INVALID", () -> call.on(channel));

    BadRequest violations = detail(status, BadRequest.class);
    assertEquals(field, violations.getFieldViolations(0).getField());
    assertFalse(violations.getFieldViolations(0).getDescription().isEmpty());
  }

  static Stream<Arguments> unusualValues() {
    return Stream.of(
        // Ignored on input, whatever it holds.
        arguments(
            "KEYSTORE_NOT_FOUND",
            update(
                keystore()
                    .setCreateTime(timestamp(Long.MAX_VALUE, -1))
                    .setUpdateTime(timestamp(0, Integer.MAX_VALUE)))),
        arguments("KEYSTORE_NOT_FOUND", update(keystore().setEtag("\u0000"))),
        arguments("KEYSTORE_NOT_FOUND", update(keystore().setEtag("9".repeat(10_000)))),
        arguments("KEYSTORE_NOT_FOUND", wrap("key\u0000", "value\u0000")),
        arguments("KEYSTORE_NOT_FOUND", wrap("\uD83D\uDE00", "\uFFFF\uFFFE")));
  }

  @ParameterizedTest
  @MethodSource("unusualValues")
  void unusualValue_isNoFaultOfTheBroker(String reason, Call call) {
    assertRefused(Code.NOT_FOUND, reason, () -> call.on(channel));
  }

  static Stream<ListAuditEventsRequest> unusualFilters() {
    return Stream.of(
        audit().setCaller("\u0000").build(),
        audit().setCaller("\uD83D\uDE00".repeat(128)).build(),
        audit().setStartTime(timestamp(253_402_300_799L, 0)).build(),
        audit().setEndTime(timestamp(0, 999_999_999)).build());
  }

  @ParameterizedTest
  @MethodSource("unusualFilters")
  void unusualFilter_findsNothing(ListAuditEventsRequest request) {
    assertEquals(
        0, AuditLogGrpc.newBlockingStub(channel).listAuditEvents(request).getEventsCount());
  }

  private static Keystore.Builder keystore() {
    return Keystore.newBuilder()
        .setName(KEYSTORE)
        .setRootKey(RootKey.newBuilder().setBrokerManaged(BrokerManagedKey.getDefaultInstance()));
  }

  private static Keystore.Builder withKey(String keyArn, String roleArn) {
    return keystore()
        .setRootKey(
            RootKey.newBuilder()
                .setAwsKms(AwsKmsKey.newBuilder().setKeyArn(keyArn).setRoleArn(roleArn)));
  }

  private static Call create(Keystore.Builder keystore) {
    return create(keystore.build());
  }

  private static Call create(Keystore keystore) {
    CreateKeystoreRequest request =
        CreateKeystoreRequest.newBuilder()
            .setParent(TENANT)
            .setKeystoreId("calls")
            .setKeystore(keystore)
            .build();
    return channel -> KeystoresGrpc.newBlockingStub(channel).createKeystore(request);
  }

  private static Call update(Keystore.Builder keystore) {
    return update(keystore.build());
  }

  private static Call update(Keystore keystore) {
    return update(UpdateKeystoreRequest.newBuilder().setKeystore(keystore).build());
  }

  private static Call masked(String path) {
    return update(
        UpdateKeystoreRequest.newBuilder()
            .setKeystore(keystore())
            .setUpdateMask(FieldMask.newBuilder().addPaths(path))
            .build());
  }

  private static Call update(UpdateKeystoreRequest request) {
    return channel -> KeystoresGrpc.newBlockingStub(channel).updateKeystore(request);
  }

  private static Call test(Keystore.Builder keystore) {
    return test(keystore.build());
  }

  private static Call test(Keystore keystore) {
    TestKeystoreRequest request = TestKeystoreRequest.newBuilder().setKeystore(keystore).build();
    return channel -> KeystoresGrpc.newBlockingStub(channel).testKeystore(request);
  }

  private static Call getKeystore(String name) {
    GetKeystoreRequest request = GetKeystoreRequest.newBuilder().setName(name).build();
    return channel -> KeystoresGrpc.newBlockingStub(channel).getKeystore(request);
  }

  private static Call getKek(String name) {
    GetKekRequest request = GetKekRequest.newBuilder().setName(name).build();
    return channel -> KeystoresGrpc.newBlockingStub(channel).getKek(request);
  }

  private static Call rotate(String requestId) {
    RotateKekRequest request =
        RotateKekRequest.newBuilder().setName(KEYSTORE).setRequestId(requestId).build();
    return channel -> KeystoresGrpc.newBlockingStub(channel).rotateKek(request);
  }

  private static Call destroy(int days) {
    ScheduleKekDestructionRequest request =
        ScheduleKekDestructionRequest.newBuilder().setName(KEK).setWaitingPeriodDays(days).build();
    return channel -> KeystoresGrpc.newBlockingStub(channel).scheduleKekDestruction(request);
  }

  private static Call onboarding(String keyArn) {
    GetOnboardingRequest request =
        GetOnboardingRequest.newBuilder()
            .setParent(TENANT)
            .setKey(AwsKmsKey.newBuilder().setKeyArn(keyArn))
            .build();
    return channel -> KeystoresGrpc.newBlockingStub(channel).getOnboarding(request);
  }

  private static Call list(String token) {
    ListKeystoresRequest request =
        ListKeystoresRequest.newBuilder().setParent(TENANT).setPageToken(token).build();
    return channel -> KeystoresGrpc.newBlockingStub(channel).listKeystores(request);
  }

  private static Call tenants(String token) {
    ListTenantsRequest request = ListTenantsRequest.newBuilder().setPageToken(token).build();
    return channel -> KeystoresGrpc.newBlockingStub(channel).listTenants(request);
  }

  private static Call listKeks(String token) {
    ListKeksRequest request =
        ListKeksRequest.newBuilder().setParent(KEYSTORE).setPageToken(token).build();
    return channel -> KeystoresGrpc.newBlockingStub(channel).listKeks(request);
  }

  private static ListAuditEventsRequest.Builder audit() {
    return ListAuditEventsRequest.newBuilder().setParent(TENANT);
  }

  private static Call audit(ListAuditEventsRequest.Builder request) {
    ListAuditEventsRequest built = request.build();
    return channel -> AuditLogGrpc.newBlockingStub(channel).listAuditEvents(built);
  }

  private static Call wrap(String key, String value) {
    WrapDekRequest request = wrapRequest(KEYSTORE, Map.of(key, value));
    return channel -> KeyBrokerGrpc.newBlockingStub(channel).wrapDek(request);
  }

  private static Call rewrap(String destination) {
    RewrapDekRequest request =
        RewrapDekRequest.newBuilder()
            .setKeystore(KEYSTORE)
            .setWrappedDek(ByteString.copyFromUtf8("wrapped"))
            .setDestinationKeystore(destination)
            .build();
    return channel -> KeyBrokerGrpc.newBlockingStub(channel).rewrapDek(request);
  }
}
