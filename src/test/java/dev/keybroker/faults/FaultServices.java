package dev.keybroker.faults;

import com.google.protobuf.Duration;
import com.google.protobuf.util.Durations;
import dev.keybroker.PackagedBroker;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.keystore.TenantAccount;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.GetOnboardingRequest;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.Onboarding;
import dev.keybroker.v1.RootKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/// The services of a run in a folder of its own, and a tenant with a KMS key.
public final class FaultServices implements AutoCloseable {
  private static final String TENANT = "tenants/faults";
  private static final String ACCOUNT = "777788889999";

  private final Path folder;
  private final EmbeddedServices services;
  private final TenantAccount account;
  private final String key;

  private FaultServices(Path folder, EmbeddedServices services) {
    this.folder = folder;
    this.services = services;
    this.account = new TenantAccount(services, ACCOUNT);
    this.key = newKey();
  }

  public static FaultServices start() throws IOException {
    Path parent = Files.createDirectories(Path.of("target", "faults"));
    Path folder = Files.createTempDirectory(parent, "run-").toAbsolutePath();
    return new FaultServices(folder, EmbeddedServices.start(folder.resolve("services")));
  }

  public EmbeddedServices services() {
    return services;
  }

  public TenantAccount account() {
    return account;
  }

  /// The ARN of the tenant's key.
  String key() {
    return key;
  }

  /// The ARN of a further key that the broker may use.
  String newKey() {
    return account.newKey(
        """
        {"Effect":"Allow","Principal":{"AWS":"%s"},"Action":"kms:*","Resource":"*"}\
        """
            .formatted(services.brokerPrincipal()));
  }

  /// A broker to be started with these services, its heap small enough for several.
  public PackagedBroker.Launch broker(String name) {
    return PackagedBroker.in(folder).named(name).with(services.configuration()).option("-Xmx300m");
  }

  /// Makes a keystore of the tenant.
  ///
  /// @return its name
  String keystore(PackagedBroker broker, String id, Duration privateKekLifetime) {
    return keystore(broker, id, privateKekLifetime, key, KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256);
  }

  /// Makes a keystore of the tenant under this key, its KEKs of this spec.
  ///
  /// @return its name
  String keystore(
      PackagedBroker broker,
      String id,
      Duration privateKekLifetime,
      String keyArn,
      KeyPairSpec spec) {
    return keystore(broker, TENANT, id, privateKekLifetime, keyArn, spec);
  }

  /// Makes a keystore of another tenant under this key, its KEKs of this spec.
  ///
  /// @return its name
  String keystore(
      PackagedBroker broker,
      String tenant,
      String id,
      Duration privateKekLifetime,
      String keyArn,
      KeyPairSpec spec) {
    AwsKmsKey awsKey = AwsKmsKey.newBuilder().setKeyArn(keyArn).build();
    return create(broker, tenant, id, privateKekLifetime, awsKey, spec);
  }

  /// Makes a keystore of the tenant under its key, which the broker reaches by a role of the
  /// tenant's account; every unwrap asks KMS.
  ///
  /// @return its name
  String keystoreByRole(PackagedBroker broker, String id) {
    String role = "arn:aws:iam::" + ACCOUNT + ":role/keybroker-access";
    AwsKmsKey byRole = AwsKmsKey.newBuilder().setKeyArn(newKey()).setRoleArn(role).build();
    Onboarding onboarding =
        broker
            .client()
            .keystores()
            .getOnboarding(
                GetOnboardingRequest.newBuilder().setParent(TENANT).setKey(byRole).build());
    account.role(
        "keybroker-access", onboarding.getTrustPolicy(), onboarding.getPermissionsPolicy());
    account.putKeyPolicy(
        byRole.getKeyArn(), onboarding.getKeyPolicyStatement().strip().replaceAll("^\\[|]$", ""));
    return create(
        broker, TENANT, id, Durations.ZERO, byRole, KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256);
  }

  private static String create(
      PackagedBroker broker,
      String tenant,
      String id,
      Duration privateKekLifetime,
      AwsKmsKey key,
      KeyPairSpec spec) {
    return broker
        .client()
        .keystores()
        .createKeystore(
            CreateKeystoreRequest.newBuilder()
                .setParent(tenant)
                .setKeystoreId(id)
                .setKeystore(
                    Keystore.newBuilder()
                        .setRootKey(RootKey.newBuilder().setAwsKms(key))
                        .setKeyPairSpec(spec)
                        .setPrivateKekLifetime(privateKekLifetime))
                .build())
        .getName();
  }

  @Override
  public void close() {
    account.close();
    services.close();
  }
}
