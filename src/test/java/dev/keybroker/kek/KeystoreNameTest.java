package dev.keybroker.kek;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeystoreNameTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "tenants/a/keystores/b",
        "tenants/0/keystores/9-",
        "tenants/keystores/keystores/tenants",
        "tenants/abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwxyz/keystores/x"
      })
  void name_parsedAndPrinted_isTheSame(String name) {
    assertEquals(name, KeystoreName.parse(name).toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "tenants/",
        "tenants//keystores/b",
        "tenants/a/keystores/",
        "tenants/keystores/b",
        "tenants/a/keystores/b/",
        "tenants/a/keystores/b/keks/c",
        "tenants/a/keystores/B",
        "tenants/-a/keystores/b",
        "tenants/a_b/keystores/b",
        "tenants/ä/keystores/b",
        "tenants/a/keystores/b\n",
        " tenants/a/keystores/b",
        "Tenants/a/keystores/b",
        "tenants/abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwxyz1/keystores/x"
      })
  void otherText_isRefusedWithoutIt(String text) {
    assertEquals(
        "not a keystore name",
        assertThrows(IllegalArgumentException.class, () -> KeystoreName.parse(text)).getMessage());
  }

  @Test
  void names_areOrderedByTenantThenKeystore() {
    assertTrue(new KeystoreName("a", "z").compareTo(new KeystoreName("b", "a")) < 0);
    assertTrue(new KeystoreName("a", "a").compareTo(new KeystoreName("a", "b")) < 0);
  }
}
