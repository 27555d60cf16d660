package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.Timestamp;
import dev.keybroker.audit.AuditCursor;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.KekCursor;
import dev.keybroker.v1.AuditOutcome;
import dev.keybroker.v1.ListAuditEventsRequest;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PageTokenTest {
  private static final KeystoreName KEYSTORE = new KeystoreName("acme", "calls");
  private static final String ID = "0b9fd2a8-5e0c-4a59-9d5c-8f1c6d0f7a11";
  private static final KekCursor CURSOR =
      new KekCursor(Instant.parse("2026-03-01T12:00:00.123456Z"), UUID.fromString(ID));

  @Test
  void token_given_isTaken() {
    assertEquals(
        "calls", PageToken.id(PageToken.afterId("tenants/acme", "", "calls"), "tenants/acme", ""));
    assertEquals(CURSOR, PageToken.kek(PageToken.afterKek(KEYSTORE, CURSOR), KEYSTORE.toString()));
  }

  @Test
  void token_ofAnotherParent_isRefused() {
    String keystores = PageToken.afterId("tenants/acme", "", "calls");
    assertThrows(RequestInvalid.class, () -> PageToken.id(keystores, "tenants/acm", ""));
    String keks = PageToken.afterKek(KEYSTORE, CURSOR);
    assertThrows(RequestInvalid.class, () -> PageToken.kek(keks, "tenants/acme/keystores/calls-2"));
  }

  @Test
  void token_ofAnotherFilter_isRefused() {
    String plain = PageToken.afterId("tenants/acme", "", "calls");
    String filtered = PageToken.afterId("tenants/acme", "state = ACTIVE", "calls");
    assertEquals("calls", PageToken.id(filtered, "tenants/acme", "state = ACTIVE"));
    assertThrows(RequestInvalid.class, () -> PageToken.id(filtered, "tenants/acme", ""));
    assertThrows(RequestInvalid.class, () -> PageToken.id(plain, "tenants/acme", "state = ACTIVE"));
    assertThrows(
        RequestInvalid.class,
        () -> PageToken.id(filtered, "tenants/acme", "state = DELETE_SCHEDULED"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "+1000000000-12-31T23:59:59.999999999Z/" + ID,
        "+10000-01-01T00:00:00Z/" + ID,
        "-1000000000-01-01T00:00:00Z/" + ID,
        "1969-12-31T23:59:59Z/" + ID
      })
  void token_withATimeThatTheDatabaseDoesNotHold_isRefused(String cursor) {
    assertRefused(token(cursor));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "2026-03-01T12:00:00.000Z/" + ID,
        "2026-03-01T13:00:00+01:00/" + ID,
        "2026-03-01T12:00:00Z/1-2-3-4-5",
        "2026-03-01T12:00:00Z/0B9FD2A8-5E0C-4A59-9D5C-8F1C6D0F7A11",
        "2026-03-01T12:00:00Z"
      })
  void token_spelledOtherwise_isRefused(String cursor) {
    assertRefused(token(cursor));
  }

  @Test
  void token_withOtherBase64_isRefused() {
    String token = PageToken.afterId("tenants/acme", "", "call");
    assertEquals("call", PageToken.id(token, "tenants/acme", ""));

    // 17 bytes leave bits of the last character unused.
    String unusedBits = token.substring(0, token.length() - 1) + next(token);
    for (String other : List.of(unusedBits, token + "=", token + "!", token + "\n")) {
      assertThrows(RequestInvalid.class, () -> PageToken.id(other, "tenants/acme", ""));
    }
  }

  private static final ListAuditEventsRequest LIST =
      ListAuditEventsRequest.newBuilder()
          .setParent("tenants/acme")
          .putEncryptionContext("b", "1")
          .putEncryptionContext("a", "2")
          .build();
  private static final AuditPage PAGE =
      new AuditPage(
          Instant.parse("2026-02-01T12:00:00.123456Z"),
          new AuditCursor(Instant.parse("2026-03-01T12:00:00.123456Z"), UUID.fromString(ID), 4711));

  @Test
  void auditToken_isReadAsItWasGiven() {
    String token = PageToken.afterAudit(LIST, PAGE);
    assertEquals(PAGE, PageToken.audit(LIST.toBuilder().setPageToken(token).build()));
    assertEquals(
        PAGE,
        PageToken.audit(
            ListAuditEventsRequest.newBuilder()
                .setParent("tenants/acme")
                .putEncryptionContext("a", "2")
                .putEncryptionContext("b", "1")
                .setPageSize(7)
                .setPageToken(token)
                .build()));
  }

  @Test
  void auditToken_ofAnotherFilter_isRefused() {
    String token = PageToken.afterAudit(LIST, PAGE);
    for (ListAuditEventsRequest.Builder other :
        List.of(
            LIST.toBuilder().setParent("tenants/globex"),
            LIST.toBuilder().setKeystoreId("calls"),
            LIST.toBuilder().setCaller("somebody"),
            LIST.toBuilder().setOutcome(AuditOutcome.AUDIT_OUTCOME_REFUSED),
            LIST.toBuilder().setStartTime(Timestamp.getDefaultInstance()),
            LIST.toBuilder().setEndTime(Timestamp.getDefaultInstance()),
            LIST.toBuilder().removeEncryptionContext("a"),
            LIST.toBuilder().putEncryptionContext("a", "3"),
            LIST.toBuilder().setWholeEncryptionContext(true))) {
      assertThrows(
          RequestInvalid.class,
          () -> PageToken.audit(other.setPageToken(token).build()),
          other::toString);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "2026-03-01T12:00:00Z/" + ID + "/0",
        "2026-03-01T12:00:00Z/" + ID + "/-1",
        "2026-03-01T12:00:00Z/" + ID + "/+1",
        "2026-03-01T12:00:00Z/" + ID + "/01",
        "2026-03-01T12:00:00Z/" + ID + "/9223372036854775808",
        "2026-03-01T12:00:00Z/" + ID + "/",
        "2026-03-01T12:00:00Z/" + ID,
        "2026-03-01T12:00:00.000Z/" + ID + "/1",
        "1969-12-31T23:59:59Z/" + ID + "/1",
        "+10000-01-01T00:00:00Z/" + ID + "/1"
      })
  void auditToken_thatWasNotGiven_isRefused(String cursor) {
    String token =
        Base64.getUrlEncoder()
            .withoutPadding()
            .encodeToString(("tenants/acme " + cursor).getBytes(StandardCharsets.UTF_8));
    assertThrows(
        RequestInvalid.class, () -> PageToken.audit(LIST.toBuilder().setPageToken(token).build()));
    // The rest is as it should be.
    String genuine = PageToken.afterAudit(LIST, PAGE);
    String text = new String(Base64.getUrlDecoder().decode(genuine), StandardCharsets.UTF_8);
    String[] parts = text.split("/", -1);
    String spliced =
        "tenants/acme " + cursor + "/" + parts[parts.length - 2] + "/" + parts[parts.length - 1];
    assertThrows(
        RequestInvalid.class,
        () ->
            PageToken.audit(
                LIST.toBuilder()
                    .setPageToken(
                        Base64.getUrlEncoder()
                            .withoutPadding()
                            .encodeToString(spliced.getBytes(StandardCharsets.UTF_8)))
                    .build()));
  }

  private static char next(String base64) {
    return (char) (base64.charAt(base64.length() - 1) + 1);
  }

  private static String token(String cursor) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString((KEYSTORE + " " + cursor).getBytes(StandardCharsets.UTF_8));
  }

  private static void assertRefused(String token) {
    assertThrows(RequestInvalid.class, () -> PageToken.kek(token, KEYSTORE.toString()));
  }
}
