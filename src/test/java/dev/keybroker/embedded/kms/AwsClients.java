package dev.keybroker.embedded.kms;

import java.net.URI;
import java.time.Duration;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsSessionCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.DefaultRetryStrategy;
import software.amazon.awssdk.services.iam.IamClient;
import software.amazon.awssdk.services.kms.KmsClient;
import software.amazon.awssdk.services.sts.StsClient;
import software.amazon.awssdk.services.sts.model.Credentials;

/// AWS SDK clients of a local KMS, which try each call once and wait 30 seconds at most.
final class AwsClients implements AutoCloseable {

  private final LocalKms server;
  private final SdkHttpClient http =
      UrlConnectionHttpClient.builder().socketTimeout(Duration.ofSeconds(30)).build();

  AwsClients(LocalKms server) {
    this.server = server;
  }

  KmsClient kms(AwsCredentials credentials, Region region) {
    return kms(credentials, region, server.endpoint());
  }

  KmsClient kms(AwsCredentials credentials, Region region, URI endpoint) {
    return KmsClient.builder()
        .endpointOverride(endpoint)
        .httpClient(http)
        .region(region)
        .credentialsProvider(StaticCredentialsProvider.create(credentials))
        .overrideConfiguration(once())
        .build();
  }

  StsClient sts(AwsCredentials credentials) {
    return sts(credentials, Region.EU_CENTRAL_1);
  }

  StsClient sts(AwsCredentials credentials, Region region) {
    return StsClient.builder()
        .endpointOverride(server.endpoint())
        .httpClient(http)
        .region(region)
        .credentialsProvider(StaticCredentialsProvider.create(credentials))
        .overrideConfiguration(once())
        .build();
  }

  IamClient iam(AwsCredentials credentials) {
    return iam(credentials, Region.AWS_GLOBAL);
  }

  IamClient iam(AwsCredentials credentials, Region region) {
    return IamClient.builder()
        .endpointOverride(server.endpoint())
        .httpClient(http)
        .region(region)
        .credentialsProvider(StaticCredentialsProvider.create(credentials))
        .overrideConfiguration(once())
        .build();
  }

  static AwsCredentials sdk(LocalCredentials credentials) {
    return AwsBasicCredentials.create(credentials.accessKeyId(), credentials.secretAccessKey());
  }

  static AwsCredentials sdk(Credentials session) {
    return AwsSessionCredentials.create(
        session.accessKeyId(), session.secretAccessKey(), session.sessionToken());
  }

  private static ClientOverrideConfiguration once() {
    return ClientOverrideConfiguration.builder()
        .retryStrategy(DefaultRetryStrategy.doNotRetry())
        .build();
  }

  @Override
  public void close() {
    http.close();
  }
}
