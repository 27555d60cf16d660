package dev.keybroker.embedded;

import dev.keybroker.embedded.kms.LocalCredentials;
import dev.keybroker.embedded.kms.LocalKms;
import java.util.concurrent.CompletionException;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsAsyncClient;
import software.amazon.awssdk.services.kms.model.NotFoundException;

/// The KMS key of the tenant `demo`, in its own account, as a tenant would make it: its
/// policy admits the broker for this tenant's encryption context and nothing else.
final class DemoKey {
  static final String TENANT = "demo";
  private static final String ALIAS = "alias/demo-recordings";

  private DemoKey() {}

  /// Creates the key if it does not exist.
  ///
  /// @param broker the ARN of the broker's principal
  /// @return the key's ARN
  static String make(LocalKms kms, String broker) {
    LocalCredentials owner = DemoAccount.owner(kms);
    try (KmsAsyncClient client =
        KmsAsyncClient.builder()
            .endpointOverride(kms.endpoint())
            .region(Region.of(EmbeddedServices.REGION))
            .credentialsProvider(
                StaticCredentialsProvider.create(
                    AwsBasicCredentials.create(owner.accessKeyId(), owner.secretAccessKey())))
            .build()) {
      return find(client, broker);
    }
  }

  private static String find(KmsAsyncClient client, String broker) {
    try {
      return client.describeKey(request -> request.keyId(ALIAS)).join().keyMetadata().arn();
    } catch (CompletionException e) {
      if (!(e.getCause() instanceof NotFoundException)) {
        throw e;
      }
      String arn =
          client
              .createKey(
                  request ->
                      request.description("Recordings of the tenant demo").policy(policy(broker)))
              .join()
              .keyMetadata()
              .arn();
      client.createAlias(request -> request.aliasName(ALIAS).targetKeyId(arn)).join();
      return arn;
    }
  }

  /// Admits the account itself and, for what it needs, the broker.
  private static String policy(String broker) {
    return """
    {"Version": "2012-10-17", "Statement": [
      {"Sid": "Administration", "Effect": "Allow",
       "Principal": {"AWS": "arn:aws:iam::%1$s:root"}, "Action": "kms:*", "Resource": "*"},
      {"Sid": "Describe", "Effect": "Allow",
       "Principal": {"AWS": "%2$s"}, "Action": "kms:DescribeKey", "Resource": "*"},
      {"Sid": "Recordings", "Effect": "Allow", "Principal": {"AWS": "%2$s"},
       "Action": ["kms:GenerateDataKeyPairWithoutPlaintext", "kms:Decrypt", "kms:ReEncryptFrom", "kms:ReEncryptTo"],
       "Resource": "*",
       "Condition": {"StringEquals": {"kms:EncryptionContext:keybroker:tenant": "%3$s"}}}
    ]}
    """
        .formatted(DemoAccount.ID, broker, TENANT);
  }
}
