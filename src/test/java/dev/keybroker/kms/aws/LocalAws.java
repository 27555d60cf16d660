package dev.keybroker.kms.aws;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.embedded.kms.LocalCredentials;
import dev.keybroker.embedded.kms.LocalKms;
import dev.keybroker.embedded.kms.LocalKmsOptions;
import dev.keybroker.kms.AssumedRole;
import dev.keybroker.kms.GrantTokens;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsKey;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.URI;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.AwsServiceClientConfiguration;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.kms.KmsServiceClientConfiguration;
import software.amazon.awssdk.services.kms.model.CreateKeyRequest;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.services.sts.model.Credentials;

/// A local KMS with the broker's account and a tenant's, and what a test needs there: keys with
/// policies, roles with trust policies, and the adapter under test.
final class LocalAws implements AutoCloseable {
  static final String BROKER = "111111111111";
  static final String TENANT = "222222222222";
  static final String EXTERNAL_ID = "c0ffee00c0ffee00";
  static final Region HOME = Region.EU_CENTRAL_1;
  static final String BROKER_ARN = "arn:aws:iam::" + BROKER + ":user/broker";
  static final String CALLS =
      "\"kms:GenerateDataKeyPair*\",\"kms:Encrypt\",\"kms:Decrypt\",\"kms:DescribeKey\"";

  final LocalKms server;
  private final LocalCredentials broker;
  private final List<AutoCloseable> opened = new ArrayList<>();

  LocalAws() {
    this(InstantSource.system());
  }

  LocalAws(InstantSource clock) {
    server = LocalKms.start(LocalKmsOptions.inMemory().withClock(clock));
    opened.add(server);
    broker = server.principal(BROKER, "broker", LocalKms.ADMINISTRATOR_ACCESS);
  }

  AwsKms kms(AwsConfig config) {
    return kms(config, InstantSource.system());
  }

  AwsKms kms(AwsConfig config, InstantSource clock) {
    return opened(adapter(service(server.endpoint()), config, clock));
  }

  /// The adapter of a broker that uses keys in these regions only.
  AwsKms kms(AwsConfig config, Ticker ticker, MeterRegistry registry, List<String> allowedRegions) {
    return opened(
        new AwsKms(
            service(server.endpoint()),
            config,
            allowedRegions,
            new GrantTokens(ticker),
            InstantSource.system(),
            ticker,
            registry));
  }

  static AwsKms adapter(
      AwsServiceClientConfiguration service, AwsConfig config, InstantSource clock) {
    return new AwsKms(
        service,
        config,
        List.of(),
        new GrantTokens(Ticker.systemTicker()),
        clock,
        Ticker.systemTicker(),
        new SimpleMeterRegistry());
  }

  /// The adapter with credentials as EKS Pod Identity gives them: a session of a role of the
  /// broker's account, whose tags are transitive.
  AwsKms taggedKms(String role) {
    LocalCredentials agent = server.principal(BROKER, "agent", LocalKms.ADMINISTRATOR_ACCESS);
    String assumed = tagging(agent.arn()).replace("sts:TagSession", "sts:AssumeRole");
    String arn =
        server.role(
            BROKER,
            role,
            trustPolicy(assumed, tagging(agent.arn())),
            LocalKms.ADMINISTRATOR_ACCESS);
    StsClient sts =
        opened(
            StsClient.builder()
                .region(HOME)
                .endpointOverride(server.endpoint())
                .credentialsProvider(provider(agent))
                .build());
    Credentials session =
        sts.assumeRole(
                request ->
                    request
                        .roleArn(arn)
                        .roleSessionName("eks-keybroker-pod")
                        .tags(tag -> tag.key("kubernetes-namespace").value("keybroker"))
                        .transitiveTagKeys("kubernetes-namespace"))
            .credentials();
    return opened(
        adapter(
            service(
                server.endpoint(),
                StaticCredentialsProvider.create(
                    AwsSessionCredentials.create(
                        session.accessKeyId(), session.secretAccessKey(), session.sessionToken()))),
            TestAwsConfig.patient(),
            InstantSource.system()));
  }

  /// What the Quarkus extension would say of the broker's client.
  AwsServiceClientConfiguration service(URI endpoint) {
    return service(endpoint, provider(broker));
  }

  static AwsServiceClientConfiguration service(URI endpoint, StaticCredentialsProvider broker) {
    return KmsServiceClientConfiguration.builder()
        .region(HOME)
        .endpointOverride(endpoint)
        .credentialsProvider(broker)
        .build();
  }

  static StaticCredentialsProvider provider(LocalCredentials credentials) {
    return StaticCredentialsProvider.create(
        AwsBasicCredentials.create(credentials.accessKeyId(), credentials.secretAccessKey()));
  }

  /// The administrator of an account.
  KmsClient admin(String account, Region region) {
    return opened(
        KmsClient.builder()
            .region(region)
            .endpointOverride(server.endpoint())
            .credentialsProvider(
                provider(server.principal(account, "admin", LocalKms.ADMINISTRATOR_ACCESS)))
            .build());
  }

  /// A key of the broker's own account, under the default policy.
  KmsKey ownKey() {
    return new KmsKey(create(BROKER, HOME, CreateKeyRequest.builder().build()), null);
  }

  /// A key of the tenant's account whose policy admits `principal` to the broker's calls.
  KmsArn tenantKey(Region region, String principal) {
    return tenantKeyWith(region, allow(principal, CALLS, ""));
  }

  KmsArn tenantKeyWith(Region region, String statement) {
    return create(
        TENANT, region, CreateKeyRequest.builder().policy(keyPolicy(TENANT, statement)).build());
  }

  KmsArn create(String account, Region region, CreateKeyRequest request) {
    return KmsArn.parse(admin(account, region).createKey(request).keyMetadata().arn());
  }

  /// The tenant's role, which trusts the broker and may use every key.
  AssumedRole role(String name) {
    return new AssumedRole(
        server.role(TENANT, name, trust(BROKER_ARN, EXTERNAL_ID), LocalKms.ADMINISTRATOR_ACCESS),
        EXTERNAL_ID);
  }

  static String trust(String principal, String externalId) {
    return trustPolicy(assuming(principal, externalId));
  }

  static String trustPolicy(String... statements) {
    return "{\"Version\":\"2012-10-17\",\"Statement\":[" + String.join(",", statements) + "]}";
  }

  static String assuming(String principal, String externalId) {
    return """
    {"Effect":"Allow","Principal":{"AWS":"%s"},"Action":"sts:AssumeRole",\
    "Condition":{"StringEquals":{"sts:ExternalId":"%s"}}}\
    """
        .formatted(principal, externalId);
  }

  static String tagging(String principal) {
    return "{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"%s\"},\"Action\":\"sts:TagSession\"}"
        .formatted(principal);
  }

  static String identityPolicy(String actions, String resource) {
    return """
    {"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[%s],"Resource":"%s"}]}\
    """
        .formatted(actions, resource);
  }

  /// @param condition the member `"Condition":…`, or nothing
  static String allow(String principal, String actions, String condition) {
    return """
    {"Effect":"Allow","Principal":{"AWS":"%s"},"Action":[%s],"Resource":"*"%s}\
    """
        .formatted(principal, actions, condition.isEmpty() ? "" : "," + condition);
  }

  /// The statement and the account's own administration.
  static String keyPolicy(String account, String statement) {
    return """
    {"Version":"2012-10-17","Statement":[
    {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"kms:*","Resource":"*"},
    %s]}\
    """
        .formatted(account, statement);
  }

  <T extends AutoCloseable> T opened(T resource) {
    opened.add(resource);
    return resource;
  }

  @Override
  public void close() throws Exception {
    for (AutoCloseable resource : opened.reversed()) {
      resource.close();
    }
  }
}
