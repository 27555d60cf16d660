package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.keybroker.keystore.KeystoreFilter;
import dev.keybroker.kms.KmsArn;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class FilterTextTest {
  private static final String KEY =
      "arn:aws:kms:eu-central-1:111122223333:key/11111111-2222-3333-4444-555555555555";

  @Test
  void terms_inAnyOrder_areAllTaken() {
    assertEquals(
        new KeystoreFilter(false, "calls-", true, KmsArn.parse(KEY), true),
        FilterText.ofKeystores(
            "last_error:* AND root_key_arn=\"%s\"  AND keystore_id = calls-* AND state = ACTIVE"
                .formatted(KEY)));
  }

  @Test
  void term_alone_filtersByItAlone() {
    assertEquals(KeystoreFilter.NONE, FilterText.ofKeystores(""));
    assertEquals(KeystoreFilter.NONE, FilterText.ofKeystores("  "));
    assertEquals(
        new KeystoreFilter(true, null, false, null, false),
        FilterText.ofKeystores("state = \"DELETE_SCHEDULED\""));
    assertEquals(
        new KeystoreFilter(null, "calls", false, null, false),
        FilterText.ofKeystores("keystore_id=calls"));
    assertEquals(
        new KeystoreFilter(null, "a", true, null, false),
        FilterText.ofKeystores(" keystore_id = \"a*\" "));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "calls",
        "state",
        "state = ",
        "state : ACTIVE",
        "state = active",
        "state = ACTIVE OR last_error:*",
        "state = ACTIVE and last_error:*",
        "state = ACTIVE AND",
        "AND state = ACTIVE",
        "state = ACTIVE AND state = ACTIVE",
        "NOT state = ACTIVE",
        "keystore_id = *",
        "keystore_id = \"\"",
        "keystore_id = a**",
        "keystore_id = *a",
        "keystore_id = A",
        "keystore_id = a%",
        "keystore_id = a' or 'a'='a",
        "keystore_id = \"a",
        "keystore_id : a",
        "root_key_arn = x",
        "root_key_arn = arn:aws:kms:eu-central-1:111122223333:*",
        "last_error = *",
        "last_error:AccessDenied",
        "display_name = Calls",
        "state = ACTIVE\u0000"
      })
  void anythingElse_isRefused(String filter) {
    assertThrows(RequestInvalid.class, () -> FilterText.ofKeystores(filter));
  }
}
