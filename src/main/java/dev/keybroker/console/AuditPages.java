package dev.keybroker.console;

import com.google.protobuf.ByteString;
import dev.keybroker.v1.AuditEvent;
import dev.keybroker.v1.AuditLog;
import dev.keybroker.v1.GetAuditVerificationRequest;
import dev.keybroker.v1.ListAuditEventsRequest;
import dev.keybroker.v1.ListAuditEventsResponse;
import io.quarkus.qute.TemplateInstance;
import io.smallrye.common.annotation.Blocking;
import jakarta.inject.Singleton;
import jakarta.ws.rs.BeanParam;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.net.URI;
import java.time.Clock;
import java.util.HexFormat;
import java.util.List;
import java.util.function.UnaryOperator;

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
  private static final int PAGE_OF_PAIRS = 200;

  private final Api api;
  private final Pages pages;
  private final Clock clock;

  AuditPages(Api api, Pages pages, Clock clock) {
    this.api = api;
    this.pages = pages;
    this.clock = clock;
  }

  /// Lists events, newest first.
  @GET
  @Path("audit")
  @Produces(MediaType.TEXT_HTML)
  public TemplateInstance list(@PathParam("tenant") String tenant, @BeanParam AuditFilter filter) {
    ListAuditEventsRequest request = filter.request(tenant).build();
    return page(tenant, filter, request, filter::next);
  }

  /// Lists the events of an encryption context. A whole one is looked for by its digest from then
  /// on. Pairs are not: their values would have to travel with the address of each page.
  @POST
  @Path("audit")
  @Produces(MediaType.TEXT_HTML)
  public Response ofContext(
      @PathParam("tenant") String tenant,
      @BeanParam AuditFilter filter,
      @BeanParam ContextForm context) {
    ListAuditEventsRequest request =
        filter
            .request(tenant)
            .clearPageToken()
            .clearEncryptionContextSha256()
            .putAllEncryptionContext(context.pairs())
            .setWholeEncryptionContext(context.whole)
            .setPageSize(context.whole ? 1 : PAGE_OF_PAIRS)
            .build();
    if (!context.whole) {
      return Response.ok(page(tenant, filter, request, token -> "")).build();
    }
    ByteString digest =
        api.auditLog(request, AuditLog::listAuditEvents).getEncryptionContextSha256();
    String hex = HexFormat.of().formatHex(digest.toByteArray());
    return Response.seeOther(URI.create("/tenants/" + tenant + "/audit" + filter.query(hex)))
        .build();
  }

  private TemplateInstance page(
      String tenant,
      AuditFilter filter,
      ListAuditEventsRequest request,
      UnaryOperator<String> next) {
    ListAuditEventsResponse found = api.auditLog(request, AuditLog::listAuditEvents);
    return pages.show(
        tenant,
        null,
        ApiCall.grpcurl("AuditLog/ListAuditEvents", HiddenValues.of(request)),
        page ->
            Screens.audit(
                page,
                filter,
                OUTCOMES,
                verification(request.getParent()),
                found.getEventsList().stream().map(EventView::of).toList(),
                !found.getNextPageToken().isEmpty(),
                next.apply(found.getNextPageToken())));
  }

  /// Events are listed also if this is refused, e.g. while the visitor's other page is reading.
  private VerificationView verification(String parent) {
    try {
      return VerificationView.of(
          api.auditLog(
              GetAuditVerificationRequest.newBuilder().setParent(parent).build(),
              AuditLog::getAuditVerification),
          clock.instant());
    } catch (RefusedCall refused) {
      return VerificationView.UNKNOWN;
    }
  }

  /// The same events as JSON lines, up to 10,000, without the values of encryption contexts.
  @GET
  @Path("audit.jsonl")
  @Produces("application/jsonl")
  public Response export(@PathParam("tenant") String tenant, @BeanParam AuditFilter filter) {
    StringBuilder lines = new StringBuilder();
    ListAuditEventsRequest.Builder request = filter.request(tenant).setPageSize(LARGEST_PAGE);
    for (int page = 0; page < EXPORTED_PAGES; page++) {
      ListAuditEventsResponse found = api.auditLog(request.build(), AuditLog::listAuditEvents);
      for (AuditEvent event : found.getEventsList()) {
        lines.append(ApiCall.json(HiddenValues.of(event))).append('\n');
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
