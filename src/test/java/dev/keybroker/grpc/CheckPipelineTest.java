package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.rpc.BadRequest;
import dev.keybroker.pipeline.PipelineDoctor;
import dev.keybroker.v1.AuditEvent;
import dev.keybroker.v1.AuditLogGrpc;
import dev.keybroker.v1.CheckPipelineRequest;
import dev.keybroker.v1.CheckPipelineResponse;
import dev.keybroker.v1.ConnectInstance;
import dev.keybroker.v1.ConnectStorage;
import dev.keybroker.v1.ConnectStorageType;
import dev.keybroker.v1.KeystoresGrpc;
import dev.keybroker.v1.ListAuditEventsRequest;
import dev.keybroker.v1.PipelineBucket;
import dev.keybroker.v1.PipelineFinding;
import dev.keybroker.v1.PipelineHop;
import dev.keybroker.v1.PipelineRole;
import dev.keybroker.v1.PipelineSeverity;
import dev.keybroker.v1.PipelineStream;
import dev.keybroker.v1.PolicyPlace;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.quarkus.test.junit.QuarkusTest;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// CheckPipeline as callers see it, and what it keeps to itself.
@QuarkusTest
class CheckPipelineTest extends BrokerTestCase {
  private static final String KEY = "arn:aws:kms:eu-central-1:111122223333:key/";
  private static final String RECORDINGS = KEY + "12345678-1234-1234-1234-123456789012";
  private static final String BUCKET = KEY + "22345678-1234-1234-1234-123456789012";
  private static final String MARK = "s3cret";
  private static final String POLICY =
      """
      {"Version": "2012-10-17", "Id": "s3cret", "Statement": [
        {"Sid": "s3cret", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
         "Action": ["kms:*", "s3cret:*"], "Resource": "*",
         "Condition": {"StringNotEquals": {"kms:EncryptionContext:s3cret": "s3cret"}}}]}\
      """;
  private static final String ROLES_POLICY =
      """
      {"Statement": {"Effect": "Allow", "Action": "kms:*", "Resource": ["*", "arn:s3cret"]}}\
      """;

  private final String tenant = "tenants/t-" + UUID.randomUUID();

  @Test
  void pipeline_thatWorks_passes() {
    CheckPipelineResponse response = check(request -> {});

    assertEquals(List.of(), response.getFindingsList());
    assertTrue(response.getPassed());
  }

  @Test
  void pipeline_thatFails_isAnswered_andOnRecordWithoutItsPolicies() {
    CheckPipelineResponse response =
        check(
            request -> {
              request.getConnectBuilder().getStorageBuilder(0).setKeyArn(BUCKET);
              request.getBucketBuilder().clearKeyPolicy();
            });

    assertFalse(response.getPassed());
    PipelineFinding connect = response.getFindings(0);
    assertEquals(PipelineHop.PIPELINE_HOP_CONNECT_TO_STREAM, connect.getHop());
    assertEquals(PipelineSeverity.PIPELINE_SEVERITY_ERROR, connect.getSeverity());
    PipelineFinding bucket = response.getFindings(1);
    assertEquals(PipelineHop.PIPELINE_HOP_FIREHOSE_TO_BUCKET, bucket.getHop());
    assertEquals(PipelineSeverity.PIPELINE_SEVERITY_NOT_JUDGED, bucket.getSeverity());
    assertEquals(PolicyPlace.POLICY_PLACE_KEY_POLICY, bucket.getStatements(0).getPlace());
    assertEquals(BUCKET, bucket.getStatements(0).getResource());
    AuditEvent event =
        AuditLogGrpc.newBlockingStub(channel)
            .listAuditEvents(ListAuditEventsRequest.newBuilder().setParent(tenant).build())
            .getEvents(0);
    assertEquals("CheckPipeline", event.getRpc());
    assertFalse(event.toString().contains(MARK), event::toString);
  }

  /// A storage configuration of another kind gives Connect no grant for streams.
  @Test
  void storage_ofAnotherKind_doesNotCount() {
    CheckPipelineResponse response =
        check(
            request ->
                request
                    .getConnectBuilder()
                    .getStorageBuilder(0)
                    .setType(ConnectStorageType.CONNECT_STORAGE_TYPE_OTHER));

    assertEquals(PipelineHop.PIPELINE_HOP_CONNECT_TO_STREAM, response.getFindings(0).getHop());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "stream.key_policy",
        "bucket.key_policy",
        "firehose.identity_policies[1]",
        "producer.identity_policies[0]"
      })
  void policy_thatCannotBeRead_isNamedByItsField_andQuotedNowhere(String field) {
    CapturedLog log = CapturedLog.open();
    BadRequest.FieldViolation violation;
    try {
      violation = refusal(field, POLICY.replace("\"Sid\"", "\"s3cret\""));
    } finally {
      log.close();
    }

    assertEquals(field, violation.getField());
    assertTrue(
        violation.getDescription().endsWith("statement 1: unknown element"),
        violation.getDescription());
    assertFalse(log.text().contains(MARK), log::text);
  }

  /// Policies of which something is lost or changed, as happens when they are pasted.
  @Test
  void policies_damagedAnyhow_areJudgedOrRefusedByTheirField_andQuotedNowhere() {
    Random random = new Random(20);
    int refused = 0;
    for (int i = 0; i < 5_000; i++) {
      CheckPipelineRequest.Builder request = works(tenant).toBuilder();
      request.getStreamBuilder().setKeyPolicy(damaged(random));
      try {
        PipelineMapping.response(PipelineDoctor.examine(PipelineMapping.pipeline(request.build())));
      } catch (RequestInvalid e) {
        refused++;
        String text = e.status().text();
        assertTrue(text.startsWith("`stream.key_policy` is not a policy"), text);
        assertFalse(text.contains("s3c"), text);
        assertNull(e.getCause());
      }
    }

    assertTrue(refused > 500, "refused " + refused);
  }

  private static String damaged(Random random) {
    StringBuilder text = new StringBuilder(POLICY);
    int at = random.nextInt(text.length());
    switch (random.nextInt(4)) {
      case 0 -> text.setLength(Math.max(1, at));
      case 1 -> text.deleteCharAt(at);
      case 2 -> text.insert(at, "{}[]\",:\\\u201c0".charAt(random.nextInt(10)));
      default -> text.setCharAt(at, (char) (32 + random.nextInt(90)));
    }
    return text.toString();
  }

  @Test
  void policies_ofOneKey_thatDiffer_areRefused() {
    BadRequest.FieldViolation violation =
        violation(
            assertThrows(
                StatusRuntimeException.class,
                () ->
                    check(
                        request ->
                            request
                                .getBucketBuilder()
                                .setKeyArn(RECORDINGS)
                                .setKeyPolicy(ROLES_POLICY))));

    assertEquals("bucket.key_policy", violation.getField());
  }

  @Test
  void policy_withoutItsKey_isRefused() {
    BadRequest.FieldViolation violation =
        violation(
            assertThrows(
                StatusRuntimeException.class,
                () -> check(request -> request.getBucketBuilder().clearKeyArn())));

    assertEquals("bucket.key_policy", violation.getField());
  }

  private BadRequest.FieldViolation refusal(String field, String policy) {
    return violation(
        assertThrows(
            StatusRuntimeException.class,
            () ->
                check(
                    request -> {
                      switch (field) {
                        case "stream.key_policy" -> request.getStreamBuilder().setKeyPolicy(policy);
                        case "bucket.key_policy" -> request.getBucketBuilder().setKeyPolicy(policy);
                        case "firehose.identity_policies[1]" ->
                            request.getFirehoseBuilder().addIdentityPolicies(policy);
                        default ->
                            request
                                .getProducerBuilder()
                                .setArn("arn:aws:iam::111122223333:role/producer")
                                .addIdentityPolicies(policy);
                      }
                    })));
  }

  private static BadRequest.FieldViolation violation(StatusRuntimeException refused) {
    List<BadRequest> details = new ArrayList<>();
    for (var detail : StatusProto.fromThrowable(refused).getDetailsList()) {
      if (detail.is(BadRequest.class)) {
        try {
          details.add(detail.unpack(BadRequest.class));
        } catch (com.google.protobuf.InvalidProtocolBufferException e) {
          throw new AssertionError(e);
        }
      }
    }
    return details.getFirst().getFieldViolations(0);
  }

  private CheckPipelineResponse check(Consumer<CheckPipelineRequest.Builder> change) {
    CheckPipelineRequest.Builder request = works(tenant).toBuilder();
    change.accept(request);
    return KeystoresGrpc.newBlockingStub(channel).checkPipeline(request.build());
  }

  /// A pipeline that passes the check.
  static CheckPipelineRequest works(String tenant) {
    return CheckPipelineRequest.newBuilder()
        .setParent(tenant)
        .setConnect(
            ConnectInstance.newBuilder()
                .setArn(
                    "arn:aws:connect:eu-central-1:111122223333:instance/"
                        + "32345678-1234-1234-1234-123456789012")
                .addStorage(
                    ConnectStorage.newBuilder()
                        .setType(ConnectStorageType.CONNECT_STORAGE_TYPE_CALL_RECORDINGS)
                        .setKeyArn(RECORDINGS)))
        .setStream(
            PipelineStream.newBuilder()
                .setArn("arn:aws:kinesis:eu-central-1:111122223333:stream/records")
                .setKeyArn(RECORDINGS)
                .setKeyPolicy(POLICY))
        .setFirehose(
            PipelineRole.newBuilder()
                .setArn("arn:aws:iam::111122223333:role/firehose")
                .addIdentityPolicies(ROLES_POLICY))
        .setBucket(
            PipelineBucket.newBuilder()
                .setArn("arn:aws:s3:::recordings")
                .setKeyArn(BUCKET)
                .setKeyPolicy(POLICY)
                .setObjectPrefix("calls/"))
        .build();
  }
}
