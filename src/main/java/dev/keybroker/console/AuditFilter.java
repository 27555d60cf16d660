package dev.keybroker.console;

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

  @QueryParam("context_key")
  @DefaultValue("")
  public String contextKey = "";

  @QueryParam("context_value")
  @DefaultValue("")
  public String contextValue = "";

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
    if (!contextKey.isEmpty()) {
      request.putEncryptionContext(contextKey, contextValue);
    }
    return request;
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

  /// The address of a further page.
  String next(String token) {
    return "?start=%s&end=%s&keystore=%s&caller=%s&outcome=%s&context_key=%s&context_value=%s&after=%s"
        .formatted(
            encoded(start),
            encoded(end),
            encoded(keystore),
            encoded(caller),
            encoded(outcome),
            encoded(contextKey),
            encoded(contextValue),
            encoded(token));
  }

  private static String encoded(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }
}
