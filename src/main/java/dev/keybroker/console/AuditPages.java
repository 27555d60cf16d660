package dev.keybroker.console;

import dev.keybroker.v1.AuditEvent;
import dev.keybroker.v1.AuditLog;
import dev.keybroker.v1.ListAuditEventsRequest;
import dev.keybroker.v1.ListAuditEventsResponse;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;
import jakarta.inject.Singleton;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.util.List;

/// A tenant's audit trail.
@Path("/tenants/{tenant}")
@Singleton
@Blocking
public class AuditPages {
  private static final List<String> OUTCOMES =
      List.of("GRANTED", "REFUSED", "FAILED", "WITHHELD", "INTENDED");

  /// An export has at most ten pages of the API, and ends with the events that fit.
  private static final int EXPORTED_PAGES = 10;

  private static final int LARGEST_PAGE = 1_000;

  private final Api api;
  private final Pages pages;

  AuditPages(Api api, Pages pages) {
    this.api = api;
    this.pages = pages;
  }

  /// Lists events, newest first.
  @GET
  @Path("audit")
  @Produces(MediaType.TEXT_HTML)
  public TemplateInstance list(@PathParam("tenant") String tenant, @BeanParam AuditFilter filter) {
    ListAuditEventsRequest request = filter.request(tenant).build();
    ListAuditEventsResponse found = api.auditLog(request, AuditLog::listAuditEvents);
    return pages.show(
        tenant,
        null,
        ApiCall.grpcurl("AuditLog/ListAuditEvents", request),
        page ->
            Screens.audit(
                page,
                filter,
                OUTCOMES,
                found.getEventsList().stream().map(EventView::of).toList(),
                found.getNextPageToken().isEmpty() ? "" : filter.next(found.getNextPageToken())));
  }

  /// The same events as JSON lines, up to 10,000.
  @GET
  @Path("audit.jsonl")
  @Produces("application/jsonl")
  public Response export(@PathParam("tenant") String tenant, @BeanParam AuditFilter filter) {
    StringBuilder lines = new StringBuilder();
    ListAuditEventsRequest.Builder request = filter.request(tenant).setPageSize(LARGEST_PAGE);
    for (int page = 0; page < EXPORTED_PAGES; page++) {
      ListAuditEventsResponse found = api.auditLog(request.build(), AuditLog::listAuditEvents);
      for (AuditEvent event : found.getEventsList()) {
        lines.append(ApiCall.json(event)).append('\n');
      }
      if (found.getNextPageToken().isEmpty()) {
        break;
      }
      request.setPageToken(found.getNextPageToken());
    }
    return Response.ok(lines.toString())
        .header("Content-Disposition", "attachment; filename=\"audit.jsonl\"")
        .build();
  }
}
