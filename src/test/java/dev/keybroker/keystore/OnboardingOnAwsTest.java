package dev.keybroker.keystore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.keybroker.embedded.kms.LocalCredentials;
import dev.keybroker.embedded.kms.LocalKms;
import dev.keybroker.embedded.kms.LocalKmsOptions;
import dev.keybroker.kms.AssumedRole;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.aws.AwsConfig;
import dev.keybroker.kms.aws.AwsKms;
import io.quarkus.runtime.configuration.DurationConverter;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsServiceClientConfiguration;
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

  private final List<AutoCloseable> opened = new ArrayList<>();
  private final SdkHttpClient http =
      UrlConnectionHttpClient.builder().socketTimeout(Duration.ofSeconds(30)).build();
  private LocalKms aws;
  private LocalCredentials node;

  @BeforeEach
  void start() {
    opened.add(http);
    aws = LocalKms.start(LocalKmsOptions.inMemory());
    opened.add(aws);
    node = aws.principal(BROKER, "node", LocalKms.ADMINISTRATOR_ACCESS);
    aws.role(
        BROKER,
        "eks/keybroker",
        """
        {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"%s"},\
        "Action":["sts:AssumeRole","sts:TagSession"]}]}\
        """
            .formatted(node.arn()),
        LocalKms.ADMINISTRATOR_ACCESS);
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable resource : opened.reversed()) {
      resource.close();
    }
  }

  @Test
  void trustPolicy_withoutAnyOfItsStatements_letsNoTaggedBrokerAssumeTheRole() throws Exception {
    String trust = documents().trustPolicy();
    aws.role(TENANT, "recordings", trust, LocalKms.ADMINISTRATOR_ACCESS);
    await(broker().assumeRole(ROLE));

    Map<String, String> lacking = eachRemoved(trust);
    assertEquals(2, lacking.size());
    lacking.forEach(
        (action, policy) -> {
          aws.role(TENANT, "recordings", policy, LocalKms.ADMINISTRATOR_ACCESS);
          KmsFailure refused =
              assertThrows(KmsFailure.class, () -> await(broker().assumeRole(ROLE)), action);
          assertTrue(refused.detail().contains("to perform: " + action), refused::detail);
        });
  }

  private OnboardingDocuments documents() {
    return new OnboardingGuide(null, null, TestContext.DEFAULT)
        .documents(BROKER_ROLE, new Tenant("acme", EXTERNAL_ID), null, TENANT_ROLE);
  }

  /// The policy without each of its actions, by the action that is lacking; a statement without
  /// actions is left out.
  private static Map<String, String> eachRemoved(String policy) throws JsonProcessingException {
    Map<String, String> lacking = new HashMap<>();
    JsonNode statements = JSON.readTree(policy).path("Statement");
    for (int i = 0; i < statements.size(); i++) {
      JsonNode actions = statements.path(i).path("Action");
      int count = actions.isArray() ? actions.size() : 1;
      for (int j = 0; j < count; j++) {
        JsonNode copy = JSON.readTree(policy);
        ArrayNode kept = (ArrayNode) copy.path("Statement");
        if (count == 1) {
          kept.remove(i);
        } else {
          ((ArrayNode) kept.path(i).path("Action")).remove(j);
        }
        lacking.put((actions.isArray() ? actions.path(j) : actions).asText(), copy.toString());
      }
    }
    return lacking;
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
            InstantSource.system()));
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
