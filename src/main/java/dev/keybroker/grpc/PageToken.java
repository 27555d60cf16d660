package dev.keybroker.grpc;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.protobuf.CodedOutputStream;
import dev.keybroker.audit.AuditCursor;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.KekCursor;
import dev.keybroker.v1.ListAuditEventsRequest;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Page tokens: what was listed, and the last item of the previous page. They are opaque to clients
/// but not secret: a forged token returns a page of the parent that the request names, or
/// REQUEST_INVALID. Each token has only one spelling.
final class PageToken {
  private static final int DEFAULT_SIZE = 50;
  private static final Instant END_OF_TIME = Instant.parse("9999-12-31T00:00:00Z");

  private PageToken() {}

  static int size(int requested) {
    return requested == 0 ? DEFAULT_SIZE : requested;
  }

  /// @param filter what the list leaves out; empty if nothing
  static String afterId(String parent, String filter, String last) {
    return encode(
        parent + " " + last + (filter.isEmpty() ? "" : "/" + digest(filter.getBytes(UTF_8))));
  }

  /// The last id of the previous page; null for the first page.
  static @Nullable String id(String token, String parent, String filter) {
    if (token.isEmpty()) {
      return null;
    }
    String id = decode(token, parent).split("/", 2)[0];
    if (!KeystoreName.isId(id) || !afterId(parent, filter, id).equals(token)) {
      throw invalid();
    }
    return id;
  }

  static String afterKek(KeystoreName keystore, KekCursor last) {
    return afterKek(keystore.toString(), last);
  }

  private static String afterKek(String keystore, KekCursor last) {
    return encode(keystore + " " + last.createTime() + "/" + last.id());
  }

  /// Null for the first page.
  static @Nullable KekCursor kek(String token, String parent) {
    if (token.isEmpty()) {
      return null;
    }
    String[] parts = decode(token, parent).split("/", 2);
    try {
      if (parts.length == 2) {
        KekCursor cursor = new KekCursor(Instant.parse(parts[0]), UUID.fromString(parts[1]));
        if (isTime(cursor.createTime()) && afterKek(parent, cursor).equals(token)) {
          return cursor;
        }
      }
    } catch (DateTimeException | IllegalArgumentException e) {
      // Reported below, without the text.
    }
    throw invalid();
  }

  static String afterAudit(ListAuditEventsRequest request, AuditPage page) {
    AuditCursor last = Objects.requireNonNull(page.before());
    return encode(
        "%s %s/%s/%d/%s/%s"
            .formatted(
                request.getParent(),
                last.time(),
                last.chain(),
                last.sequence(),
                page.from(),
                filter(request)));
  }

  /// Null for the first page. A token continues only the list that it was issued for: with another
  /// filter, events between the pages would be skipped.
  static @Nullable AuditPage audit(ListAuditEventsRequest request) {
    String token = request.getPageToken();
    if (token.isEmpty()) {
      return null;
    }
    String[] parts = decode(token, request.getParent()).split("/", 5);
    try {
      if (parts.length == 5) {
        AuditPage page =
            new AuditPage(
                Instant.parse(parts[3]),
                new AuditCursor(
                    Instant.parse(parts[0]), UUID.fromString(parts[1]), Long.parseLong(parts[2])));
        AuditCursor before = Objects.requireNonNull(page.before());
        if (isTime(before.time())
            && isTime(page.from())
            && before.sequence() > 0
            && afterAudit(request, page).equals(token)) {
          return page;
        }
      }
    } catch (DateTimeException | IllegalArgumentException e) {
      // Reported below, without the text.
    }
    throw invalid();
  }

  /// Identifies what a request lists, regardless of the page.
  private static String filter(ListAuditEventsRequest request) {
    ListAuditEventsRequest asked = request.toBuilder().clearPageToken().clearPageSize().build();
    byte[] encoded = new byte[asked.getSerializedSize()];
    CodedOutputStream out = CodedOutputStream.newInstance(encoded);
    // The order of a map's entries is undefined.
    out.useDeterministicSerialization();
    try {
      asked.writeTo(out);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
    return digest(encoded);
  }

  private static String digest(byte[] filter) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(filter);
      return Base64.getUrlEncoder().withoutPadding().encodeToString(Arrays.copyOf(digest, 16));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /// Whether an event can have this time and the database can represent it: the range of an Instant
  /// is a billion years.
  private static boolean isTime(Instant time) {
    return !time.isBefore(Instant.EPOCH) && time.isBefore(END_OF_TIME);
  }

  private static String encode(String text) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(UTF_8));
  }

  private static String decode(String token, String parent) {
    try {
      String text = new String(Base64.getUrlDecoder().decode(token), UTF_8);
      if (text.startsWith(parent + " ")) {
        return text.substring(parent.length() + 1);
      }
    } catch (IllegalArgumentException e) {
      // Reported below, without the text.
    }
    throw invalid();
  }

  private static RequestInvalid invalid() {
    return new RequestInvalid(
        "page_token", "must be the next_page_token of the same list, with the same filter");
  }
}
