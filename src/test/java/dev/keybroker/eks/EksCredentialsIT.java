package dev.keybroker.eks;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.util.Durations;
import dev.keybroker.PackagedBroker;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.kms.Calls;
import dev.keybroker.keystore.TenantAccount;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.GetOnboardingRequest;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.Onboarding;
import dev.keybroker.v1.RootKey;
import dev.keybroker.v1.TestKeystoreRequest;
import dev.keybroker.v1.TestKeystoreResponse;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.WrapDekRequest;
import dev.keybroker.v1.WrapDekResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The packaged broker with the credentials of an EKS pod, and a tenant who admits it by a role: by
/// IRSA, and by Pod Identity, whose sessions carry transitive tags.
///
/// It fails as well if the package lacks what the SDK loads by name for a web identity: STS and a
/// blocking HTTP client.
@SuppressWarnings("NullAway.Init") // set before the tests
class EksCredentialsIT {
  private static final String TENANT = "tenants/eks";
  private static final String ROLE = "arn:aws:iam::888899990000:role/keybroker";
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(60);

  /// The SDK replaces sessions in their last minute, before the call that finds them so.
  private static final Duration ABOUT_TO_END = Duration.ofSeconds(65);

  private static volatile Duration stsIsBehind = Duration.ZERO;
  private static Path folder;
  private static EmbeddedServices services;
  private static TenantAccount account;
  private static EksCluster cluster;
  private static StsEndpoint sts;
  private static PodIdentityAgent agent;
  private static int keystores;

  @BeforeAll
  static void start() throws Exception {
    Path parent = Files.createDirectories(Path.of("target", "eks-credentials"));
    folder = Files.createTempDirectory(parent, "run-").toAbsolutePath();
    services =
        EmbeddedServices.start(folder.resolve("services"), () -> Instant.now().minus(stsIsBehind));
    account = new TenantAccount(services, "888899990000");
    cluster = new EksCluster(services, folder.resolve("secrets"));
    sts = StsEndpoint.start(services.kms().endpoint(), folder);
    agent = PodIdentityAgent.start(services.kms(), cluster);
  }

  @AfterAll
  static void stop() {
    agent.close();
    sts.close();
    account.close();
    services.close();
  }

  @BeforeEach
  void usualSessions() {
    stsIsBehind = Duration.ZERO;
    agent.lifetime(Duration.ofHours(6));
    agent.sessionTags(true);
    cluster.allow("sts:AssumeRole", "sts:TagSession");
  }

  @Test
  void webIdentity_createsWrapsAndUnwraps_underTheTenantsRole() throws Exception {
    try (PackagedBroker broker = webIdentity("irsa").startAndAwaitReady()) {
      assertKnowsItself(broker);
      trust(trustWithoutTags(broker), broker);
      Keystore keystore = byRole(broker);
      assertPasses(broker, keystore);
      assertUnwraps(broker, create(broker, keystore));
    }
  }

  @Test
  void podIdentity_createsWrapsAndUnwraps_onceTheTenantAdmitsSessionTags() throws Exception {
    try (PackagedBroker broker = podIdentity("pod-identity").startAndAwaitReady()) {
      assertKnowsItself(broker);
      trust(trustWithoutTags(broker), broker);
      Keystore keystore = byRole(broker);
      assertFailsForTheTags(broker, keystore);

      trust(onboarding(broker).getTrustPolicy(), broker);
      assertPasses(broker, keystore);
      assertUnwraps(broker, create(broker, keystore));

      cluster.allow("sts:AssumeRole");
      assertFailsForTheTags(broker, keystore);
    }
  }

  @Test
  void podIdentity_withoutSessionTags_needsNoTagSession() throws Exception {
    agent.sessionTags(false);
    cluster.allow("sts:AssumeRole");
    try (PackagedBroker broker = podIdentity("untagged").startAndAwaitReady()) {
      trust(trustWithoutTags(broker), broker);
      Keystore keystore = byRole(broker);
      assertPasses(broker, keystore);
      assertUnwraps(broker, create(broker, keystore));
    }
  }

  @Test
  void webIdentity_takesUpARotatedToken() throws Exception {
    stsIsBehind = Duration.ofHours(1).minus(ABOUT_TO_END);
    try (PackagedBroker broker = webIdentity("irsa-rotated").startAndAwaitReady()) {
      assertTakesUpARotatedToken(
          broker, () -> services.kms().calls().of("AssumeRoleWithWebIdentity", Calls.OK));
    }
  }

  @Test
  void podIdentity_takesUpARotatedToken() throws Exception {
    agent.lifetime(ABOUT_TO_END);
    try (PackagedBroker broker = podIdentity("pod-identity-rotated").startAndAwaitReady()) {
      assertTakesUpARotatedToken(broker, agent::sessions);
    }
  }

  /// By the key's policy alone: each unwrap is a call in the broker's own name.
  private static void assertTakesUpARotatedToken(PackagedBroker broker, LongSupplier sessions)
      throws Exception {
    Keystore keystore = create(broker, byKeyPolicy(broker));
    cluster.rotateTokens();
    long before = sessions.getAsLong();
    Instant end = Instant.now().plus(LONGEST_WAIT);
    while (sessions.getAsLong() == before) {
      assertTrue(Instant.now().isBefore(end), broker::log);
      assertUnwraps(broker, keystore);
      Thread.sleep(200);
    }
    assertUnwraps(broker, keystore);
  }

  @Test
  void principalOfAnotherRole_stopsTheBroker() throws Exception {
    String other = cluster.role() + "-2";
    for (PackagedBroker.Launch launch : List.of(webIdentity("irsa-2"), podIdentity("pod-2"))) {
      try (PackagedBroker broker = launch.with("keybroker.aws.principal-arn", other).start()) {
        assertNotEquals(0, broker.awaitEnd(Duration.ofSeconds(120)));
        assertEquals(1, broker.logged("keybroker.aws.principal-arn is " + other), broker::log);
      }
    }
  }

  private static PackagedBroker.Launch webIdentity(String name) {
    PackagedBroker.Launch launch = broker(name, cluster.webIdentity(sts));
    for (String option : sts.trust()) {
      launch.option(option);
    }
    return launch;
  }

  private static PackagedBroker.Launch podIdentity(String name) {
    return broker(name, cluster.podIdentity(agent));
  }

  private static PackagedBroker.Launch broker(String name, Map<String, String> environment) {
    PackagedBroker.Launch launch =
        PackagedBroker.in(folder)
            .named(name)
            .with(services.configuration())
            .without("quarkus.kms.aws.credentials.type")
            .without("quarkus.kms.aws.credentials.static-provider.access-key-id")
            .without("quarkus.kms.aws.credentials.static-provider.secret-access-key")
            .with("keybroker.aws.principal-arn", cluster.role())
            // The check at the start waits for the SDK, however slow the machine is.
            .with("keybroker.aws.api-call-timeout", "60s")
            .with("keybroker.aws.api-call-attempt-timeout", "30s")
            // As the manifests say: the identity of the machine is not the broker's.
            .environment("AWS_EC2_METADATA_DISABLED", "true");
    environment.forEach(launch::environment);
    return launch;
  }

  private static void assertKnowsItself(PackagedBroker broker) throws InterruptedException {
    Instant end = Instant.now().plus(LONGEST_WAIT);
    while (broker.logged("AWS knows the broker as " + cluster.role()) == 0) {
      assertTrue(Instant.now().isBefore(end), broker::log);
      Thread.sleep(100);
    }
    assertEquals(cluster.role(), onboarding(broker).getBrokerPrincipalArn());
  }

  /// The tenant's documents for a key that is used under the tenant's role.
  private static Onboarding onboarding(PackagedBroker broker) {
    return onboarding(broker, AwsKmsKey.newBuilder().setRoleArn(ROLE).build());
  }

  private static Onboarding onboarding(PackagedBroker broker, AwsKmsKey key) {
    return broker
        .client()
        .keystores()
        .getOnboarding(GetOnboardingRequest.newBuilder().setParent(TENANT).setKey(key).build());
  }

  private static String trustWithoutTags(PackagedBroker broker) {
    return """
    {"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"%s"},
    "Action":"sts:AssumeRole","Condition":{"StringEquals":{"sts:ExternalId":"%s"}}}}\
    """
        .formatted(cluster.role(), onboarding(broker).getExternalId());
  }

  /// The tenant makes the role, or changes its trust policy.
  private static void trust(String policy, PackagedBroker broker) {
    assertEquals(
        ROLE, account.role("keybroker", policy, onboarding(broker).getPermissionsPolicy()));
  }

  private static Keystore byRole(PackagedBroker broker) {
    String key = newKey(onboarding(broker));
    return keystore(AwsKmsKey.newBuilder().setKeyArn(key).setRoleArn(ROLE));
  }

  private static Keystore byKeyPolicy(PackagedBroker broker) {
    String key = newKey(onboarding(broker, AwsKmsKey.getDefaultInstance()));
    return keystore(AwsKmsKey.newBuilder().setKeyArn(key));
  }

  /// The ARN of a key with the statements that the broker's documents ask for.
  private static String newKey(Onboarding documents) {
    String statements = documents.getKeyPolicyStatement().strip();
    return account.newKey(statements.substring(1, statements.length() - 1));
  }

  private static Keystore keystore(AwsKmsKey.Builder key) {
    keystores++;
    return Keystore.newBuilder()
        .setName(TENANT + "/keystores/calls-" + keystores)
        .setKeyPairSpec(KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256)
        .setPrivateKekLifetime(Durations.ZERO)
        .setRootKey(RootKey.newBuilder().setAwsKms(key))
        .build();
  }

  private static TestKeystoreResponse test(PackagedBroker broker, Keystore keystore) {
    return broker
        .client()
        .keystores()
        .testKeystore(TestKeystoreRequest.newBuilder().setKeystore(keystore).build());
  }

  private static void assertPasses(PackagedBroker broker, Keystore keystore) {
    TestKeystoreResponse tested = test(broker, keystore);
    assertTrue(tested.getPassed(), tested::toString);
  }

  private static void assertFailsForTheTags(PackagedBroker broker, Keystore keystore) {
    TestKeystoreResponse tested = test(broker, keystore);
    assertFalse(tested.getPassed());
    assertEquals(1, tested.getStepsCount());
    assertEquals("assume_role", tested.getSteps(0).getName());
    String hint = tested.getSteps(0).getError().getHint();
    assertTrue(hint.contains("sts:TagSession"), hint);
  }

  private static Keystore create(PackagedBroker broker, Keystore keystore) {
    return broker
        .client()
        .keystores()
        .createKeystore(
            CreateKeystoreRequest.newBuilder()
                .setParent(TENANT)
                .setKeystoreId("calls-" + keystores)
                .setKeystore(keystore)
                .build());
  }

  private static void assertUnwraps(PackagedBroker broker, Keystore keystore) {
    KeyBrokerGrpc.KeyBrokerBlockingStub stub = broker.client().broker();
    WrapDekResponse wrapped =
        stub.wrapDek(WrapDekRequest.newBuilder().setKeystore(keystore.getName()).build());
    assertEquals(
        wrapped.getDek(),
        stub.unwrapDek(
                UnwrapDekRequest.newBuilder()
                    .setKeystore(keystore.getName())
                    .setWrappedDek(wrapped.getWrappedDek())
                    .build())
            .getDek());
  }
}
