package dev.keybroker.keystore;

import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.kms.LocalCredentials;
import dev.keybroker.embedded.kms.LocalKms;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.SdkHttpClient;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsClient;

/// A tenant's AWS account in the local KMS, as its administrator works in it.
public final class TenantAccount implements AutoCloseable {
  /// A statement of a key's policy that lets the embedded broker do anything with the key.
  public static final String BROKER_STATEMENT =
      """
      {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111122223333:user/keybroker"},\
      "Action":"kms:*","Resource":"*"}\
      """;

  private static final Region REGION = Region.of(EmbeddedServices.REGION);

  private final String account;
  private final LocalKms server;
  private final SdkHttpClient http =
      UrlConnectionHttpClient.builder().socketTimeout(Duration.ofSeconds(30)).build();
  private final KmsClient kms;

  /// @param account twelve digits
  public TenantAccount(EmbeddedServices services, String account) {
    this.account = account;
    this.server = services.kms();
    LocalCredentials admin = server.principal(account, "admin", LocalKms.ADMINISTRATOR_ACCESS);
    this.kms =
        KmsClient.builder()
            .endpointOverride(server.endpoint())
            .httpClient(http)
            .region(REGION)
            .credentialsProvider(
                StaticCredentialsProvider.create(
                    AwsBasicCredentials.create(admin.accessKeyId(), admin.secretAccessKey())))
            .build();
  }

  public KmsClient kms() {
    return kms;
  }

  /// The ARN of a new key whose policy admits the account's administrator, with these statements
  /// besides. It leaves nothing to IAM policies alone.
  public String newKey(String... statements) {
    return kms.createKey(request -> request.policy(keyPolicy(statements))).keyMetadata().arn();
  }

  /// Replaces a key's policy by one that admits the account's administrator, with these statements
  /// besides.
  public void putKeyPolicy(String keyArn, String... statements) {
    kms.putKeyPolicy(
        request -> request.keyId(keyArn).policyName("default").policy(keyPolicy(statements)));
  }

  /// The ARN of an alias, made or moved.
  public String alias(String name, String keyArn) {
    String alias = "alias/" + name;
    boolean isThere =
        kms.listAliasesPaginator().aliases().stream()
            .anyMatch(known -> known.aliasName().equals(alias));
    if (isThere) {
      kms.updateAlias(request -> request.aliasName(alias).targetKeyId(keyArn));
    } else {
      kms.createAlias(request -> request.aliasName(alias).targetKeyId(keyArn));
    }
    return "arn:aws:kms:" + REGION + ":" + account + ":" + alias;
  }

  /// The ARN of a role, made or changed.
  public String role(String name, String trustPolicy, @Nullable String permissionsPolicy) {
    return server.role(account, name, trustPolicy, permissionsPolicy);
  }

  private String keyPolicy(String... statements) {
    StringBuilder policy = new StringBuilder("{\"Version\":\"2012-10-17\",\"Statement\":[");
    policy
        .append("{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"arn:aws:iam::")
        .append(account)
        .append(":user/admin\"},\"Action\":\"kms:*\",\"Resource\":\"*\"}");
    for (String statement : statements) {
      policy.append(',').append(statement);
    }
    return policy.append("]}").toString();
  }

  @Override
  public void close() {
    kms.close();
    http.close();
  }
}
