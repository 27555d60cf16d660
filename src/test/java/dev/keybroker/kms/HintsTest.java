package dev.keybroker.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.kms.KmsFailure.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class HintsTest {
  private static final KmsArn ARN =
      KmsArn.parse(
          "arn:aws:kms:eu-central-1:222222222222:key/11111111-2222-3333-4444-555555555555");
  private static final KeyUse USE =
      new KeyUse(new KmsKey(ARN, null), new KmsContext(Map.of("keybroker:tenant", "demo")));

  @Test
  void docsPage_hasOneSectionForEachTopic() throws IOException {
    List<String> headings = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of("src/docs/kms-errors.md"))) {
      if (line.startsWith("### ")) {
        headings.add(line.substring(4));
      }
    }

    assertEquals(
        Arrays.stream(HintTopic.values()).map(it -> "`" + it.id() + "`").toList(), headings);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "ACCESS_DENIED|kms:Decrypt|AccessDeniedException|because no VPC endpoint policy allows the"
            + " kms:Decrypt action|OVERRIDING_POLICY",
        "ACCESS_DENIED|sts:AssumeRole|AccessDenied|because no identity-based policy allows the"
            + " sts:AssumeRole action|BROKER_PERMISSIONS",
        "ACCESS_DENIED|sts:AssumeRole|AccessDenied|User: u is not authorized to perform:"
            + " sts:TagSession on resource: r|SESSION_TAGS",
        "ACCESS_DENIED|sts:AssumeRole|AccessDenied|User: u is not authorized to perform:"
            + " sts:AssumeRole on resource: r|TRUST_POLICY",
        "ACCESS_DENIED|sts:AssumeRole|RegionDisabledException|STS is not activated|STS_REGION",
        "ACCESS_DENIED|kms:Decrypt|UnrecognizedClientException|invalid token|BROKER_CREDENTIALS",
        "UNREACHABLE|kms:Decrypt|CredentialsUnavailable|none|BROKER_CREDENTIALS",
        "UNREACHABLE|kms:Decrypt|ExpiredTokenException|expired|BROKER_CREDENTIALS",
        "UNREACHABLE|kms:Decrypt|Timeout|no answer in time|UNREACHABLE",
        "UNREACHABLE|kms:Decrypt|KMSInvalidStateException|Retry the request.|KEY_STORE_UNAVAILABLE",
        "THROTTLED|kms:Decrypt|ThrottlingException|too many|THROTTLED",
        "TOO_MANY_CALLS|kms:Decrypt|TooManyCalls|too many under way|TOO_MANY_CALLS",
        "KEY_UNAVAILABLE|kms:Decrypt|KMSInvalidStateException|k is pending import."
            + "|KEY_PENDING_IMPORT",
        "KEY_UNAVAILABLE|kms:Decrypt|KMSInvalidStateException|k is unavailable."
            + "|KEY_STORE_UNAVAILABLE",
        "KEY_UNAVAILABLE|kms:Decrypt|KMSInvalidStateException|k is creating.|KEY_STATE",
        "KEY_UNUSABLE|kms:Decrypt|ValidationException|1 validation error|REQUEST_REFUSED"
      })
  void failure_getsTheHintForItsCause(
      Kind kind, String action, String code, String detail, HintTopic topic) {
    Hint hint = Hints.of(new KmsFailure(kind, action, code, detail, null), USE, null);

    assertEquals(topic, hint.topic());
    assertTrue(hint.text().length() > 40, hint::text);
  }

  @Test
  void brokerWithoutTagSession_isToldWhichPermissionItLacks() {
    KmsFailure failure =
        new KmsFailure(
            Kind.ACCESS_DENIED,
            "sts:AssumeRole",
            "AccessDenied",
            "User: u is not authorized to perform: sts:TagSession on resource: r because no"
                + " identity-based policy allows the sts:TagSession action",
            null);

    Hint hint = Hints.of(failure, USE, null);

    assertEquals(HintTopic.BROKER_PERMISSIONS, hint.topic());
    assertTrue(hint.text().contains("allows sts:TagSession"), hint::text);
  }

  @Test
  void assumedRoleOfTheBroker_isNamedAsPoliciesNameIt() {
    KmsFailure failure =
        new KmsFailure(Kind.ACCESS_DENIED, "kms:Decrypt", "AccessDeniedException", "", null);
    String session = "arn:aws:sts::111111111111:assumed-role/broker/i-0123";

    String text = Hints.of(failure, USE, session).text();

    assertTrue(text.contains("arn:aws:iam::111111111111:role/broker"), text);
  }

  @Test
  void policyPrincipal_ofAUser_isTheUser() {
    String user = "arn:aws-cn:iam::111111111111:user/service/broker";

    assertEquals(user, PolicyPrincipal.of(user));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "arn:aws:iam::111111111111:role/service/broker"
            + "|arn:aws:sts::111111111111:assumed-role/broker/i-0|true",
        "arn:aws:iam::111111111111:role/broker"
            + "|arn:aws:sts::111111111111:assumed-role/broker/i-0|true",
        "arn:aws:iam::111111111111:role/service/other"
            + "|arn:aws:sts::111111111111:assumed-role/broker/i-0|false",
        "arn:aws:iam::222222222222:role/broker"
            + "|arn:aws:sts::111111111111:assumed-role/broker/i-0|false",
        "arn:aws-cn:iam::111111111111:role/broker"
            + "|arn:aws:sts::111111111111:assumed-role/broker/i-0|false",
        "arn:aws:iam::111111111111:user/broker"
            + "|arn:aws:sts::111111111111:assumed-role/broker/i-0|false",
        "arn:aws:iam::111111111111:user/service/broker"
            + "|arn:aws:iam::111111111111:user/service/broker|true",
        "arn:aws:iam::111111111111:user/broker|arn:aws:iam::111111111111:user/other|false"
      })
  void configuredPrincipal_isTheReportedOneApartFromARolesPath(
      String configured, String reported, boolean same) {
    assertEquals(same, PolicyPrincipal.isSame(configured, reported));
    assertTrue(configured.matches(PolicyPrincipal.ROLE_OR_USER));
  }

  @Test
  void unfit_aliasReservedForAwsManagedKeys_isWhateverKmsSays() {
    KmsArn alias = KmsArn.parse("arn:aws:kms:eu-central-1:222222222222:alias/aws/s3");
    assertEquals(Optional.of(HintTopic.AWS_MANAGED_KEY), Hints.unfit(alias).map(Hint::topic));
    assertEquals(Optional.empty(), Hints.unfit(ARN).map(Hint::topic));
  }

  @Test
  void refusal_ofAKeyJustDescribed_doesNotDoubtThatItExists() {
    KmsFailure failure =
        new KmsFailure(
            Kind.ACCESS_DENIED,
            "kms:Decrypt",
            "AccessDeniedException",
            "because the resource does not exist in this Region, no resource-based policies allow"
                + " access, or a resource-based policy explicitly denies access",
            null);
    assertEquals(HintTopic.KEY_POLICY_OR_KEY_MISSING, Hints.of(failure, USE, null).topic());
    Hint hint = Hints.of(failure, USE, null, true, false);
    assertEquals(HintTopic.KEY_POLICY, hint.topic());
    assertTrue(hint.text().contains("Deny statement"), hint::text);
  }

  @Test
  void unfit_keyThatFits_isNot() {
    assertEquals(Optional.empty(), Hints.unfit(key(KmsKeyState.named("Enabled")), List.of()));
    assertEquals(
        Optional.empty(), Hints.unfit(key(KmsKeyState.named("Enabled")), List.of("us-west-2")));
  }

  @Test
  void unfit_saysWhy() {
    assertUnfit(
        HintTopic.REGION_NOT_ALLOWED, key(KmsKeyState.named("Enabled")), List.of("us-east-1"));
    assertUnfit(HintTopic.KEY_DISABLED, key(KmsKeyState.named("Disabled")), List.of());
    assertUnfit(
        HintTopic.KEY_PENDING_DELETION, key(KmsKeyState.named("PendingDeletion")), List.of());
    assertUnfit(
        HintTopic.KEY_PENDING_DELETION,
        key(KmsKeyState.named("PendingReplicaDeletion")),
        List.of());
    assertUnfit(HintTopic.KEY_PENDING_IMPORT, key(KmsKeyState.named("PendingImport")), List.of());
    assertUnfit(HintTopic.KEY_STORE_UNAVAILABLE, key(KmsKeyState.named("Unavailable")), List.of());
    assertUnfit(HintTopic.KEY_STATE, key(KmsKeyState.named("Creating")), List.of());
    assertUnfit(
        HintTopic.ASYMMETRIC_KEY,
        new KmsKeyDescription(
            ARN,
            KmsKeyState.ENABLED,
            "SIGN_VERIFY",
            "RSA_2048",
            true,
            false,
            List.of("eu-central-1")),
        List.of());
    assertUnfit(
        HintTopic.AWS_MANAGED_KEY,
        new KmsKeyDescription(
            ARN,
            KmsKeyState.ENABLED,
            "ENCRYPT_DECRYPT",
            "SYMMETRIC_DEFAULT",
            false,
            false,
            List.of("eu-central-1")),
        List.of());
  }

  private static KmsKeyDescription key(KmsKeyState state) {
    return new KmsKeyDescription(
        ARN,
        state,
        "ENCRYPT_DECRYPT",
        "SYMMETRIC_DEFAULT",
        true,
        false,
        List.of("eu-central-1", "us-west-2"));
  }

  private static void assertUnfit(
      HintTopic topic, KmsKeyDescription key, List<String> allowedRegions) {
    assertEquals(Optional.of(topic), Hints.unfit(key, allowedRegions).map(Hint::topic));
  }
}
