package dev.keybroker.grpc;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.kms.LocalCredentials;
import dev.keybroker.embedded.kms.LocalKms;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.KeystoreSettings;
import dev.keybroker.keystore.Keystores;
import dev.keybroker.keystore.OnKmsOutage;
import dev.keybroker.keystore.RootKey;
import dev.keybroker.keystore.RotationPeriod;
import dev.keybroker.kms.KmsArn;
import java.time.Duration;
import java.util.EnumMap;
import java.util.Map;
import java.util.UUID;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsClient;

/// Keystores for tests, each under a KMS key of its own in the local KMS.
final class TestKeystores {
  private static final Duration LIFETIME = Duration.ofMinutes(1);
  private static final Map<KeyPairSpec, TestKeystore> SHARED = new EnumMap<>(KeyPairSpec.class);

  private final EmbeddedServices services;
  private final Keystores keystores;

  /// A keystore and the ARN of its KMS key.
  record TestKeystore(KeystoreName keystore, String keyArn) {
    String name() {
      return keystore.toString();
    }
  }

  TestKeystores(EmbeddedServices services, Keystores keystores) {
    this.services = services;
    this.keystores = keystores;
  }

  /// The administrator of the account that owns the keys. The caller closes it.
  KmsClient administrator() {
    LocalCredentials admin =
        services
            .kms()
            .principal(EmbeddedServices.BROKER_ACCOUNT, "admin", LocalKms.ADMINISTRATOR_ACCESS);
    return KmsClient.builder()
        .endpointOverride(services.kms().endpoint())
        .httpClient(UrlConnectionHttpClient.create())
        .region(Region.of(EmbeddedServices.REGION))
        .credentialsProvider(
            StaticCredentialsProvider.create(
                AwsBasicCredentials.create(admin.accessKeyId(), admin.secretAccessKey())))
        .build();
  }

  /// A keystore that all tests share; its KMS key stays usable.
  TestKeystore shared(KeyPairSpec spec) {
    synchronized (SHARED) {
      return SHARED.computeIfAbsent(spec, missing -> create("shared", missing, LIFETIME));
    }
  }

  /// A new keystore of P-256, for a test that breaks something.
  TestKeystore fresh() {
    return create(LIFETIME);
  }

  TestKeystore create(Duration privateKekLifetime) {
    return create("t-" + UUID.randomUUID(), KeyPairSpec.ECC_NIST_P256, privateKekLifetime);
  }

  TestKeystore create(String tenant, KeyPairSpec spec, Duration privateKekLifetime) {
    String keyArn;
    try (KmsClient admin = administrator()) {
      keyArn = admin.createKey().keyMetadata().arn();
    }
    KeystoreName name = new KeystoreName(tenant, "k-" + UUID.randomUUID());
    keystores
        .create(
            name,
            new KeystoreSettings(
                "for tests",
                new RootKey.AwsKms(KmsArn.parse(keyArn), null),
                spec,
                RotationPeriod.NEVER,
                privateKekLifetime,
                OnKmsOutage.WRAP_WITH_LAST_KNOWN_KEK))
        .await()
        .atMost(Duration.ofSeconds(60));
    return new TestKeystore(name, keyArn);
  }
}
