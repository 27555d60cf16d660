package dev.keybroker.console;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import com.google.protobuf.util.Timestamps;
import dev.keybroker.v1.AuditOutcome;
import dev.keybroker.v1.ListAuditEventsRequest;
import jakarta.ws.rs.DefaultValue;
import jakarta.ws.rs.QueryParam;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.HexFormat;

/// Which audit events to list, as the browser sent it. Times are UTC.
public class AuditFilter {
  @QueryParam("start")
  @DefaultValue("")
  public String start = "";

  @QueryParam("end")
  @DefaultValue("")
  public String end = "";

  @QueryParam("keystore")
  @DefaultValue("")
  public String keystore = "";

  @QueryParam("caller")
  @DefaultValue("")
  public String caller = "";

  @QueryParam("outcome")
  @DefaultValue("")
  public String outcome = "";

  /// The digest of a whole encryption context, 64 hex digits.
  @QueryParam("context_sha256")
  @DefaultValue("")
  public String contextSha256 = "";

  @QueryParam("after")
  @DefaultValue("")
  public String after = "";

  /// Fails with [RefusedCall] if a field cannot be a value of the contract.
  ListAuditEventsRequest.Builder request(String tenant) {
    ListAuditEventsRequest.Builder request =
        ListAuditEventsRequest.newBuilder()
            .setParent("tenants/" + tenant)
            .setKeystoreId(keystore.strip())
            .setCaller(caller.strip())
            .setPageToken(after);
    if (!start.isEmpty()) {
      request.setStartTime(time("start_time", start));
    }
    if (!end.isEmpty()) {
      request.setEndTime(time("end_time", end));
    }
    if (!outcome.isEmpty()) {
      request.setOutcome(Choice.of(AuditOutcome.class, "AUDIT_OUTCOME_", outcome));
    }
    if (!contextSha256.isBlank()) {
      request.setEncryptionContextSha256(digest(contextSha256.strip()));
    }
    return request;
  }

  private static ByteString digest(String hex) {
    try {
      return ByteString.copyFrom(HexFormat.of().parseHex(hex));
    } catch (IllegalArgumentException e) {
      throw RefusedCall.invalid("`encryption_context_sha256` must be 64 hex digits.");
    }
  }

  private static Timestamp time(String field, String text) {
    try {
      return Timestamps.checkValid(
          Timestamp.newBuilder()
              .setSeconds(LocalDateTime.parse(text).toEpochSecond(ZoneOffset.UTC))
              .build());
    } catch (DateTimeException | IllegalArgumentException e) {
      throw RefusedCall.invalid("`%s` must be a date and a time.".formatted(field));
    }
  }

  /// The address of a further page; empty if there is none.
  String next(String token) {
    return token.isEmpty() ? "" : query(contextSha256) + "&after=" + encoded(token);
  }

  /// The address of the same filter with another encryption context.
  public String query(String sha256) {
    return "?start=%s&end=%s&keystore=%s&caller=%s&outcome=%s&context_sha256=%s"
        .formatted(
            encoded(start),
            encoded(end),
            encoded(keystore),
            encoded(caller),
            encoded(outcome),
            encoded(sha256));
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
