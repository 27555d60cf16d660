package dev.keybroker.console;

import com.google.protobuf.Message;
import com.google.protobuf.util.Durations;
import dev.keybroker.access.Caller;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.kms.LocalCredentials;
import dev.keybroker.embedded.kms.LocalKms;
import dev.keybroker.grpc.LocalCalls;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.Keystores;
import dev.keybroker.v1.RootKey;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.UUID;
import java.util.function.BiFunction;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.kms.KmsClient;

/// Keystores for the console's tests, each under a KMS key of its own in the local KMS.
record ConsoleKeystores(EmbeddedServices services, LocalCalls calls) {
  static final Caller ADMIN = new Caller(Caller.Kind.JWT, "admin");

  /// The administrator of the account that owns the keys. The caller closes it.
  KmsClient kms() {
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

  String newKey() {
    try (KmsClient kms = kms()) {
      return kms.createKey().keyMetadata().arn();
    }
  }

  /// Creates a keystore in a tenant, under a new key.
  Keystore create(String tenant) {
    return create(tenant, newKey());
  }

  /// Creates a keystore in a tenant.
  Keystore create(String tenant, String key) {
    return create(tenant, key, Duration.ofSeconds(60));
  }

  /// @param lifetime of decrypted private KEKs
  Keystore create(String tenant, String key, Duration lifetime) {
    return call(
        CreateKeystoreRequest.newBuilder()
            .setParent("tenants/" + tenant)
            .setKeystoreId("k-" + UUID.randomUUID())
            .setKeystore(
                Keystore.newBuilder()
                    .setDisplayName("<b>Calls</b>")
                    .setKeyPairSpec(KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256)
                    .setPrivateKekLifetime(Durations.fromSeconds(lifetime.toSeconds()))
                    .setRootKey(rootKey(key)))
            .build(),
        Keystores::createKeystore);
  }

  static RootKey rootKey(String key) {
    return RootKey.newBuilder().setAwsKms(AwsKmsKey.newBuilder().setKeyArn(key)).build();
  }

  /// Calls the control plane as the administrator.
  <Q extends Message, A> A call(Q request, BiFunction<Keystores, Q, Uni<A>> rpc) {
    return calls
        .keystores(ADMIN, "127.0.0.1:1", request, rpc)
        .await()
        .atMost(Duration.ofSeconds(60));
  }
}
