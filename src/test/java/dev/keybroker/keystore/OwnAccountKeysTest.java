package dev.keybroker.keystore;

import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.keybroker.crypto.CryptoProvider;
import dev.keybroker.kms.FakeKms;
import dev.keybroker.kms.KmsArn;
import io.smallrye.config.PropertiesConfigSource;
import io.smallrye.config.SmallRyeConfigBuilder;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// The setting `keybroker.keystore.own-account-keys`, as it is written.
class OwnAccountKeysTest {
  private static final RootKey OWN = key("111122223333", null);
  private static final RootKey OTHER = key("444455556666", null);
  private static final RootKey OWN_BY_ROLE =
      key("111122223333", "arn:aws:iam::444455556666:role/recordings");

  @Test
  void off_refusesAKeyOfTheBrokersAccountWithoutARole() {
    assertThrows(KeystoreFailure.KeyInOwnAccount.class, () -> admit(OWN, "false"));
    admit(OTHER, "false");
    admit(OWN_BY_ROLE, "false");
    admit(new RootKey.BrokerManaged(), "false");
  }

  @Test
  void on_admitsEveryAccount() {
    admit(OWN, "true");
    admit(OTHER, "true");
  }

  private static void admit(RootKey rootKey, String ownAccountKeys) {
    KeystoreConfig config =
        new SmallRyeConfigBuilder()
            .withMapping(KeystoreConfig.class)
            .withSources(
                new PropertiesConfigSource(
                    Map.of("keybroker.keystore.own-account-keys", ownAccountKeys), "test", 100))
            .build()
            .getConfigMapping(KeystoreConfig.class);
    // The fake's own principal is a user of account 111122223333.
    Diagnosis diagnosis =
        new Diagnosis(new FakeKms(CryptoProvider.jdk()), Optional.empty(), InstantSource.system());
    new RootKeyCheck(null, null, null, null, null, diagnosis, config, InstantSource.system())
        .admitted(rootKey)
        .await()
        .atMost(Duration.ofSeconds(20));
  }

  private static RootKey key(String account, String roleArn) {
    return new RootKey.TenantManaged(
        KmsArn.parse("arn:aws:kms:eu-central-1:" + account + ":alias/calls"), roleArn);
  }
}
