package dev.keybroker.kek;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KekNameTest {
  private static final String NAME =
      "tenants/acme/keystores/calls/keks/0b9fd2a8-5e0c-4a59-9d5c-8f1c6d0f7a11";

  @Test
  void name_parsedAndPrinted_isTheSame() {
    KekName name = KekName.parse(NAME);

    assertEquals(new KeystoreName("acme", "calls"), name.keystore());
    assertEquals(UUID.fromString("0b9fd2a8-5e0c-4a59-9d5c-8f1c6d0f7a11"), name.id());
    assertEquals(NAME, name.toString());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "tenants/acme/keystores/calls",
        "tenants/acme/keystores/calls/keks/",
        "tenants/acme/keystores/calls/keks/x",
        "tenants/acme/keystores/calls/keks/0-0-0-0-0",
        "tenants/acme/keystores/calls/keks/0B9FD2A8-5E0C-4A59-9D5C-8F1C6D0F7A11",
        "tenants/acme/keystores/calls/keks/0b9fd2a8-5e0c-4a59-9d5c-8f1c6d0f7a11/",
        "tenants/acme/keystores/calls/keks/0b9fd2a8-5e0c-4a59-9d5c-8f1c6d0f7a11\n",
        "tenants/Acme/keystores/calls/keks/0b9fd2a8-5e0c-4a59-9d5c-8f1c6d0f7a11",
        "/keks/0b9fd2a8-5e0c-4a59-9d5c-8f1c6d0f7a11"
      })
  void otherText_isRefusedWithoutIt(String text) {
    String message =
        assertThrows(IllegalArgumentException.class, () -> KekName.parse(text)).getMessage();

    assertTrue(Set.of("not a KEK name", "not a keystore name").contains(message), message);
  }
}
