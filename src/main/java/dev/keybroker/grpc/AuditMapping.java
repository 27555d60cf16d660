package dev.keybroker.grpc;

import com.google.protobuf.Timestamp;
import com.google.protobuf.UnsafeByteOperations;
import dev.keybroker.audit.AuditConfig;
import dev.keybroker.audit.AuditQuery;
import dev.keybroker.audit.ChainedRecord;
import dev.keybroker.audit.Outcome;
import dev.keybroker.audit.Verification;
import dev.keybroker.audit.Verifications;
import dev.keybroker.crypto.EncryptionContext;
import dev.keybroker.v1.AuditEvent;
import dev.keybroker.v1.AuditOutcome;
import dev.keybroker.v1.AuditVerification;
import dev.keybroker.v1.ListAuditEventsRequest;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Maps messages of the audit query from and to the domain's types.
final class AuditMapping {
  private AuditMapping() {}

  /// The earliest time of the query.
  static Instant from(ListAuditEventsRequest request, Instant now, AuditConfig config) {
    Instant until =
        request.hasEndTime() ? instant(request.getEndTime()) : now.truncatedTo(ChronoUnit.MICROS);
    Instant from =
        request.hasStartTime()
            ? instant(request.getStartTime())
            : until.minus(config.queryWindow());
    return from.isBefore(Instant.EPOCH) ? Instant.EPOCH : from;
  }

  /// @throws RequestInvalid if the filter has a key that no record shows
  static AuditQuery query(
      String tenant, ListAuditEventsRequest request, Instant from, Set<String> loggableKeys) {
    Map<String, String> pairs = request.getEncryptionContextMap();
    boolean whole = request.getWholeEncryptionContext();
    if (!whole && !loggableKeys.containsAll(pairs.keySet())) {
      throw new RequestInvalid(
          "encryption_context",
          "a key is not one of keybroker.audit.loggable-context-keys, so no event shows its value:"
              + " give the whole context with whole_encryption_context, or loggable keys only");
    }
    return new AuditQuery(
        tenant,
        from,
        request.hasEndTime() ? instant(request.getEndTime()) : null,
        given(request.getKeystoreId()),
        given(request.getCaller()),
        outcome(request.getOutcome()),
        whole
            ? EncryptionContext.of(pairs).digest()
            : request.getEncryptionContextSha256().isEmpty()
                ? null
                : request.getEncryptionContextSha256().toByteArray(),
        whole ? Map.of() : pairs);
  }

  private static Instant instant(Timestamp time) {
    return Instant.ofEpochSecond(time.getSeconds(), time.getNanos());
  }

  private static @Nullable String given(String text) {
    return text.isEmpty() ? null : text;
  }

  private static @Nullable Outcome outcome(AuditOutcome outcome) {
    return switch (outcome) {
      case AUDIT_OUTCOME_UNSPECIFIED, UNRECOGNIZED -> null;
      case AUDIT_OUTCOME_GRANTED -> Outcome.GRANTED;
      case AUDIT_OUTCOME_REFUSED -> Outcome.REFUSED;
      case AUDIT_OUTCOME_FAILED -> Outcome.FAILED;
      case AUDIT_OUTCOME_WITHHELD -> Outcome.WITHHELD;
      case AUDIT_OUTCOME_INTENDED -> Outcome.INTENDED;
    };
  }

  private static AuditOutcome outcome(Outcome outcome) {
    return switch (outcome) {
      case GRANTED -> AuditOutcome.AUDIT_OUTCOME_GRANTED;
      case REFUSED -> AuditOutcome.AUDIT_OUTCOME_REFUSED;
      case FAILED -> AuditOutcome.AUDIT_OUTCOME_FAILED;
      case WITHHELD -> AuditOutcome.AUDIT_OUTCOME_WITHHELD;
      case INTENDED -> AuditOutcome.AUDIT_OUTCOME_INTENDED;
    };
  }

  static AuditEvent event(ChainedRecord record) {
    dev.keybroker.audit.AuditEvent event = record.event();
    dev.keybroker.audit.AuditEvent.Detail detail = event.detail();
    AuditEvent.Builder message =
        AuditEvent.newBuilder()
            .setChain(record.chain().toString())
            .setSequenceNumber(record.sequence())
            .setHash(UnsafeByteOperations.unsafeWrap(record.hash()))
            .setTime(BrokerMapping.timestamp(event.time()))
            .setRpc(event.action())
            .putAllEncryptionContext(detail.contextValues())
            .setOutcome(outcome(event.outcome()));
    if (event.outcome() == Outcome.WITHHELD) {
      message.setCorrectedSequenceNumber(event.refersTo());
    } else {
      message.setIntentSequenceNumber(event.refersTo());
    }
    if (event.actor() != null) {
      message.setCallerKind(event.actor().kind()).setCaller(event.actor().subject());
    }
    if (event.keystore() != null) {
      message.setKeystore("tenants/" + event.tenant() + "/keystores/" + event.keystore());
    }
    if (detail.kek() != null) {
      message.setKekId(detail.kek().toString());
    }
    if (detail.contextDigest() != null) {
      message.setEncryptionContextSha256(UnsafeByteOperations.unsafeWrap(detail.contextDigest()));
    }
    set(detail.destination(), message::setDestination);
    set(event.peer(), message::setPeer);
    set(event.traceId(), message::setTraceId);
    set(detail.kmsRequestId(), message::setKmsRequestId);
    set(event.reason(), message::setReason);
    return message.build();
  }

  static AuditVerification verification(Verifications.@Nullable LastResult last) {
    if (last == null) {
      return AuditVerification.getDefaultInstance();
    }
    Verification verification = last.verification();
    return AuditVerification.newBuilder()
        .setVerifyTime(BrokerMapping.timestamp(verification.time()))
        .setPassed(verification.passed())
        .setChains(verification.chains())
        .setRecords(verification.records())
        .setBrokenChains(verification.broken())
        .setPartial(verification.partial())
        .setAuthenticated(last.authenticated())
        .setChain(last.chain().toString())
        .build();
  }

  @SuppressWarnings("CheckReturnValue") // a builder's setter
  private static void set(@Nullable String text, Consumer<String> setter) {
    if (text != null) {
      setter.accept(text);
    }
  }
}
