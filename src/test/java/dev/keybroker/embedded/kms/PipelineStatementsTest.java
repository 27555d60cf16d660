package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.pipeline.Pipeline;
import dev.keybroker.pipeline.PipelineBucket;
import dev.keybroker.pipeline.PipelineDoctor;
import dev.keybroker.pipeline.PipelineFinding;
import dev.keybroker.pipeline.PipelineHop;
import dev.keybroker.pipeline.PipelineKey;
import dev.keybroker.pipeline.PipelineRole;
import dev.keybroker.pipeline.PipelineSeverity;
import dev.keybroker.pipeline.PipelineStream;
import dev.keybroker.pipeline.PolicyPlace;
import dev.keybroker.pipeline.StatementToAdd;
import dev.keybroker.policy.Arn;
import dev.keybroker.policy.Policy;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.SdkBytes;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.model.DataKeySpec;

/// The statements that the check of a pipeline prints, put into the policies of a local KMS: with
/// all of them each hop works, and without any one its hop fails. What the check says is what the
/// calls of the services get.
class PipelineStatementsTest extends LocalKmsTestCase {
  private static final String STREAM =
      "arn:aws:kinesis:eu-central-1:" + TENANT + ":stream/connect-records";
  private static final String BUCKET = "arn:aws:s3:::recordings";
  private static final String OBJECT = BUCKET + "/calls/2026/11/28/02/stream-1-4711";
  private static final Set<PipelineHop> HOPS =
      EnumSet.of(
          PipelineHop.PRODUCER_TO_STREAM,
          PipelineHop.STREAM_TO_FIREHOSE,
          PipelineHop.FIREHOSE_TO_BUCKET);

  /// What a role has before: permissions on its services, none on keys.
  private static final String NO_KEYS =
      Policies.identity("Allow", "kinesis:*", "*") + "," + Policies.identity("Allow", "s3:*", "*");

  private String streamKey = "";
  private String bucketKey = "";
  private String roleAccount = "";
  private boolean bucketKeyEnabled;
  private List<String> keyStatements = List.of();

  @ParameterizedTest(name = "delegating: {0}, other account: {1}, one key: {2}, bucket key: {3}")
  @CsvSource({
    "true, false, false, false",
    "false, false, false, false",
    "false, false, true, true",
    "true, false, true, false",
    "false, true, false, true",
    "true, true, true, false",
  })
  void statements_allOfThem_makeEachHopWork_andNoneCanBeLeftOut(
      boolean delegating, boolean otherAccount, boolean oneKey, boolean bucketKeyEnabled) {
    String administrator = "arn:aws:iam::" + TENANT + ":user/admin";
    keyStatements =
        List.of(
            Policies.statement("Allow", administrator, "kms:*"),
            delegating ? Policies.rootOf(TENANT) : Policies.statement("Deny", "*", "kms:Sign"));
    roleAccount = otherAccount ? BROKER : TENANT;
    this.bucketKeyEnabled = bucketKeyEnabled;
    streamKey = newKey(Policies.of(keyStatements.toArray(String[]::new)));
    bucketKey = oneKey ? streamKey : newKey(Policies.of(keyStatements.toArray(String[]::new)));

    List<PipelineFinding> findings = given(List.of());
    List<StatementToAdd> all =
        findings.stream().flatMap(finding -> finding.statements().stream()).toList();

    assertEquals(HOPS, failing(findings));
    assertEquals(HOPS, refused());
    assertEquals(otherAccount ? 6 : 3, all.size());
    assertEquals(List.of(), given(all));
    assertEquals(Set.of(), refused());
    for (PipelineFinding finding : findings) {
      for (StatementToAdd left : finding.statements()) {
        List<StatementToAdd> others = new ArrayList<>(all);
        others.remove(left);

        assertEquals(Set.of(finding.hop()), failing(given(others)), left.statement());
        assertEquals(Set.of(finding.hop()), refused(), left.statement());
      }
    }
  }

  /// Puts the statements into the policies, and examines these.
  private List<PipelineFinding> given(List<StatementToAdd> statements) {
    String producer = role("producer", "ec2.amazonaws.com", statements);
    String firehose = role("firehose", "firehose.amazonaws.com", statements);
    for (String key : new HashSet<>(List.of(streamKey, bucketKey))) {
      admin.putKeyPolicy(
          r ->
              r.keyId(key).policy(keyPolicy(key, statements)).bypassPolicyLockoutSafetyCheck(true));
    }
    return PipelineDoctor.examine(
        new Pipeline(
            null,
            described(producer, statements),
            new PipelineStream(arn(STREAM), key(streamKey, statements)),
            described(firehose, statements),
            new PipelineBucket(
                arn(BUCKET), key(bucketKey, statements), "calls/", bucketKeyEnabled)));
  }

  private String role(String name, String service, List<StatementToAdd> statements) {
    String trust =
        """
        {"Effect":"Allow","Principal":{"Service":"%s"},"Action":"sts:AssumeRole"}\
        """
            .formatted(service);
    String arn = "arn:aws:iam::" + roleAccount + ":role/" + name;
    return server.role(roleAccount, name, Policies.of(trust), rolePolicy(arn, statements));
  }

  private static String rolePolicy(String role, List<StatementToAdd> statements) {
    return added(List.of(NO_KEYS), role, PolicyPlace.IDENTITY_POLICY, statements);
  }

  private String keyPolicy(String key, List<StatementToAdd> statements) {
    return added(keyStatements, key, PolicyPlace.KEY_POLICY, statements);
  }

  private static String added(
      List<String> before, String resource, PolicyPlace place, List<StatementToAdd> statements) {
    List<String> together = new ArrayList<>(before);
    statements.stream()
        .filter(it -> it.place() == place && it.resource().equals(resource))
        .forEach(it -> together.add(it.statement()));
    return Policies.of(together.toArray(String[]::new));
  }

  private static PipelineRole described(String role, List<StatementToAdd> statements) {
    return new PipelineRole(arn(role), List.of(Policy.parse(rolePolicy(role, statements))));
  }

  private PipelineKey key(String key, List<StatementToAdd> statements) {
    return new PipelineKey(arn(key), Policy.parse(keyPolicy(key, statements)));
  }

  private static Set<PipelineHop> failing(List<PipelineFinding> findings) {
    Set<PipelineHop> hops = EnumSet.noneOf(PipelineHop.class);
    for (PipelineFinding finding : findings) {
      assertEquals(PipelineSeverity.ERROR, finding.severity());
      hops.add(finding.hop());
    }
    return hops;
  }

  /// The hops whose calls the local KMS refuses.
  private Set<PipelineHop> refused() {
    Set<PipelineHop> hops = EnumSet.noneOf(PipelineHop.class);
    Map<String, String> record = Map.of("aws:kinesis:arn", STREAM);
    Map<String, String> object = Map.of("aws:s3:arn", bucketKeyEnabled ? BUCKET : OBJECT);
    try (KmsClient producer = through("kinesis", "producer", "ec2.amazonaws.com");
        KmsClient reader = through("kinesis", "firehose", "firehose.amazonaws.com");
        KmsClient writer = through("s3", "firehose", "firehose.amazonaws.com")) {
      SdkBytes stored = generate(admin, streamKey, record);
      if (isRefused(() -> generate(producer, streamKey, record))
          || isRefused(() -> decrypt(producer, stored, record))) {
        hops.add(PipelineHop.PRODUCER_TO_STREAM);
      }
      if (isRefused(() -> decrypt(reader, stored, record))) {
        hops.add(PipelineHop.STREAM_TO_FIREHOSE);
      }
      SdkBytes part = generate(admin, bucketKey, object);
      if (isRefused(() -> generate(writer, bucketKey, object))
          || isRefused(() -> decrypt(writer, part, object))) {
        hops.add(PipelineHop.FIREHOSE_TO_BUCKET);
      }
      assertNothingElseIsAllowed(producer, reader, stored, record);
    }
    return hops;
  }

  /// The statements open neither another stream nor the key itself, without the service.
  private void assertNothingElseIsAllowed(
      KmsClient producer, KmsClient reader, SdkBytes stored, Map<String, String> record) {
    Map<String, String> other = Map.of("aws:kinesis:arn", STREAM + "-2");
    SdkBytes foreign = generate(admin, streamKey, other);
    assertTrue(isRefused(() -> generate(producer, streamKey, other)));
    assertTrue(isRefused(() -> decrypt(reader, foreign, other)));
    try (KmsClient direct = clients.kms(session("firehose", "firehose.amazonaws.com"), REGION)) {
      assertTrue(isRefused(() -> decrypt(direct, stored, record)));
    }
  }

  private KmsClient through(String service, String role, String trusted) {
    return clients.kms(
        session(role, trusted),
        REGION,
        server.endpoint("via/" + service + ".eu-central-1.amazonaws.com"));
  }

  private AwsSessionCredentials session(String role, String trusted) {
    SessionCredentials session =
        server.serviceSession(
            trusted,
            "arn:aws:iam::" + roleAccount + ":role/" + role,
            "session",
            Map.of(),
            Duration.ofHours(1));
    return AwsSessionCredentials.create(
        session.accessKeyId(), session.secretAccessKey(), session.sessionToken());
  }

  private static SdkBytes generate(KmsClient kms, String key, Map<String, String> context) {
    return kms.generateDataKey(
            r -> r.keyId(key).keySpec(DataKeySpec.AES_256).encryptionContext(context))
        .ciphertextBlob();
  }

  private static void decrypt(KmsClient kms, SdkBytes blob, Map<String, String> context) {
    kms.decrypt(r -> r.ciphertextBlob(blob).encryptionContext(context));
  }

  private static boolean isRefused(Runnable call) {
    try {
      call.run();
      return false;
    } catch (AwsServiceException e) {
      assertEquals("AccessDeniedException", e.awsErrorDetails().errorCode());
      return true;
    }
  }

  private static Arn arn(String text) {
    return Objects.requireNonNull(Arn.parse(text));
  }
}
