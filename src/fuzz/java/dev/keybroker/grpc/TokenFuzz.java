package dev.keybroker.grpc;

import static dev.keybroker.fuzz.Property.holds;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.keybroker.audit.AuditCursor;
import dev.keybroker.fuzz.Seeds;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.KekCursor;
import dev.keybroker.v1.ListAuditEventsRequest;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// A page token or an etag is taken only as the broker spells it, and only with the list or the
/// version that it is of; whatever else is REQUEST_INVALID, or an etag of no version.
public final class TokenFuzz {
  private static final KeystoreName KEYSTORE = new KeystoreName("acme", "calls");
  private static final String PARENT = "tenants/" + KEYSTORE.tenant();
  private static final KeystoreName OTHER = new KeystoreName("acme", "calls-2");
  private static final Instant TIME = Instant.parse("2026-03-01T12:00:00.123456Z");
  private static final Instant LAST = Instant.parse("9999-12-31T23:59:59.999999999Z");
  private static final UUID KEK = UUID.fromString("0b9fd2a8-5e0c-4a59-9d5c-8f1c6d0f7a11");

  private static final String FILTER = "state = ACTIVE";
  private static final ListAuditEventsRequest LIST =
      ListAuditEventsRequest.newBuilder().setParent(PARENT).build();

  private TokenFuzz() {}

  public static void fuzzerInitialize() {
    Seeds.add(
        PageToken.afterId(PARENT, "", KEYSTORE.keystore()),
        PageToken.afterId(PARENT, FILTER, KEYSTORE.keystore()),
        PageToken.afterKek(KEYSTORE, new KekCursor(TIME, KEK)),
        PageToken.afterKek(KEYSTORE, new KekCursor(Instant.EPOCH, new UUID(-1, -1))),
        PageToken.afterAudit(LIST, new AuditPage(TIME, new AuditCursor(TIME, KEK, 4711))),
        PageToken.afterAudit(
            LIST,
            new AuditPage(Instant.EPOCH, new AuditCursor(Instant.EPOCH, new UUID(-1, -1), 1))),
        Etag.of(1),
        Etag.of(Long.MAX_VALUE));
  }

  public static void fuzzerTestOneInput(byte[] input) {
    String text = new String(input, UTF_8);
    for (String filter : List.of("", FILTER)) {
      String last = id(text, PARENT, filter);
      if (last != null) {
        holds(PageToken.afterId(PARENT, filter, last).equals(text), "another spelling of a token");
        holds(id(text, "tenants/other", filter) == null, "a token of another tenant");
        holds(id(text, PARENT, filter + " ") == null, "a token of another filter");
      }
    }
    KekCursor cursor = kek(text, KEYSTORE.toString());
    if (cursor != null) {
      holds(PageToken.afterKek(KEYSTORE, cursor).equals(text), "another spelling of a token");
      holds(kek(text, OTHER.toString()) == null, "a token of another keystore");
      holds(
          !cursor.createTime().isBefore(Instant.EPOCH) && !cursor.createTime().isAfter(LAST),
          "a time that no KEK has");
    }
    AuditPage page = audit(text, LIST);
    if (page != null) {
      AuditCursor record = Objects.requireNonNull(page.before());
      holds(PageToken.afterAudit(LIST, page).equals(text), "another spelling of a token");
      holds(
          audit(text, LIST.toBuilder().setParent("tenants/other").build()) == null,
          "a token of another tenant");
      holds(
          audit(text, LIST.toBuilder().setCaller("other").build()) == null,
          "a token of another filter");
      holds(
          !page.from().isBefore(Instant.EPOCH) && !page.from().isAfter(LAST),
          "a time that no list begins with");
      holds(
          !record.time().isBefore(Instant.EPOCH) && !record.time().isAfter(LAST),
          "a time that no record has");
      holds(record.sequence() > 0, "a place that no record has");
    }
    Long version = Etag.version(text);
    holds((version == null) == text.isEmpty(), "an etag that is not looked at");
    if (version != null && version != -1) {
      holds(Etag.of(version).equals(text), "another spelling of an etag");
    }
  }

  private static @Nullable String id(String token, String parent, String filter) {
    try {
      return PageToken.id(token, parent, filter);
    } catch (RequestInvalid e) {
      return null;
    }
  }

  private static @Nullable KekCursor kek(String token, String parent) {
    try {
      return PageToken.kek(token, parent);
    } catch (RequestInvalid e) {
      return null;
    }
  }

  private static @Nullable AuditPage audit(String token, ListAuditEventsRequest list) {
    try {
      return PageToken.audit(list.toBuilder().setPageToken(token).build());
    } catch (RequestInvalid e) {
      return null;
    }
  }
}
