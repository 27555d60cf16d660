package dev.keybroker.embedded;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.KeystoreAdmin;
import dev.keybroker.keystore.KeystoreSettings;
import dev.keybroker.keystore.OnKmsOutage;
import dev.keybroker.keystore.RootKey;
import dev.keybroker.keystore.RotationPeriod;
import dev.keybroker.kms.KmsArn;
import io.quarkus.arc.profile.IfBuildProfile;
import io.quarkus.runtime.StartupEvent;
import jakarta.annotation.Priority;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import org.jboss.logging.Logger;

/// The tenant `demo` of dev mode: two keystores under a key of the local KMS, and how to make the
/// first call.
@IfBuildProfile("dev")
final class DemoTenant {
  private static final Logger LOG = Logger.getLogger(DemoTenant.class);
  private static final Duration LONGEST_WAIT = Duration.ofSeconds(30);

  private final KeystoreAdmin keystores;

  DemoTenant(KeystoreAdmin keystores) {
    this.keystores = keystores;
  }

  void start(@Observes @Priority(Integer.MAX_VALUE) StartupEvent event) {
    String demoKey = System.getProperty(DevMain.DEMO_KEY);
    if (demoKey == null) {
      return;
    }
    KmsArn key = KmsArn.parse(demoKey);
    create("call-recordings", "Call recordings", KeyPairSpec.RSA_3072, key);
    create("screen-recordings", "Screen recordings", KeyPairSpec.ECC_NIST_P256, key);
    LOG.info(
        """
        Ready. The first call, with grpcurl or with buf:

          grpcurl -plaintext -d '{"keystore":"tenants/demo/keystores/call-recordings"}' \\
            127.0.0.1:9000 keybroker.v1.KeyBroker/WrapDek

          buf curl --protocol grpc --http2-prior-knowledge \\
            -d '{"keystore":"tenants/demo/keystores/call-recordings"}' \\
            http://127.0.0.1:9000/keybroker.v1.KeyBroker/WrapDek

        The console for administrators: http://127.0.0.1:8080/tenants/demo

        The local KMS, as the tenant's AWS account, for aws, boto3 and the SDKs. These credentials are good there alone:

        """
            + System.getProperty(DevMain.DEMO_EXPORTS)
            + "\n");
  }

  private void create(String id, String displayName, KeyPairSpec spec, KmsArn key) {
    KeystoreName name = new KeystoreName(DemoKey.TENANT, id);
    keystores
        .create(
            name,
            new KeystoreSettings(
                displayName,
                new RootKey.TenantManaged(key, null),
                spec,
                RotationPeriod.NEVER,
                Duration.ofSeconds(60),
                OnKmsOutage.WRAP_WITH_LAST_KNOWN_KEK))
        // The first transactions of a cold process on a busy machine can take longer than they may.
        .onFailure()
        .retry()
        .withBackOff(Duration.ofMillis(200))
        .expireIn(LONGEST_WAIT.toMillis())
        .await()
        .atMost(LONGEST_WAIT);
  }
}
