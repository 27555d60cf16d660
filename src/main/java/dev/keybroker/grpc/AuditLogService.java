package dev.keybroker.grpc;

import dev.keybroker.access.Target;
import dev.keybroker.audit.AuditCursor;
import dev.keybroker.audit.AuditQuery;
import dev.keybroker.audit.ChainedRecord;
import dev.keybroker.v1.AuditLog;
import dev.keybroker.v1.ListAuditEventsRequest;
import dev.keybroker.v1.ListAuditEventsResponse;
import io.quarkus.grpc.GrpcService;
import io.smallrye.mutiny.Uni;
import java.util.List;

/// The audit query. Requests were validated before they come here.
@GrpcService
public class AuditLogService implements AuditLog {
  private static final String TENANTS = "tenants/";

  private final dev.keybroker.audit.AuditLog log;
  private final Calls calls;

  AuditLogService(dev.keybroker.audit.AuditLog log, Calls calls) {
    this.log = log;
    this.calls = calls;
  }

  @Override
  public Uni<ListAuditEventsResponse> listAuditEvents(ListAuditEventsRequest request) {
    String tenant = request.getParent().substring(TENANTS.length());
    return calls.answer(
        Rpc.LIST_AUDIT_EVENTS,
        new Target(tenant, null),
        facts -> {
          AuditQuery query = AuditMapping.query(tenant, request);
          AuditCursor before = PageToken.audit(request.getPageToken(), request.getParent());
          int size = PageToken.size(request.getPageSize());
          return log.list(query, before, size + 1)
              .map(found -> page(found, size, request.getParent()));
        });
  }

  private static ListAuditEventsResponse page(List<ChainedRecord> found, int size, String parent) {
    ListAuditEventsResponse.Builder page = ListAuditEventsResponse.newBuilder();
    found.stream().limit(size).map(AuditMapping::event).forEach(page::addEvents);
    if (found.size() > size) {
      ChainedRecord last = found.get(size - 1);
      page.setNextPageToken(
          PageToken.afterAudit(
              parent, new AuditCursor(last.event().time(), last.chain(), last.sequence())));
    }
    return page.build();
  }
}
