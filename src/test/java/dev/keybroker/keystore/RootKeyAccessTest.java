package dev.keybroker.keystore;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.keybroker.kms.KmsArn;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class RootKeyAccessTest {
  private static final String KEY =
      "arn:aws:kms:eu-central-1:111122223333:key/mrk-00000000000000000000000000000000";

  @Test
  void brokerManagedKey_inAnAllowedRegion_isTheKeyOfTenantsWithoutOne() {
    for (Optional<List<String>> allowed :
        List.of(
            Optional.of(List.of("eu-west-1", "eu-central-1")), Optional.<List<String>>empty())) {
      assertEquals(KmsArn.parse(KEY), access(allowed).locate(new RootKey.BrokerManaged()).arn());
    }
  }

  private static RootKeyAccess access(Optional<List<String>> allowedRegions) {
    return new RootKeyAccess(
        new KeystoreConfig() {
          @Override
          public Optional<String> brokerManagedKeyArn() {
            return Optional.of(KEY);
          }

          @Override
          public Optional<List<String>> allowedRegions() {
            return allowedRegions;
          }

          @Override
          public boolean ownAccountKeys() {
            return true;
          }
        },
        TestContext.DEFAULT);
  }
}
