package dev.keybroker.keystore;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.embedded.kms.LocalCredentials;
import dev.keybroker.embedded.kms.LocalKms;
import dev.keybroker.embedded.kms.LocalKmsOptions;
import dev.keybroker.kms.AssumedRole;
import dev.keybroker.kms.CreatedGrant;
import dev.keybroker.kms.GeneratedKeyPair;
import dev.keybroker.kms.GrantOperations;
import dev.keybroker.kms.GrantTokens;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsContext;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.KmsKey;
import dev.keybroker.kms.aws.AwsConfig;
import dev.keybroker.kms.aws.AwsKms;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.runtime.configuration.DurationConverter;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.mutiny.Uni;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.KmsServiceClientConfiguration;
import software.amazon.awssdk.services.kms.model.OriginType;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.services.sts.model.Credentials;

/// The documents of onboarding, pasted as they are into a tenant's account of the local AWS. The
/// broker runs with credentials as EKS Pod Identity gives them: a session of a role with a path,
/// with transitive tags.
@SuppressWarnings("NullAway.Init") // set before each test
class OnboardingOnAwsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Region REGION = Region.EU_CENTRAL_1;
  private static final String BROKER = "111122223333";
  private static final String TENANT = "444455556666";
  private static final String BROKER_ROLE = "arn:aws:iam::" + BROKER + ":role/eks/keybroker";
  private static final String TENANT_ROLE = "arn:aws:iam::" + TENANT + ":role/recordings";
  private static final String EXTERNAL_ID = "000102030405060708090a0b0c0d0e0f";
  private static final AssumedRole ROLE = new AssumedRole(TENANT_ROLE, EXTERNAL_ID);

  private static final KmsContext CONTEXT =
      new KmsContext(Map.of("keybroker:tenant", "acme", "keybroker:keystore", "calls"));

  @TempDir Path folder = Path.of("");

  private final List<AutoCloseable> opened = new ArrayList<>();
  private final SdkHttpClient http =
      UrlConnectionHttpClient.builder().socketTimeout(Duration.ofSeconds(30)).build();
  private LocalKms aws;
  private LocalCredentials node;
  private LocalCredentials owner;
  private String trustOfNode;

  @BeforeEach
  void start() {
    opened.add(http);
    aws = LocalKms.start(LocalKmsOptions.inMemory());
    opened.add(aws);
    node = aws.principal(BROKER, "node", LocalKms.ADMINISTRATOR_ACCESS);
    owner = aws.principal(TENANT, "admin", LocalKms.ADMINISTRATOR_ACCESS);
    trustOfNode =
        """
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"%s"},\
        "Action":["sts:AssumeRole","sts:TagSession"]}]}\
        """
            .formatted(node.arn());
    brokerMay(LocalKms.ADMINISTRATOR_ACCESS);
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable resource : opened.reversed()) {
      resource.close();
    }
  }

  @Test
  void trustPolicy_withoutAnyOfItsStatements_letsNoTaggedBrokerAssumeTheRole() throws Exception {
    String trust = documents(null, TENANT_ROLE, false).trustPolicy();
    everyActionIsNeeded(
        trust,
        policy -> {
          aws.role(TENANT, "recordings", policy, LocalKms.ADMINISTRATOR_ACCESS);
          await(broker().assumeRole(ROLE));
        });
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void byRole_eachDocumentIsEnoughAndNoActionTooMuch(boolean inCustomKeyStore) throws Exception {
    // Its default policy leaves the key to the account's IAM.
    KmsArn arn = key(inCustomKeyStore);
    KmsKey key = new KmsKey(arn, ROLE);
    OnboardingDocuments documents = documents(arn, TENANT_ROLE, inCustomKeyStore);
    aws.role(TENANT, "recordings", documents.trustPolicy(), documents.permissionsPolicy());

    everyActionIsNeeded(
        documents.brokerPolicy(),
        policy -> {
          brokerMay(policy);
          use(key, inCustomKeyStore);
        });
    everyActionIsNeeded(
        documents.permissionsPolicy(),
        policy -> {
          aws.role(TENANT, "recordings", documents.trustPolicy(), policy);
          use(key, inCustomKeyStore);
        });
    // Without any permissions the key's policy is enough.
    aws.role(TENANT, "recordings", documents.trustPolicy(), null);
    everyActionIsNeeded(
        documents.keyPolicyStatement(),
        statements -> {
          putKeyPolicy(arn, statements);
          use(key, inCustomKeyStore);
        });
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void byKeyPolicy_eachDocumentIsEnoughAndNoActionTooMuch(boolean inCustomKeyStore)
      throws Exception {
    KmsArn arn = key(inCustomKeyStore);
    KmsKey key = new KmsKey(arn, null);
    OnboardingDocuments documents = documents(arn, null, inCustomKeyStore);
    putKeyPolicy(arn, documents.keyPolicyStatement());

    everyActionIsNeeded(
        documents.brokerPolicy(),
        policy -> {
          brokerMay(policy);
          use(key, inCustomKeyStore);
        });
    everyActionIsNeeded(
        documents.keyPolicyStatement(),
        statements -> {
          putKeyPolicy(arn, statements);
          use(key, inCustomKeyStore);
        });
  }

  /// The broker creates the grant in the name of the tenant's role, whose only permission is this
  /// policy. The broker's own principal has none for the key.
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void byGrant_permissionIsEnoughAndForNoOtherGrant(boolean inCustomKeyStore) throws Exception {
    KmsArn arn = key(inCustomKeyStore);
    OnboardingDocuments documents = documents(arn, TENANT_ROLE, inCustomKeyStore);
    brokerMay(documents.brokerPolicy());

    everyActionIsNeeded(
        documents.grantPermissionPolicy(),
        policy -> {
          aws.role(TENANT, "recordings", documents.trustPolicy(), policy);
          use(granted(arn, CONTEXT, BROKER_ROLE, inCustomKeyStore), inCustomKeyStore);
        });
    KmsContext other = new KmsContext(Map.of("keybroker:tenant", "globex"));
    for (Supplier<KmsKey> wider :
        List.<Supplier<KmsKey>>of(
            () -> granted(arn, other, BROKER_ROLE, inCustomKeyStore),
            () -> granted(arn, CONTEXT, node.arn(), inCustomKeyStore))) {
      KmsFailure refused = assertThrows(KmsFailure.class, wider::get);
      assertEquals("kms:CreateGrant", refused.action());
      assertEquals(KmsFailure.Kind.ACCESS_DENIED, refused.kind());
    }
  }

  private KmsKey granted(KmsArn arn, KmsContext context, String grantee, boolean inCustomKeyStore) {
    KeyUse byRole = new KeyUse(new KmsKey(arn, ROLE), context);
    await(broker().describe(byRole));
    List<String> operations = GrantOperations.of(inCustomKeyStore);
    CreatedGrant grant = await(broker().createGrant(byRole, "keybroker", grantee, operations));
    return new KmsKey(arn, null, grant.id());
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void createGrantCommand_grantsWhatTheBrokerNeeds(boolean inCustomKeyStore) throws Exception {
    KmsArn arn = key(inCustomKeyStore);
    brokerMay(documents(arn, TENANT_ROLE, false).brokerPolicy());
    String command = documents(arn, null, inCustomKeyStore).createGrantCommand();
    Matcher options =
        Pattern.compile(
                "aws kms create-grant --region eu-central-1 --grantee-principal (\\S+)"
                    + " --retiring-principal (\\S+) --operations ([A-Za-z ]+) --constraints"
                    + " '(\\S+)' --key-id (\\S+)")
            .matcher(command);
    assertTrue(options.matches(), command);
    assertEquals("arn:aws:iam::" + TENANT + ":root", options.group(2));
    Map<String, String> subset =
        JSON.convertValue(
            JSON.readTree(options.group(4)).path("EncryptionContextSubset"),
            new TypeReference<Map<String, String>>() {});
    String id;
    try (KmsClient kms = kms()) {
      id =
          kms.createGrant(
                  r ->
                      r.granteePrincipal(options.group(1))
                          .retiringPrincipal(options.group(2))
                          .operationsWithStrings(options.group(3).split(" "))
                          .constraints(it -> it.encryptionContextSubset(subset))
                          .keyId(options.group(5)))
              .grantId();
    }

    use(new KmsKey(arn, null, id), inCustomKeyStore);
    KmsKey byGrant = new KmsKey(arn, null, id);
    KmsContext other = new KmsContext(Map.of("keybroker:tenant", "globex"));
    KmsFailure refused =
        assertThrows(
            KmsFailure.class,
            () ->
                await(
                    broker()
                        .generateKeyPair(new KeyUse(byGrant, other), KeyPairSpec.ECC_NIST_P256)));
    assertEquals(KmsFailure.Kind.ACCESS_DENIED, refused.kind());
  }

  @Test
  void anotherTenantsKey_isOutOfReach() {
    KmsArn arn = key(false);
    OnboardingDocuments documents = documents(arn, null, false);
    putKeyPolicy(arn, documents.keyPolicyStatement());
    brokerMay(documents.brokerPolicy());
    KmsContext other = new KmsContext(Map.of("keybroker:tenant", "globex"));

    KmsFailure refused =
        assertThrows(
            KmsFailure.class,
            () ->
                await(
                    broker()
                        .generateKeyPair(
                            new KeyUse(new KmsKey(arn, null), other), KeyPairSpec.ECC_NIST_P256)));
    assertEquals(KmsFailure.Kind.ACCESS_DENIED, refused.kind());
  }

  /// Each command as a shell and the AWS CLI run it. Skipped on a machine that has no AWS CLI.
  @Test
  void commands_showWhatIsThere_andWhatIsLacking() throws Exception {
    assumeTrue(runs("aws", "--version"), "the AWS CLI is not installed");
    KmsArn arn = key(false);
    String alias = "arn:aws:kms:" + REGION + ":" + TENANT + ":alias/recordings";
    try (KmsClient kms = kms()) {
      kms.createAlias(r -> r.aliasName("alias/recordings").targetKeyId(arn.toString()));
    }
    OnboardingDocuments documents = documents(KmsArn.parse(alias), TENANT_ROLE, false);
    aws.role(TENANT, "recordings", documents.trustPolicy(), documents.permissionsPolicy());
    putKeyPolicy(arn, documents.keyPolicyStatement());
    brokerMay(documents.brokerPolicy());

    List<String> shown = new ArrayList<>();
    for (String command : documents.verificationCommands()) {
      shown.add(run(command, sdk(owner)));
    }
    assertTrue(shown.get(0).startsWith(arn + "\tEnabled\t"), shown.get(0));
    assertTrue(shown.get(1).contains("KeybrokerUsesKeyForTenant"), shown.get(1));
    assertEquals(JSON.readTree(documents.trustPolicy()), JSON.readTree(shown.get(2)));
    assertEquals(JSON.readTree(documents.permissionsPolicy()), JSON.readTree(shown.get(3)));
    assertEquals("", shown.get(4));
    assertEquals(decisions("allowed"), shown.get(5));
    assertEquals("kms:DescribeKey\tallowed\n", shown.get(6));
    assertEquals(7, shown.size());

    aws.role(
        TENANT,
        "recordings",
        documents.trustPolicy(),
        documents.permissionsPolicy().replace("acme", "globex"));
    assertEquals(
        decisions("implicitDeny"), run(documents.verificationCommands().get(5), sdk(owner)));

    List<String> ofBroker = documents.brokerCommands();
    assertEquals(
        "sts:AssumeRole\tallowed\nsts:TagSession\tallowed\n", run(ofBroker.get(0), sdk(node)));
    assertEquals(
        "arn:aws:sts::" + TENANT + ":assumed-role/recordings/keybroker-onboarding\n",
        run(ofBroker.get(1), podIdentity()));
    assertEquals(2, ofBroker.size());
    brokerMay(documents.brokerPolicy().replace("sts:TagSession", "sts:GetCallerIdentity"));
    assertEquals(
        "sts:AssumeRole\tallowed\nsts:TagSession\timplicitDeny\n", run(ofBroker.get(0), sdk(node)));
    assertThrows(AssertionError.class, () -> run(ofBroker.get(1), podIdentity()));

    OnboardingDocuments byKeyPolicy = documents(KmsArn.parse(alias), null, false);
    brokerMay(byKeyPolicy.brokerPolicy());
    assertEquals(decisions("allowed"), run(byKeyPolicy.brokerCommands().get(0), sdk(node)));
    assertEquals("kms:DescribeKey\tallowed\n", run(byKeyPolicy.brokerCommands().get(1), sdk(node)));
  }

  /// What `simulate-principal-policy` prints for the calls under an encryption context.
  private static String decisions(String decision) {
    return Stream.of(
            "kms:GenerateDataKeyPairWithoutPlaintext",
            "kms:Decrypt",
            "kms:ReEncryptFrom",
            "kms:ReEncryptTo")
        .map(action -> action + "\t" + decision + "\n")
        .collect(Collectors.joining());
  }

  private OnboardingDocuments documents(
      @Nullable KmsArn key, @Nullable String role, boolean inCustomKeyStore) {
    return new OnboardingGuide(null, null, TestContext.DEFAULT)
        .documents(
            BROKER_ROLE,
            new Tenant("acme", EXTERNAL_ID),
            new KeyToAdmit(key, role, inCustomKeyStore));
  }

  /// Every call that the broker makes of a root key.
  private void use(KmsKey key, boolean inCustomKeyStore) {
    AwsKms kms = broker();
    if (key.role() != null) {
      await(kms.assumeRole(key.role()));
    }
    await(kms.describe(new KeyUse(key, KmsContext.NONE)));
    byte[] encrypted;
    if (inCustomKeyStore) {
      KmsFailure unusable =
          assertThrows(KmsFailure.class, () -> await(generate(kms, key)), "generated");
      if (unusable.kind() != KmsFailure.Kind.KEY_UNUSABLE) {
        throw unusable;
      }
      try (SecretBytes secret = SecretBytes.copyOf(new byte[] {1, 2, 3})) {
        encrypted = await(kms.encryptPrivateKey(new KeyUse(key, CONTEXT), secret)).ciphertext();
      }
    } else {
      encrypted = await(generate(kms, key)).encryptedPrivateKey();
    }
    await(kms.checkDecrypt(new KeyUse(key, CONTEXT), encrypted));
    await(kms.decryptPrivateKey(new KeyUse(key, CONTEXT), encrypted)).close();
    await(kms.reEncryptPrivateKey(new KeyUse(key, CONTEXT), encrypted, new KeyUse(key, CONTEXT)));
  }

  private static Uni<GeneratedKeyPair> generate(AwsKms kms, KmsKey key) {
    return kms.generateKeyPair(new KeyUse(key, CONTEXT), KeyPairSpec.ECC_NIST_P256);
  }

  private KmsArn key(boolean inCustomKeyStore) {
    try (KmsClient kms = kms()) {
      return KmsArn.parse(
          (inCustomKeyStore
                  ? kms.createKey(r -> r.origin(OriginType.AWS_CLOUDHSM).customKeyStoreId("cks-1"))
                  : kms.createKey())
              .keyMetadata()
              .arn());
    }
  }

  /// The key's policy as an administrator makes it: what AWS writes by default, for the owner
  /// alone, and the statements.
  private void putKeyPolicy(KmsArn key, String statements) {
    String list = statements.strip();
    try (KmsClient kms = kms()) {
      kms.putKeyPolicy(
          r ->
              r.keyId(key.toString())
                  .policyName("default")
                  .policy(
                      "{\"Version\":\"2012-10-17\",\"Statement\":["
                          + statement(owner.arn(), "kms:*")
                          + (list.equals("[]") ? "" : ",")
                          + list.substring(1, list.length() - 1)
                          + "]}"));
    }
  }

  private static String statement(String principal, String action) {
    return """
    {"Effect":"Allow","Principal":{"AWS":"%s"},"Action":"%s","Resource":"*"}\
    """
        .formatted(principal, action);
  }

  private KmsClient kms() {
    return KmsClient.builder()
        .endpointOverride(aws.endpoint())
        .httpClient(http)
        .region(REGION)
        .credentialsProvider(StaticCredentialsProvider.create(sdk(owner)))
        .build();
  }

  private void brokerMay(String policy) {
    aws.role(BROKER, "eks/keybroker", trustOfNode, policy);
  }

  /// The document works as it is, not without any of its actions, and again as it is.
  private static void everyActionIsNeeded(String document, Consumer<String> trial)
      throws JsonProcessingException {
    trial.accept(document);
    for (Map.Entry<String, String> lacking : eachRemoved(document).entrySet()) {
      KmsFailure refused =
          assertThrows(KmsFailure.class, () -> trial.accept(lacking.getValue()), lacking.getKey());
      assertEquals(KmsFailure.Kind.ACCESS_DENIED, refused.kind(), lacking.getKey());
      assertTrue(
          (refused.action() + " " + refused.detail()).contains(lacking.getKey()),
          () -> lacking.getKey() + ": " + refused.detail());
    }
    trial.accept(document);
  }

  private String run(String command, AwsCredentials credentials) throws Exception {
    Path errors = folder.resolve("errors");
    ProcessBuilder builder =
        new ProcessBuilder("sh", "-euc", command).redirectError(errors.toFile());
    Map<String, String> environment = builder.environment();
    environment.keySet().removeIf(name -> name.startsWith("AWS_"));
    environment.put("AWS_ENDPOINT_URL", aws.endpoint().toString());
    environment.put("AWS_ACCESS_KEY_ID", credentials.accessKeyId());
    environment.put("AWS_SECRET_ACCESS_KEY", credentials.secretAccessKey());
    if (credentials instanceof AwsSessionCredentials session) {
      environment.put("AWS_SESSION_TOKEN", session.sessionToken());
    }
    environment.put("AWS_DEFAULT_REGION", REGION.id());
    environment.put("AWS_EC2_METADATA_DISABLED", "true");
    environment.put("AWS_CONFIG_FILE", folder.resolve("none").toString());
    environment.put("AWS_SHARED_CREDENTIALS_FILE", folder.resolve("none").toString());
    environment.put("AWS_PAGER", "");
    Process process = builder.start();
    String out = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertEquals(0, process.waitFor(), command + "\n" + Files.readString(errors));
    return out;
  }

  private static boolean runs(String... command) throws InterruptedException {
    try {
      return new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start()
              .waitFor()
          == 0;
    } catch (IOException e) {
      return false;
    }
  }

  /// The document without each of its actions, by the action that is lacking; a statement without
  /// actions is left out.
  private static Map<String, String> eachRemoved(String document) throws JsonProcessingException {
    Map<String, String> lacking = new HashMap<>();
    JsonNode statements = statements(JSON.readTree(document));
    for (int i = 0; i < statements.size(); i++) {
      JsonNode actions = statements.path(i).path("Action");
      int count = actions.isArray() ? actions.size() : 1;
      for (int j = 0; j < count; j++) {
        JsonNode copy = JSON.readTree(document);
        ArrayNode kept = statements(copy);
        if (count == 1) {
          kept.remove(i);
        } else {
          ((ArrayNode) kept.path(i).path("Action")).remove(j);
        }
        lacking.put((actions.isArray() ? actions.path(j) : actions).asText(), copy.toString());
      }
    }
    assertTrue(lacking.size() > 1, document);
    return lacking;
  }

  /// Of a policy, or of a list of them.
  private static ArrayNode statements(JsonNode document) {
    return (ArrayNode) (document.isArray() ? document : document.path("Statement"));
  }

  /// A broker that has just started, with a session of its own.
  private AwsKms broker() {
    return opened(
        new AwsKms(
            KmsServiceClientConfiguration.builder()
                .region(REGION)
                .endpointOverride(aws.endpoint())
                .credentialsProvider(StaticCredentialsProvider.create(podIdentity()))
                .build(),
            new SmallRyeConfigBuilder()
                .withMapping(AwsConfig.class)
                .withConverter(Duration.class, 100, new DurationConverter())
                .withSources(
                    new PropertiesConfigSource(
                        Map.of(
                            "keybroker.aws.api-call-attempt-timeout", "PT20S",
                            "keybroker.aws.api-call-timeout", "PT30S",
                            "keybroker.aws.key-pair-timeout", "PT30S"),
                        "test",
                        100))
                .build()
                .getConfigMapping(AwsConfig.class),
            List.of(),
            new GrantTokens(Ticker.systemTicker()),
            InstantSource.system(),
            Ticker.systemTicker(),
            new SimpleMeterRegistry()));
  }

  private AwsCredentials podIdentity() {
    try (StsClient sts =
        StsClient.builder()
            .endpointOverride(aws.endpoint())
            .httpClient(http)
            .region(REGION)
            .credentialsProvider(StaticCredentialsProvider.create(sdk(node)))
            .build()) {
      Credentials session =
          sts.assumeRole(
                  request ->
                      request
                          .roleArn(BROKER_ROLE)
                          .roleSessionName("eks-prod-keybroker-0")
                          .tags(
                              tag -> tag.key("eks-cluster-name").value("prod"),
                              tag -> tag.key("kubernetes-namespace").value("keybroker"))
                          .transitiveTagKeys("eks-cluster-name", "kubernetes-namespace"))
              .credentials();
      return AwsSessionCredentials.create(
          session.accessKeyId(), session.secretAccessKey(), session.sessionToken());
    }
  }

  private static AwsCredentials sdk(LocalCredentials credentials) {
    return AwsBasicCredentials.create(credentials.accessKeyId(), credentials.secretAccessKey());
  }

  private static <T> T await(Uni<T> call) {
    return call.await().atMost(LIMIT);
  }

  private <T extends AutoCloseable> T opened(T resource) {
    opened.add(resource);
    return resource;
  }
}
