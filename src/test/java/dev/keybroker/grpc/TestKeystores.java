package dev.keybroker.grpc;

import com.google.protobuf.util.Durations;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.kms.LocalCredentials;
import dev.keybroker.embedded.kms.LocalKms;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.KeystoresGrpc;
import dev.keybroker.v1.OnKmsOutage;
import dev.keybroker.v1.RootKey;
import dev.keybroker.v1.RotationPeriod;
import io.grpc.Channel;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsClient;

/// Keystores for tests, each under a KMS key of its own in the local KMS.
final class TestKeystores {
  private static final Duration LIFETIME = Duration.ofMinutes(1);
  private static final long LONGEST_CREATION_SECONDS = 60;
  private static final Map<Named, TestKeystore> NAMED = new HashMap<>();
  private static final Map<Shared, TestKeystore> SHARED = new HashMap<>();

  private final EmbeddedServices services;
  private final KeystoresGrpc.KeystoresBlockingStub keystores;

  private record Named(EmbeddedServices services, KeystoreName name) {}

  private record Shared(EmbeddedServices services, KeyPairSpec spec) {}

  /// A keystore and the ARN of its KMS key.
  record TestKeystore(KeystoreName keystore, String keyArn) {
    String name() {
      return keystore.toString();
    }
  }

  TestKeystores(EmbeddedServices services, Channel broker) {
    this.services = services;
    this.keystores = KeystoresGrpc.newBlockingStub(broker);
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
      return SHARED.computeIfAbsent(
          new Shared(services, spec), missing -> create("shared", spec, LIFETIME));
    }
  }

  /// A new keystore of P-256, for a test that breaks something.
  TestKeystore fresh() {
    return create(LIFETIME);
  }

  TestKeystore create(Duration privateKekLifetime) {
    return create("t-" + UUID.randomUUID(), KeyPairSpec.ECC_NIST_P256, privateKekLifetime);
  }

  /// Whose wraps are refused where the root key fails, and whose unwraps ask KMS each.
  TestKeystore failClosed() {
    return create(
        "t-" + UUID.randomUUID(),
        KeyPairSpec.ECC_NIST_P256,
        Duration.ZERO,
        OnKmsOutage.ON_KMS_OUTAGE_FAIL_CLOSED);
  }

  TestKeystore create(String tenant, KeyPairSpec spec, Duration privateKekLifetime) {
    return create(
        tenant, spec, privateKekLifetime, OnKmsOutage.ON_KMS_OUTAGE_WRAP_WITH_LAST_KNOWN_KEK);
  }

  private TestKeystore create(
      String tenant, KeyPairSpec spec, Duration privateKekLifetime, OnKmsOutage onKmsOutage) {
    KeystoreName name = new KeystoreName(tenant, "k-" + UUID.randomUUID());
    return create(name, spec, privateKekLifetime, onKmsOutage);
  }

  /// A keystore of this name, of P-256, that all tests share.
  TestKeystore shared(KeystoreName name) {
    synchronized (NAMED) {
      return NAMED.computeIfAbsent(
          new Named(services, name),
          missing ->
              create(
                  name,
                  KeyPairSpec.ECC_NIST_P256,
                  LIFETIME,
                  OnKmsOutage.ON_KMS_OUTAGE_WRAP_WITH_LAST_KNOWN_KEK));
    }
  }

  private TestKeystore create(
      KeystoreName name, KeyPairSpec spec, Duration privateKekLifetime, OnKmsOutage onKmsOutage) {
    String keyArn;
    try (KmsClient admin = administrator()) {
      keyArn = admin.createKey().keyMetadata().arn();
    }
    keystores
        .withDeadlineAfter(LONGEST_CREATION_SECONDS, TimeUnit.SECONDS)
        .createKeystore(
            CreateKeystoreRequest.newBuilder()
                .setParent("tenants/" + name.tenant())
                .setKeystoreId(name.keystore())
                .setKeystore(
                    Keystore.newBuilder()
                        .setDisplayName("for tests")
                        .setRootKey(
                            RootKey.newBuilder()
                                .setAwsKms(AwsKmsKey.newBuilder().setKeyArn(keyArn)))
                        .setKeyPairSpec(
                            dev.keybroker.v1.KeyPairSpec.valueOf("KEY_PAIR_SPEC_" + spec))
                        .setRotationPeriod(RotationPeriod.ROTATION_PERIOD_NEVER)
                        .setPrivateKekLifetime(Durations.fromMillis(privateKekLifetime.toMillis()))
                        .setOnKmsOutage(onKmsOutage))
                .build());
    return new TestKeystore(name, keyArn);
  }
}
