package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.services.sts.model.AssumeRoleRequest;
import software.amazon.awssdk.services.sts.model.Tag;

/// A chain as EKS Pod Identity makes it: the pod's session of the broker's role has transitive
/// tags, and assumes the tenant's role.
@SuppressWarnings("NullAway.Init") // set before each test
class SessionTagsTest extends LocalKmsTestCase {

  private static final String NODE = "arn:aws:iam::" + BROKER + ":user/pod-identity-agent";
  private static final String BROKER_ROLE = "arn:aws:iam::" + BROKER + ":role/eks/keybroker";
  private static final String TENANT_ROLE = "arn:aws:iam::" + TENANT + ":role/keybroker";
  private static final String ASSUME = "\"sts:AssumeRole\"";
  private static final String ASSUME_AND_TAG = "[\"sts:AssumeRole\",\"sts:TagSession\"]";

  private StsClient agent;

  @BeforeEach
  void makeRoles() {
    agent = sts(user(BROKER, "pod-identity-agent", null));
    brokerRole(ASSUME_AND_TAG);
    tenantRole(ASSUME_AND_TAG, "{}");
  }

  private void brokerRole(String mayDo) {
    server.role(
        BROKER,
        "eks/keybroker",
        trust(NODE, ASSUME_AND_TAG, "{}"),
        "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\",\"Action\":%s,\"Resource\":\"%s\"}}"
            .formatted(mayDo, TENANT_ROLE));
  }

  private void tenantRole(String actions, String condition) {
    tenantRole(trust(BROKER_ROLE, actions, condition));
  }

  private void tenantRole(String trustPolicy) {
    server.role(
        TENANT,
        "keybroker",
        trustPolicy,
        Policies.of(Policies.identity("Allow", "kms:ListKeys", "*")));
  }

  private static String trust(String principal, String actions, String condition) {
    return Policies.of(statement(principal, actions, condition));
  }

  private static String statement(String principal, String actions, String condition) {
    return """
    {"Effect":"Allow","Principal":{"AWS":"%s"},"Action":%s,"Condition":%s}\
    """
        .formatted(principal, actions, condition);
  }

  private static Tag[] tags(String... pairs) {
    return Stream.of(pairs)
        .map(pair -> pair.split("=", 2))
        .map(pair -> Tag.builder().key(pair[0]).value(pair[1]).build())
        .toArray(Tag[]::new);
  }

  private static AssumeRoleRequest assume(String role) {
    return AssumeRoleRequest.builder().roleArn(role).roleSessionName("pod-1").build();
  }

  private AwsCredentials pod(String... transitiveKeys) {
    return AwsClients.sdk(
        agent
            .assumeRole(
                assume(BROKER_ROLE).toBuilder()
                    .tags(tags("kubernetes-namespace=keybroker", "eks-cluster-name=prod"))
                    .transitiveTagKeys(transitiveKeys)
                    .build())
            .credentials());
  }

  private void assertDenied(String action, StsClient caller) {
    assertDenied(action, caller, assume(TENANT_ROLE));
  }

  private void assertDenied(String action, StsClient caller, AssumeRoleRequest request) {
    assertRefused(
        "AccessDenied",
        "User: arn:aws:sts::"
            + BROKER
            + ":assumed-role/keybroker/pod-1 is not authorized to perform: "
            + action
            + " on resource: "
            + TENANT_ROLE,
        () -> caller.assumeRole(request));
  }

  @Test
  void transitiveTags_andATrustPolicyWithoutTagSession_areRefused() {
    tenantRole(ASSUME, "{}");
    try (StsClient untagged = sts(pod());
        StsClient tagged = sts(pod("kubernetes-namespace"))) {
      untagged.assumeRole(assume(TENANT_ROLE));
      assertDenied("sts:TagSession", tagged);
      tenantRole(ASSUME_AND_TAG, "{}");
      tagged.assumeRole(assume(TENANT_ROLE));
    }
  }

  @Test
  void transitiveTags_andACallerWithoutTagSession_areRefused() {
    brokerRole(ASSUME);
    try (StsClient tagged = sts(pod("kubernetes-namespace"))) {
      assertDenied("sts:TagSession", tagged);
    }
  }

  @Test
  void tagSession_withoutAssumeRole_isNotEnough() {
    tenantRole("\"sts:TagSession\"", "{}");
    try (StsClient tagged = sts(pod("kubernetes-namespace"))) {
      assertDenied("sts:AssumeRole", tagged);
    }
  }

  @Test
  void tagSession_hasNoExternalId_soAStatementForBothActionsUnderThatConditionIsNotEnough() {
    AssumeRoleRequest request = assume(TENANT_ROLE).toBuilder().externalId("5f2c0e").build();
    String condition = "{\"StringEquals\":{\"sts:ExternalId\":\"5f2c0e\"}}";
    tenantRole(ASSUME_AND_TAG, condition);
    try (StsClient untagged = sts(pod());
        StsClient tagged = sts(pod("kubernetes-namespace"))) {
      untagged.assumeRole(request);
      assertDenied("sts:TagSession", tagged, request);
      String assume = statement(BROKER_ROLE, ASSUME, condition);
      String tag = statement(BROKER_ROLE, "\"sts:TagSession\"", "{}");
      tenantRole(Policies.of(assume, tag));
      tagged.assumeRole(request);
      assertDenied("sts:AssumeRole", tagged, assume(TENANT_ROLE));
    }
  }

  @Test
  void principalTags_ofTheCallersSession_areConditionKeysOfTheTrustPolicy() {
    tenantRole(
        ASSUME_AND_TAG,
        "{\"StringEquals\":{\"aws:PrincipalTag/kubernetes-namespace\":\"keybroker\"}}");
    try (StsClient pod = sts(pod("kubernetes-namespace"))) {
      pod.assumeRole(assume(TENANT_ROLE));
      tenantRole(
          ASSUME_AND_TAG,
          "{\"StringEquals\":{\"aws:PrincipalTag/kubernetes-namespace\":\"other\"}}");
      assertDenied("sts:AssumeRole", pod);
    }
  }

  @Test
  void transitiveTags_andNoOthers_passToTheNextSession() {
    for (List<String> tag :
        List.of(
            List.of("kubernetes-namespace", "keybroker", "allowed"),
            List.of("eks-cluster-name", "prod", "AccessDeniedException"))) {
      String key =
          newKey(
              Policies.of(
                  Policies.statement(
                      "Allow",
                      TENANT_ROLE,
                      "kms:DescribeKey",
                      "{\"StringEquals\":{\"aws:PrincipalTag/%s\":\"%s\"}}"
                          .formatted(tag.get(0), tag.get(1)))));
      try (StsClient pod = sts(pod("kubernetes-namespace"));
          KmsClient tenant =
              kms(AwsClients.sdk(pod.assumeRole(assume(TENANT_ROLE)).credentials()))) {
        if (tag.get(2).equals("allowed")) {
          assertEquals(key, tenant.describeKey(r -> r.keyId(key)).keyMetadata().arn());
        } else {
          assertCode(tag.get(2), () -> tenant.describeKey(r -> r.keyId(key)));
        }
      }
    }
  }

  @Test
  void requestTags_areConditionKeysOfTheTrustPolicy() {
    tenantRole(
        ASSUME_AND_TAG,
        """
        {"StringEquals":{"aws:RequestTag/team":"audio"},\
        "ForAllValues:StringEquals":{"aws:TagKeys":["team"]}}\
        """);
    try (StsClient pod = sts(pod())) {
      pod.assumeRole(assume(TENANT_ROLE).toBuilder().tags(tags("team=audio")).build());
      assertCode(
          "AccessDenied",
          () ->
              pod.assumeRole(
                  assume(TENANT_ROLE).toBuilder().tags(tags("team=audio", "x=y")).build()));
    }
  }

  @Test
  void sessionTag_withTheKeyOfAnInheritedOne_isRefused() {
    try (StsClient pod = sts(pod("kubernetes-namespace"))) {
      assertCode(
          "InvalidParameterValue",
          () ->
              pod.assumeRole(
                  assume(TENANT_ROLE).toBuilder()
                      .tags(tags("Kubernetes-Namespace=other"))
                      .build()));
    }
  }

  @Test
  void sessionTags_outsideTheirRules_areRefused() {
    AssumeRoleRequest plain = assume(BROKER_ROLE);
    assertCode(
        "InvalidParameterValue",
        () -> agent.assumeRole(plain.toBuilder().tags(tags("a=1", "A=2")).build()));
    assertCode(
        "InvalidParameterValue",
        () -> agent.assumeRole(plain.toBuilder().transitiveTagKeys("a").build()));
    assertCode(
        "ValidationError", () -> agent.assumeRole(plain.toBuilder().tags(tags("aws:x=1")).build()));
    assertCode(
        "ValidationError", () -> agent.assumeRole(plain.toBuilder().tags(tags("a=<b>")).build()));
  }

  @Test
  void service_thatTheTrustPolicyNames_startsSessionsWithTransitiveTags() {
    String agents = "pods.eks.amazonaws.com";
    brokerTrust(agents, ASSUME);
    assertEquals("AccessDenied", refusedSession(agents).code());
    brokerTrust("ecs-tasks.amazonaws.com", ASSUME_AND_TAG);
    assertEquals("AccessDenied", refusedSession(agents).code());
    brokerTrust(agents, ASSUME_AND_TAG);

    AwsCredentials session = session(agents);

    try (StsClient pod = sts(session)) {
      assertEquals(
          "arn:aws:sts::" + BROKER + ":assumed-role/keybroker/pod-1",
          pod.getCallerIdentity().arn());
      tenantRole(ASSUME, "{}");
      assertDenied("sts:TagSession", pod);
      tenantRole(
          ASSUME_AND_TAG,
          "{\"StringEquals\":{\"aws:PrincipalTag/kubernetes-namespace\":\"keybroker\"}}");
      pod.assumeRole(assume(TENANT_ROLE));
    }
  }

  private void brokerTrust(String service, String actions) {
    server.role(
        BROKER,
        "eks/keybroker",
        trust(NODE, actions, "{}").replace("\"AWS\":\"" + NODE, "\"Service\":\"" + service),
        Policies.of(Policies.identity("Allow", "sts:*", TENANT_ROLE)));
  }

  private AwsCredentials session(String service) {
    SessionCredentials session =
        server.serviceSession(
            service,
            BROKER_ROLE,
            "pod-1",
            Map.of("kubernetes-namespace", "keybroker"),
            Duration.ofHours(6));
    return AwsSessionCredentials.create(
        session.accessKeyId(), session.secretAccessKey(), session.sessionToken());
  }

  private AwsException refusedSession(String service) {
    return assertThrows(AwsException.class, () -> session(service));
  }
}
