package dev.keybroker.embedded.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.policy.Arn;
import dev.keybroker.security.TestIssuer;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;
import org.jose4j.jwk.PublicJsonWebKey;
import org.jose4j.jwt.JwtClaims;
import org.jose4j.jwt.NumericDate;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.iam.model.GetOpenIdConnectProviderResponse;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.services.sts.model.AssumeRoleWithWebIdentityResponse;

/// Roles for the service accounts of a cluster: the cluster's issuer is registered in IAM, and the
/// role's trust policy names it, the service account and the audience.
@SuppressWarnings("NullAway.Init") // set before each test
class WebIdentityTest extends LocalKmsTestCase {

  private static final String HOST = "oidc.eks.eu-central-1.amazonaws.com/id/EXAMPLED539D4633E53D";
  private static final String ISSUER = "https://" + HOST;
  private static final String PROVIDER = "arn:aws:iam::" + BROKER + ":oidc-provider/" + HOST;
  private static final String ROLE = "arn:aws:iam::" + BROKER + ":role/eks/keybroker";
  private static final String SUBJECT = "system:serviceaccount:keybroker:keybroker";
  private static final String AUDIENCE = "sts.amazonaws.com";
  private static final String DENIED = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
  private static final String THUMBPRINT = "9e99a48a9960b14926bb7f3b02e22da2b0ab7280";
  private static final PublicJsonWebKey KEY = TestIssuer.rsa("cluster-1");

  private IamClient iam;

  /// The SDK sends the operation without a signature, whatever credentials it has.
  private StsClient sts;

  @BeforeEach
  void makeRole() {
    iam = iam(user(BROKER, "admin", LocalKms.ADMINISTRATOR_ACCESS));
    sts = sts(user(BROKER, "nobody", null));
    register(AUDIENCE);
    server.issuerKeys(ISSUER, Map.of("cluster-1", KEY.getPublicKey()));
    role(trust(PROVIDER, SUBJECT, AUDIENCE));
  }

  private void register(String... audiences) {
    iam.createOpenIDConnectProvider(
        r -> r.url(ISSUER).clientIDList(audiences).thumbprintList(THUMBPRINT));
  }

  private void role(String trust) {
    server.role(
        BROKER, "eks/keybroker", trust, Policies.of(Policies.identity("Allow", "kms:*", "*")));
  }

  private static String trust(String provider, String subject, String audience) {
    return Policies.of(statement("Allow", "\"Federated\":\"" + provider + "\"", subject, audience));
  }

  private static String statement(
      String effect, String principal, String subject, String audience) {
    return """
    {"Effect":"%s","Principal":{%s},"Action":"sts:AssumeRoleWithWebIdentity",\
    "Condition":{"StringEquals":{"%s:sub":"%s","%s:aud":"%s"}}}\
    """
        .formatted(effect, principal, HOST, subject, HOST, audience);
  }

  private String token(Consumer<JwtClaims> change) {
    return token(KEY, change);
  }

  private String token(PublicJsonWebKey key, Consumer<JwtClaims> change) {
    return TestIssuer.token(
        key,
        key.getKeyType().equals("EC") ? "ES256" : "RS256",
        SUBJECT,
        claims -> {
          claims.setIssuer(ISSUER);
          claims.setAudience(AUDIENCE);
          claims.setIssuedAt(NumericDate.fromSeconds(clock.instant().getEpochSecond()));
          claims.setExpirationTime(
              NumericDate.fromSeconds(clock.instant().plusSeconds(600).getEpochSecond()));
          change.accept(claims);
        });
  }

  private AssumeRoleWithWebIdentityResponse assume(String token) {
    return sts.assumeRoleWithWebIdentity(
        r -> r.roleArn(ROLE).roleSessionName("pod-1").webIdentityToken(token));
  }

  private void assertInvalid(String message, String token) {
    assertRefused("InvalidIdentityToken", message, () -> assume(token));
  }

  @Test
  void token_ofTheServiceAccount_givesASessionOfTheRole() {
    AssumeRoleWithWebIdentityResponse assumed = assume(token(claims -> {}));

    String session = "arn:aws:sts::" + BROKER + ":assumed-role/keybroker/pod-1";
    assertEquals(session, assumed.assumedRoleUser().arn());
    assertEquals(SUBJECT, assumed.subjectFromWebIdentityToken());
    assertEquals(AUDIENCE, assumed.audience());
    assertEquals(PROVIDER, assumed.provider());
    assertEquals(clock.instant().plusSeconds(3600), assumed.credentials().expiration());
    assertEquals(session, sts(AwsClients.sdk(assumed.credentials())).getCallerIdentity().arn());
    try (KmsClient kms = kms(AwsClients.sdk(assumed.credentials()))) {
      assertEquals(BROKER, Arn.parse(kms.createKey().keyMetadata().arn()).account());
    }
    clock.advance(Duration.ofHours(1));
    assertCode(
        "ExpiredToken", () -> sts(AwsClients.sdk(assumed.credentials())).getCallerIdentity());
  }

  @Test
  void session_hasNoTags_andAssumesARoleWithoutTagSession() {
    String tenantRole =
        server.role(TENANT, "keybroker", Policies.of(Policies.trust(ROLE, "{}")), null);
    try (StsClient pod = sts(AwsClients.sdk(assume(token(claims -> {})).credentials()))) {
      server.role(
          BROKER,
          "eks/keybroker",
          trust(PROVIDER, SUBJECT, AUDIENCE),
          Policies.of(Policies.identity("Allow", "sts:AssumeRole", tenantRole)));
      assertEquals(
          "arn:aws:sts::" + TENANT + ":assumed-role/keybroker/pod-1",
          pod.assumeRole(r -> r.roleArn(tenantRole).roleSessionName("pod-1"))
              .assumedRoleUser()
              .arn());
    }
  }

  @Test
  void token_ofAnotherSubjectOrAudience_isDenied() {
    assertRefused(
        "AccessDenied",
        DENIED,
        () -> assume(token(c -> c.setSubject("system:serviceaccount:other:keybroker"))));
    role(trust(PROVIDER, SUBJECT, "another"));
    assertRefused("AccessDenied", DENIED, () -> assume(token(c -> {})));
    role(trust(PROVIDER.replace("EXAMPLED", "ANOTHER"), SUBJECT, AUDIENCE));
    assertRefused("AccessDenied", DENIED, () -> assume(token(c -> {})));
  }

  @Test
  void trustPolicy_hasToNameTheProvider_andADenyOfEverybodyCounts() {
    role(Policies.of(statement("Allow", "\"AWS\":\"*\"", SUBJECT, AUDIENCE)));
    assertRefused("AccessDenied", DENIED, () -> assume(token(c -> {})));
    role(
        Policies.of(
            statement("Allow", "\"Federated\":\"" + PROVIDER + "\"", SUBJECT, AUDIENCE),
            statement("Deny", "\"AWS\":\"*\"", SUBJECT, AUDIENCE)));
    assertRefused("AccessDenied", DENIED, () -> assume(token(c -> {})));
  }

  @Test
  void role_thatDoesNotExist_isDeniedInTheSameWords() {
    assertRefused(
        "AccessDenied",
        DENIED,
        () ->
            sts.assumeRoleWithWebIdentity(
                r ->
                    r.roleArn("arn:aws:iam::" + BROKER + ":role/none")
                        .roleSessionName("pod-1")
                        .webIdentityToken(token(c -> {}))));
  }

  @Test
  void assumeRole_isNoAssumeRoleWithWebIdentity() {
    role(trust(PROVIDER, SUBJECT, AUDIENCE).replace("WithWebIdentity", ""));
    assertRefused("AccessDenied", DENIED, () -> assume(token(c -> {})));
  }

  @Test
  void token_thatHasExpired_isRefusedAsSuch() {
    String token = token(c -> {});
    clock.advance(Duration.ofMinutes(10));
    assertTrue(
        assertCode("ExpiredTokenException", () -> assume(token))
            .awsErrorDetails()
            .errorMessage()
            .startsWith("Token expired: current date/time"));
  }

  @Test
  void token_thatTheIssuerDidNotSign_isInvalid() {
    String unverifiable =
        "Couldn't retrieve verification key from your identity provider,  please reference"
            + " AssumeRoleWithWebIdentity documentation for requirements";
    assertInvalid(unverifiable, token(TestIssuer.rsa("cluster-1"), c -> {}));
    assertInvalid(unverifiable, token(TestIssuer.rsa("cluster-2"), c -> {}));
    assertInvalid(unverifiable, token(TestIssuer.ec("cluster-1"), c -> {}));
    assertInvalid(
        unverifiable,
        TestIssuer.forged(
            Map.of("alg", "none", "kid", "cluster-1"),
            "{\"iss\":\"%s\",\"sub\":\"%s\",\"aud\":\"%s\",\"iat\":1,\"exp\":9999999999}"
                .formatted(ISSUER, SUBJECT, AUDIENCE),
            new byte[0]));
    assertInvalid("The ID Token provided is not a valid JWT.", "no.token.");
    assertInvalid("The ID Token provided is not a valid JWT.", "no token");
    assertInvalid("Missing a required claim: sub", token(c -> c.unsetClaim("sub")));
  }

  @Test
  void issuer_thatChangesItsKeys_isBelievedByTheNewOnes() {
    PublicJsonWebKey next = TestIssuer.ec("cluster-2");
    server.issuerKeys(ISSUER, Map.of("cluster-2", next.getPublicKey()));

    assertEquals(SUBJECT, assume(token(next, c -> {})).subjectFromWebIdentityToken());
    assertCode("InvalidIdentityToken", () -> assume(token(c -> {})));
  }

  @Test
  void issuerOrAudience_thatTheAccountHasNotRegistered_isInvalid() {
    assertInvalid(
        "No OpenIDConnect provider found in your account for https://other.example",
        token(c -> c.setIssuer("https://other.example")));
    assertInvalid("Incorrect token audience", token(c -> c.setAudience("kubernetes")));
    iam.deleteOpenIDConnectProvider(r -> r.openIDConnectProviderArn(PROVIDER));
    assertInvalid("No OpenIDConnect provider found in your account for " + ISSUER, token(c -> {}));
  }

  @Test
  void authorizedParty_standsForTheAudience() {
    String token = token(c -> c.setStringClaim("azp", "client-7"));
    assertInvalid("Incorrect token audience", token);
    iam.deleteOpenIDConnectProvider(r -> r.openIDConnectProviderArn(PROVIDER));
    register("client-7");
    assertRefused("AccessDenied", DENIED, () -> assume(token));
    role(trust(PROVIDER, SUBJECT, "client-7"));
    assertEquals("client-7", assume(token).audience());
  }

  @Test
  void session_longerThanTheRoleAllows_isRefused() {
    assertCode(
        "ValidationError",
        () ->
            sts.assumeRoleWithWebIdentity(
                r ->
                    r.roleArn(ROLE)
                        .roleSessionName("pod-1")
                        .durationSeconds(3601)
                        .webIdentityToken(token(c -> {}))));
  }

  @Test
  void providers_areCreatedShownAndDeleted() {
    GetOpenIdConnectProviderResponse shown =
        iam.getOpenIDConnectProvider(r -> r.openIDConnectProviderArn(PROVIDER));
    assertEquals(HOST, shown.url());
    assertEquals(AUDIENCE, shown.clientIDList().getFirst());
    assertEquals(THUMBPRINT, shown.thumbprintList().getFirst());
    assertEquals(clock.instant(), shown.createDate());
    assertEquals(
        PROVIDER, iam.listOpenIDConnectProviders().openIDConnectProviderList().getFirst().arn());
    assertCode("EntityAlreadyExists", () -> register(AUDIENCE));
    for (String url : new String[] {"http://a.example", "https://", "https://a.example?b=c"}) {
      assertCode("InvalidInput", () -> iam.createOpenIDConnectProvider(r -> r.url(url)));
    }
    assertCode(
        "InvalidInput",
        () -> iam.createOpenIDConnectProvider(r -> r.url("https://a.example").thumbprintList("x")));
    iam.deleteOpenIDConnectProvider(r -> r.openIDConnectProviderArn(PROVIDER));
    assertCode(
        "NoSuchEntity",
        () -> iam.getOpenIDConnectProvider(r -> r.openIDConnectProviderArn(PROVIDER)));
    assertCode(
        "AccessDenied",
        () ->
            iam(user(BROKER, "nobody", null))
                .createOpenIDConnectProvider(r -> r.url("https://a.example")));
  }

  @Test
  void trustPolicy_withAPrincipalThatIsNeitherServiceNorProvider_isMalformed() {
    for (String principal :
        new String[] {"\"Federated\":\"" + HOST + "\"", "\"Service\":\"pods.eks\""}) {
      AwsException refused =
          assertThrows(
              AwsException.class,
              () -> role(Policies.of(statement("Allow", principal, SUBJECT, AUDIENCE))));
      assertEquals("MalformedPolicyDocument", refused.code());
    }
  }
}
