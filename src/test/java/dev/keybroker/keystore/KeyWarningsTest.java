package dev.keybroker.keystore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.kms.HomeRegion;
import dev.keybroker.kms.KmsArn;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class KeyWarningsTest {
  private static final String KEY = ":444455556666:key/0a1b2c3d-0000-4000-8000-000000000000";
  private static final String MULTI_REGION = ":444455556666:key/mrk-" + "0".repeat(32);

  private static List<String> warnings(String region, String key, String... allowed) {
    KeystoreConfig config =
        new KeystoreConfig() {
          @Override
          public Optional<String> brokerManagedKeyArn() {
            return Optional.empty();
          }

          @Override
          public Optional<List<String>> allowedRegions() {
            return allowed.length == 0 ? Optional.empty() : Optional.of(List.of(allowed));
          }

          @Override
          public boolean ownAccountKeys() {
            return true;
          }
        };
    return new KeyWarnings(new HomeRegion("eu-central-1"), config)
        .of(KmsArn.parse("arn:aws:kms:" + region + key));
  }

  private static void assertWarns(List<String> warnings, String... texts) {
    assertEquals(texts.length, warnings.size(), warnings::toString);
    for (int i = 0; i < texts.length; i++) {
      assertTrue(warnings.get(i).contains(texts[i]), warnings::toString);
    }
  }

  @Test
  void key_inTheBrokersRegion_hasNoWarning() {
    assertWarns(warnings("eu-central-1", KEY));
    assertWarns(warnings("eu-central-1", ":444455556666:alias/calls", "eu-central-1"));
  }

  @Test
  void key_inAnotherRegion_costsTimeAndDependsOnBoth() {
    String expected = "The key is in eu-west-1, but the broker is in eu-central-1.";
    assertWarns(warnings("eu-west-1", KEY), expected);
    assertWarns(warnings("eu-west-1", KEY, "eu-central-1", "eu-west-1"), expected);
  }

  @Test
  void key_inARegionThatIsNotAllowed_cannotBeUsed() {
    assertWarns(
        warnings("us-east-1", KEY, "eu-central-1", "eu-west-1"),
        "the broker uses keys in eu-central-1, eu-west-1 only");
  }

  @Test
  void multiRegionKey_isWithdrawnInEachRegion() {
    assertWarns(
        warnings("eu-central-1", MULTI_REGION, "eu-central-1", "eu-west-1"),
        "may call it in eu-central-1, eu-west-1. Each replica has its own policy");
    assertWarns(
        warnings("us-east-1", MULTI_REGION, "eu-central-1"), "may call it in eu-central-1.");
    assertWarns(
        warnings("eu-west-1", MULTI_REGION),
        "The key is in eu-west-1",
        "the broker calls it in eu-west-1 only");
  }
}
