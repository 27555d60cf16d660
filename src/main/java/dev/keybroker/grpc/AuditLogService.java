package dev.keybroker.grpc;

import static java.util.Objects.requireNonNullElseGet;

import com.google.protobuf.UnsafeByteOperations;
import dev.keybroker.access.Caller;
import dev.keybroker.access.Target;
import dev.keybroker.audit.AuditConfig;
import dev.keybroker.audit.AuditCursor;
import dev.keybroker.audit.AuditStore;
import dev.keybroker.audit.ChainedRecord;
import dev.keybroker.audit.Verifications;
import dev.keybroker.crypto.EncryptionContext;
import dev.keybroker.v1.AuditLog;
import dev.keybroker.v1.AuditVerification;
import dev.keybroker.v1.GetAuditVerificationRequest;
import dev.keybroker.v1.ListAuditEventsRequest;
import dev.keybroker.v1.ListAuditEventsResponse;
import io.quarkus.grpc.GrpcService;
import io.smallrye.mutiny.Uni;
import java.time.Clock;
import java.util.List;
import java.util.Set;

/// The audit query. Its requests are already validated.
@GrpcService
public class AuditLogService implements AuditLog {
  private static final String TENANTS = "tenants/";

  private final AuditStore log;
  private final Verifications verifications;
  private final AuditConfig config;
  private final Set<String> loggableKeys;
  private final Calls calls;
  private final Clock clock;

  AuditLogService(
      AuditStore log, Verifications verifications, AuditConfig config, Calls calls, Clock clock) {
    this.log = log;
    this.verifications = verifications;
    this.config = config;
    this.loggableKeys = Set.copyOf(config.loggableContextKeys().orElse(List.of()));
    this.calls = calls;
    this.clock = clock;
  }

  /// The query stops if its caller disconnects, because it would only put load on the database.
  @Override
  public Uni<ListAuditEventsResponse> listAuditEvents(ListAuditEventsRequest request) {
    CallOrigin origin = CallOrigin.current();
    String tenant = request.getParent().substring(TENANTS.length());
    return AwaitedCall.of(
        calls.answer(
            Rpc.LIST_AUDIT_EVENTS,
            new Target(tenant, null),
            facts -> list(origin.caller(), tenant, request)));
  }

  @Override
  public Uni<AuditVerification> getAuditVerification(GetAuditVerificationRequest request) {
    CallOrigin origin = CallOrigin.current();
    String tenant = request.getParent().substring(TENANTS.length());
    return AwaitedCall.of(
        calls.answer(
            Rpc.GET_AUDIT_VERIFICATION,
            new Target(tenant, null),
            facts -> verifications.last(origin.caller()).map(AuditMapping::verification)));
  }

  private Uni<ListAuditEventsResponse> list(
      Caller reader, String tenant, ListAuditEventsRequest request) {
    AuditPage place =
        requireNonNullElseGet(
            PageToken.audit(request),
            () -> AuditPage.first(AuditMapping.from(request, clock.instant(), config)));
    int size = PageToken.size(request.getPageSize());
    return log.list(
            reader,
            AuditMapping.query(tenant, request, place.from(), loggableKeys),
            place.before(),
            size + 1)
        .map(found -> answer(found, size, request, place));
  }

  private static ListAuditEventsResponse answer(
      List<ChainedRecord> found, int size, ListAuditEventsRequest request, AuditPage place) {
    ListAuditEventsResponse.Builder page =
        ListAuditEventsResponse.newBuilder().setStartTime(BrokerMapping.timestamp(place.from()));
    if (request.getWholeEncryptionContext()) {
      page.setEncryptionContextSha256(
          UnsafeByteOperations.unsafeWrap(
              EncryptionContext.of(request.getEncryptionContextMap()).digest()));
    }
    found.stream().limit(size).map(AuditMapping::event).forEach(page::addEvents);
    if (found.size() > size) {
      ChainedRecord last = found.get(size - 1);
      page.setNextPageToken(
          PageToken.afterAudit(
              request,
              new AuditPage(
                  place.from(),
                  new AuditCursor(last.event().time(), last.chain(), last.sequence()))));
    }
    return page.build();
  }
}
