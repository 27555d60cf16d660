package dev.keybroker.pipeline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.policy.Arn;
import dev.keybroker.policy.Policy;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What the check of a pipeline finds in the pipelines that people build, and in those that work.
class PipelineDoctorTest {
  private static final String ACCOUNT = "111122223333";
  private static final String OTHER = "444455556666";
  private static final String RECORDINGS = key(ACCOUNT, "1");
  private static final String STREAM = key(ACCOUNT, "2");
  private static final String BUCKET = key(ACCOUNT, "3");
  private static final String AWS_KINESIS =
      "arn:aws:kms:eu-central-1:" + ACCOUNT + ":alias/aws/kinesis";
  private static final String AWS_S3 = "arn:aws:kms:eu-central-1:" + ACCOUNT + ":alias/aws/s3";
  private static final String DELEGATING =
      statement("Allow", "arn:aws:iam::" + ACCOUNT + ":root", "kms:*", "{}");
  private static final String ALL_OF_KMS =
      """
      {"Effect": "Allow", "Action": "kms:*", "Resource": "*"}\
      """;

  /// A pipeline that works; each test changes what it is about.
  private @Nullable ConnectInstance connect =
      new ConnectInstance(
          arn("arn:aws:connect:eu-central-1:" + ACCOUNT + ":instance/i-1"), List.of(RECORDINGS));

  private @Nullable PipelineRole producer;
  private @Nullable PipelineKey streamKey = given(RECORDINGS, DELEGATING);
  private @Nullable PipelineKey bucketKey = given(BUCKET, DELEGATING);
  private PipelineRole firehose = role(ACCOUNT, ALL_OF_KMS);
  private String stream = "arn:aws:kinesis:eu-central-1:" + ACCOUNT + ":stream/records";

  @Test
  void connect_withTheStreamsKeyForItsRecordings_passes() {
    assertEquals(List.of(), findings());
  }

  @Test
  void connect_withTheAwsManagedKeyOfKinesis_passes() {
    streamKey = new PipelineKey(arn(AWS_KINESIS), null);

    assertEquals(List.of(), findings());
  }

  @Test
  void connect_withAnotherKeyThanTheStream_failsHoweverOpenTheKeyPolicy() {
    streamKey = given(STREAM, statement("Allow", "*", "kms:*", "{}"));

    PipelineFinding finding = only(PipelineHop.CONNECT_TO_STREAM, PipelineSeverity.ERROR);
    assertTrue(finding.what().contains(STREAM), finding.what());
    assertTrue(finding.why().contains("call recordings"), finding.why());
    assertEquals(List.of(), finding.statements());
  }

  @ParameterizedTest
  @ValueSource(strings = {"eu-west-1:" + ACCOUNT, "eu-central-1:" + OTHER})
  void connect_elsewhereThanTheStream_fails(String place) {
    connect =
        new ConnectInstance(arn("arn:aws:connect:" + place + ":instance/i-1"), List.of(RECORDINGS));

    only(PipelineHop.CONNECT_TO_STREAM, PipelineSeverity.ERROR);
  }

  @Test
  void streamAndBucket_withDifferentKeys_needBothPoliciesForFirehose() {
    bucketKey =
        given(BUCKET, statement("Allow", "arn:aws:iam::" + ACCOUNT + ":role/admin", "kms:*", "{}"));

    PipelineFinding finding = only(PipelineHop.FIREHOSE_TO_BUCKET, PipelineSeverity.ERROR);
    StatementToAdd statement = finding.statements().getFirst();
    assertEquals(1, finding.statements().size());
    assertEquals(PolicyPlace.KEY_POLICY, statement.place());
    assertEquals(BUCKET, statement.resource());
    assertTrue(
        statement.statement().contains("\"kms:ViaService\" : \"s3.eu-central-1.amazonaws.com\""),
        statement.statement());
    assertTrue(
        statement
            .statement()
            .contains("\"kms:EncryptionContext:aws:s3:arn\" : \"arn:aws:s3:::recordings/calls/*\""),
        statement.statement());
  }

  @Test
  void caller_ofPutRecord_withoutRightsOnTheKey_fails() {
    producer =
        role(
            ACCOUNT,
            """
            {"Effect": "Allow", "Action": ["kinesis:PutRecord", "kms:GenerateDataKey"],
             "Resource": "*"}\
            """);

    PipelineFinding finding = only(PipelineHop.PRODUCER_TO_STREAM, PipelineSeverity.ERROR);
    assertTrue(finding.what().contains("refused kms:Decrypt on"), finding.what());
    StatementToAdd statement = finding.statements().getFirst();
    assertEquals(PolicyPlace.IDENTITY_POLICY, statement.place());
    assertTrue(
        statement
            .statement()
            .contains("\"kms:ViaService\" : \"kinesis.eu-central-1.amazonaws.com\""),
        statement.statement());
    assertTrue(
        statement
            .statement()
            .contains("\"kms:EncryptionContext:aws:kinesis:arn\" : \"" + stream + "\""),
        statement.statement());
  }

  @Test
  void producer_alone_needsNoConnect() {
    connect = null;
    producer = role(ACCOUNT, ALL_OF_KMS);

    assertEquals(List.of(), findings());
  }

  @Test
  void policies_thatAreNotGiven_areNotJudged_andTheStatementsThatSufficeAreNamed() {
    streamKey = new PipelineKey(arn(RECORDINGS), null);
    bucketKey = null;
    firehose = new PipelineRole(firehose.arn(), List.of());

    PipelineFinding finding = only(PipelineHop.STREAM_TO_FIREHOSE, PipelineSeverity.NOT_JUDGED);
    assertTrue(finding.why().contains("The key policy is not given."), finding.why());
    assertEquals(
        List.of(PolicyPlace.KEY_POLICY),
        finding.statements().stream().map(StatementToAdd::place).toList());
  }

  @Test
  void rolesPolicies_thatAreNotGiven_areNotNeededWhereTheKeyPolicyNamesTheRole() {
    String names = statement("Allow", firehose.arn().toString(), "kms:*", "{}");
    streamKey = given(RECORDINGS, names);
    bucketKey = given(BUCKET, names);
    firehose = new PipelineRole(firehose.arn(), List.of());

    assertEquals(List.of(), findings());
  }

  @Test
  void condition_onAValueThatOnlyAwsKnows_isNotJudged() {
    bucketKey =
        given(
            BUCKET,
            statement(
                "Allow", "*", "kms:*", "{\"StringEquals\": {\"aws:PrincipalOrgID\": \"o-1\"}}"));

    PipelineFinding finding = only(PipelineHop.FIREHOSE_TO_BUCKET, PipelineSeverity.NOT_JUDGED);
    assertTrue(finding.why().contains("aws:principalorgid"), finding.why());
    assertEquals(1, finding.statements().size());
  }

  @Test
  void deny_onAValueThatOnlyAwsKnows_isNotJudged_andNoStatementHelps() {
    bucketKey =
        given(
            BUCKET,
            DELEGATING
                + ","
                + statement(
                    "Deny", "*", "kms:*", "{\"StringNotEquals\": {\"aws:SourceVpce\": \"v-1\"}}"));

    PipelineFinding finding = only(PipelineHop.FIREHOSE_TO_BUCKET, PipelineSeverity.NOT_JUDGED);
    assertEquals(List.of(), finding.statements());
  }

  @Test
  void deny_explicit_fails_andNoStatementIsOffered() {
    streamKey =
        given(
            RECORDINGS,
            DELEGATING
                + ","
                + statement(
                    "Deny",
                    "*",
                    "kms:Decrypt",
                    "{\"StringNotEquals\": {\"kms:ViaService\":"
                        + " \"s3.eu-central-1.amazonaws.com\"}}"));

    PipelineFinding finding = only(PipelineHop.STREAM_TO_FIREHOSE, PipelineSeverity.ERROR);
    assertTrue(finding.why().contains("denies it explicitly"), finding.why());
    assertEquals(List.of(), finding.statements());
  }

  @Test
  void deny_ofPlaintextConnections_isJudged() {
    String tls =
        statement("Deny", "*", "kms:*", "{\"Bool\": {\"aws:SecureTransport\": \"false\"}}");
    streamKey = given(RECORDINGS, DELEGATING + "," + tls);

    assertEquals(List.of(), findings());
  }

  @Test
  void otherAccount_needsBothSides() {
    firehose =
        role(OTHER, "{\"Effect\": \"Allow\", \"Action\": \"kinesis:*\", \"Resource\": \"*\"}");
    bucketKey = null;

    PipelineFinding finding = only(PipelineHop.STREAM_TO_FIREHOSE, PipelineSeverity.ERROR);
    assertEquals(
        List.of(PolicyPlace.KEY_POLICY, PolicyPlace.IDENTITY_POLICY),
        finding.statements().stream().map(StatementToAdd::place).toList());
  }

  @ParameterizedTest
  @CsvSource({"STREAM_TO_FIREHOSE, true", "FIREHOSE_TO_BUCKET, false"})
  void awsManagedKey_forARoleOfAnotherAccount_fails(PipelineHop hop, boolean ofStream) {
    connect = null;
    producer = role(ACCOUNT, ALL_OF_KMS);
    firehose = role(OTHER, ALL_OF_KMS);
    streamKey = ofStream ? new PipelineKey(arn(AWS_KINESIS), null) : null;
    bucketKey = ofStream ? null : new PipelineKey(arn(AWS_S3), null);

    PipelineFinding finding =
        findings().stream().filter(PipelineFinding::matters).findFirst().orElseThrow();
    assertEquals(hop, finding.hop());
    assertTrue(finding.why().contains("customer managed key"), finding.why());
    assertEquals(List.of(), finding.statements());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "arn:aws:kms:eu-west-1:" + ACCOUNT + ":key/12345678-1234-1234-1234-123456789012",
        "arn:aws:kms:eu-central-1:" + OTHER + ":alias/aws/kinesis"
      })
  void key_thatTheStreamCannotHave_isOneFinding(String key) {
    streamKey = given(key, DELEGATING);
    producer = role(ACCOUNT, ALL_OF_KMS);

    only(PipelineHop.CONNECT_TO_STREAM, PipelineSeverity.ERROR);
  }

  @Test
  void stream_withoutEncryption_isAWarning_thatDoesNotFailTheCheck() {
    streamKey = null;

    assertFalse(only(PipelineHop.CONNECT_TO_STREAM, PipelineSeverity.WARNING).matters());
  }

  @Test
  void role_ofAnotherPartition_fails() {
    firehose =
        new PipelineRole(arn("arn:aws-cn:iam::" + ACCOUNT + ":role/firehose"), firehose.policies());
    bucketKey = null;

    only(PipelineHop.STREAM_TO_FIREHOSE, PipelineSeverity.ERROR);
  }

  /// AWS documents the names of `kms:ViaService` for two partitions only.
  @Test
  void statement_inAPartitionWithoutADocumentedServiceName_hasTheContextOnly() {
    connect = null;
    stream = "arn:aws-cn:kinesis:cn-north-1:" + ACCOUNT + ":stream/records";
    streamKey =
        new PipelineKey(
            arn("arn:aws-cn:kms:cn-north-1:" + ACCOUNT + ":key/k-1"),
            Policy.parse(policy(statement("Deny", "*", "kms:Sign", "{}"))));
    firehose = new PipelineRole(arn("arn:aws-cn:iam::" + ACCOUNT + ":role/firehose"), List.of());
    bucketKey = null;

    String statement =
        only(PipelineHop.STREAM_TO_FIREHOSE, PipelineSeverity.ERROR)
            .statements()
            .getFirst()
            .statement();
    assertTrue(statement.contains("kms:EncryptionContext:aws:kinesis:arn"), statement);
    assertFalse(statement.contains("kms:ViaService"), statement);
  }

  private PipelineFinding only(PipelineHop hop, PipelineSeverity severity) {
    List<PipelineFinding> findings = findings();
    assertEquals(1, findings.size(), findings::toString);
    assertEquals(hop, findings.getFirst().hop());
    assertEquals(severity, findings.getFirst().severity());
    return findings.getFirst();
  }

  private List<PipelineFinding> findings() {
    return PipelineDoctor.examine(
        new Pipeline(
            connect,
            producer,
            new PipelineStream(arn(stream), streamKey),
            firehose,
            new PipelineBucket(arn("arn:aws:s3:::recordings"), bucketKey, "calls/", false)));
  }

  private static String key(String account, String digit) {
    return "arn:aws:kms:eu-central-1:%s:key/%s2345678-1234-1234-1234-123456789012"
        .formatted(account, digit);
  }

  private static PipelineKey given(String key, String statements) {
    return new PipelineKey(arn(key), Policy.parse(policy(statements)));
  }

  private static PipelineRole role(String account, String statement) {
    return new PipelineRole(
        arn("arn:aws:iam::" + account + ":role/service/pipeline"),
        List.of(Policy.parse(policy(statement))));
  }

  private static String policy(String statements) {
    return "{\"Version\": \"2012-10-17\", \"Statement\": [" + statements + "]}";
  }

  private static String statement(
      String effect, String principal, String action, String condition) {
    return """
    {"Effect": "%s", "Principal": {"AWS": "%s"}, "Action": "%s", "Resource": "*", "Condition": %s}\
    """
        .formatted(effect, principal, action, condition);
  }

  private static Arn arn(String text) {
    return Objects.requireNonNull(Arn.parse(text));
  }
}
