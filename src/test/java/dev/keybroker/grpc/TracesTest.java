package dev.keybroker.grpc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Collections.nCopies;
import static java.util.Objects.requireNonNull;
import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toMap;
import static java.util.stream.Collectors.toSet;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.grpc.TestKeystores.TestKeystore;
import dev.keybroker.v1.AuditEvent;
import dev.keybroker.v1.AuditLogGrpc;
import dev.keybroker.v1.BatchUnwrapDeksRequest;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.ListAuditEventsRequest;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.WrapDekResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.prometheus.client.exemplars.ExemplarSampler;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.enterprise.inject.Alternative;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import software.amazon.awssdk.services.kms.KmsClient;

/// What a trace of a call says, and what it never says. Traces are off but for this test.
@QuarkusTest
@TestProfile(TracesTest.Traced.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class TracesTest extends BrokerTestCase {
  private static final Map<String, String> CONTEXT = Map.of("recording", "secret-recording-name");
  private static final String DEK = "a-secret-dek-of-thirty-two-bytes";

  @Inject InMemorySpanExporter exporter;
  @Inject Optional<ExemplarSampler> exemplars;

  /// With the SDK on, and its spans in memory as soon as they end.
  public static final class Traced implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      return Map.of(
          "quarkus.otel.sdk.disabled", "false",
          "quarkus.otel.simple", "true",
          "quarkus.otel.exporter.otlp.enabled", "false",
          "keybroker.audit.commit-timeout", "4s");
    }

    @Override
    public Set<Class<?>> getEnabledAlternatives() {
      return Set.of(InMemory.class);
    }
  }

  @Alternative
  @Singleton
  public static class InMemory {
    @Produces
    @Singleton
    InMemorySpanExporter exporter() {
      return InMemorySpanExporter.create();
    }
  }

  private TestKeystore keystore;
  private String traceId;

  /// Its calls are in the trace of that id.
  private KeyBrokerGrpc.KeyBrokerBlockingStub traced;

  @BeforeEach
  void create() {
    // No memory of private KEKs: every unwrap asks KMS.
    keystore = keystores.create("traces-" + UUID.randomUUID(), KeyPairSpec.RSA_2048, Duration.ZERO);
    exporter.reset();
    traceId = TraceParent.newTraceId();
    traced = broker.withInterceptors(TraceParent.header(traceId, "01"));
  }

  @Test
  void metrics_haveExemplars() {
    assertTrue(exemplars.isPresent());
  }

  @Test
  void wrap_isOneTrace_ofTheCallTheCacheAndTheCryptography() {
    traced.wrapDek(wrapRequest(keystore.name(), CONTEXT));

    List<SpanData> trace = trace();
    assertEquals(Set.of("keybroker.kek.read", "keybroker.crypto.wrap"), below(trace));
    SpanData call = call(trace);
    assertEquals("keybroker.v1.KeyBroker/WrapDek", call.getName());
    assertEquals("grpc", call.getAttributes().get(AttributeKey.stringKey("rpc.system")));
    assertEquals(
        "keybroker.v1.KeyBroker", call.getAttributes().get(AttributeKey.stringKey("rpc.service")));
    assertEquals("WrapDek", call.getAttributes().get(AttributeKey.stringKey("rpc.method")));
    assertEquals(0, call.getAttributes().get(AttributeKey.longKey("rpc.grpc.status_code")));
  }

  @Test
  void unwrap_throughKms_isOneTrace_whoeverTheThreadIs() {
    ByteString wrapped = wrapOne().getWrappedDek();

    traced.unwrapDek(unwrapRequest(keystore.name(), wrapped, CONTEXT));

    Set<String> below = below(trace());
    assertTrue(
        below.containsAll(
            Set.of(
                "keybroker.kek.read",
                "keybroker.kms.decrypt",
                "keybroker.crypto.unwrap",
                "keybroker.audit")),
        below::toString);
  }

  @Test
  void call_withoutACallersTrace_beginsOne_andItsRecordNamesIt() {
    broker.unwrapDek(unwrapRequest(keystore.name(), wrapOne().getWrappedDek(), CONTEXT));

    String recorded = tracesOnRecord("UnwrapDek").getFirst();
    await(() -> !spans(recorded, SpanKind.SERVER).isEmpty());
    assertEquals(
        "keybroker.v1.KeyBroker/UnwrapDek", spans(recorded, SpanKind.SERVER).getFirst().getName());
  }

  @ParameterizedTest
  @ValueSource(strings = {"00", "01"})
  void records_ofCallsInACallersTrace_nameIt_sampledOrNot_awaitedOrNot(String flags) {
    KeyBrokerGrpc.KeyBrokerBlockingStub calls =
        broker.withInterceptors(TraceParent.header(traceId, flags));
    ByteString wrapped = calls.wrapDek(wrapRequest(keystore.name(), CONTEXT)).getWrappedDek();
    UnwrapDekRequest request = unwrapRequest(keystore.name(), wrapped, CONTEXT);
    calls.unwrapDek(request);
    calls.batchUnwrapDeks(
        BatchUnwrapDeksRequest.newBuilder().addAllRequests(nCopies(100, request)).build());
    refusal(() -> calls.unwrapDek(unwrapRequest(keystore.name(), wrapped, Map.of())));

    await(() -> tracesOnRecord("UnwrapDek").size() == 102);
    assertEquals(nCopies(102, traceId), tracesOnRecord("UnwrapDek"));
    await(() -> !tracesOnRecord("WrapDek").isEmpty());
    assertEquals(List.of(traceId), tracesOnRecord("WrapDek"));
  }

  @Test
  void refusal_ofKms_isAnErrorOfItsSpan() {
    ByteString wrapped = wrapOne().getWrappedDek();
    try (KmsClient administrator = keystores.administrator()) {
      administrator.disableKey(key -> key.keyId(keystore.keyArn()));
    }

    assertRefused(
        Status.Code.FAILED_PRECONDITION,
        "KMS_KEY_DISABLED",
        () -> traced.unwrapDek(unwrapRequest(keystore.name(), wrapped, CONTEXT)));

    assertIsError("KmsFailure", named("keybroker.kms.decrypt", trace()));
  }

  @Test
  void record_thatIsNotCommittedInTime_isAnErrorOfItsSpan() throws Exception {
    ByteString wrapped = wrapOne().getWrappedDek();
    UnwrapDekRequest request = unwrapRequest(keystore.name(), wrapped, CONTEXT);
    broker.unwrapDek(request);
    CompletableFuture<String> refused =
        CompletableFuture.supplyAsync(() -> firstRefusal(request), Thread::startVirtualThread);
    services.postgres().freeze(Duration.ofSeconds(7));

    assertEquals("AUDIT_UNAVAILABLE", refused.get(20, TimeUnit.SECONDS));
    List<SpanData> waits =
        exporter.getFinishedSpanItems().stream()
            .filter(span -> span.getName().equals("keybroker.audit"))
            .toList();
    assertIsError(
        "NotCommitted",
        waits.stream()
            .filter(span -> span.getStatus().getStatusCode() == StatusCode.ERROR)
            .findFirst()
            .orElseThrow(() -> new AssertionError("no failed span among " + waits)));
  }

  /// An error that says its type, and nothing else.
  private static void assertIsError(String type, SpanData span) {
    assertEquals(StatusCode.ERROR, span.getStatus().getStatusCode());
    assertEquals("", span.getStatus().getDescription());
    assertEquals(
        Map.of("error.type", type),
        span.getAttributes().asMap().entrySet().stream()
            .filter(attribute -> !attribute.getKey().getKey().startsWith("thread."))
            .collect(toMap(attribute -> attribute.getKey().getKey(), Map.Entry::getValue)));
    assertEquals(List.of(), span.getEvents());
  }

  /// Unwraps until that is refused, and says why.
  private String firstRefusal(UnwrapDekRequest request) {
    while (true) {
      try {
        broker.unwrapDek(request);
      } catch (StatusRuntimeException e) {
        return reasonOf(requireNonNull(StatusProto.fromThrowable(e)));
      }
    }
  }

  /// The trace ids of the tenant's records of an rpc.
  private List<String> tracesOnRecord(String rpc) {
    return AuditLogGrpc.newBlockingStub(channel)
        .listAuditEvents(
            ListAuditEventsRequest.newBuilder()
                .setParent("tenants/" + keystore.keystore().tenant())
                .setPageSize(1_000)
                .build())
        .getEventsList()
        .stream()
        .filter(event -> event.getRpc().equals(rpc))
        .map(AuditEvent::getTraceId)
        .sorted()
        .toList();
  }

  @Test
  void spans_ofARun_holdNoSecret() {
    WrapDekResponse answer = wrapOne();
    broker.wrapDek(wrapRequest(keystore.name(), CONTEXT));
    traced.unwrapDek(unwrapRequest(keystore.name(), answer.getWrappedDek(), CONTEXT));
    trace();

    String everything =
        exporter.getFinishedSpanItems().stream().map(SpanData::toString).collect(joining("\n"));
    SearchedText text = new SearchedText().add(everything.getBytes(UTF_8));
    assertFalse(text.contains(DEK.getBytes(UTF_8)));
    assertFalse(text.contains("secret-recording-name".getBytes(UTF_8)));
    assertFalse(text.contains(answer.getWrappedDek().substring(20, 60).toByteArray()));
  }

  private WrapDekResponse wrapOne() {
    return broker.wrapDek(
        wrapRequest(keystore.name(), CONTEXT).toBuilder()
            .setDek(ByteString.copyFromUtf8(DEK))
            .build());
  }

  /// The spans of the test's trace, when that of its call has ended.
  private List<SpanData> trace() {
    await(() -> !spans(traceId, SpanKind.SERVER).isEmpty());
    return exporter.getFinishedSpanItems().stream()
        .filter(span -> span.getTraceId().equals(traceId))
        .toList();
  }

  private List<SpanData> spans(String trace, SpanKind kind) {
    return exporter.getFinishedSpanItems().stream()
        .filter(span -> span.getTraceId().equals(trace) && span.getKind() == kind)
        .toList();
  }

  private static SpanData named(String name, List<SpanData> trace) {
    return trace.stream().filter(span -> span.getName().equals(name)).findFirst().orElseThrow();
  }

  private static SpanData call(List<SpanData> trace) {
    return trace.stream()
        .filter(span -> span.getKind() == SpanKind.SERVER)
        .findFirst()
        .orElseThrow();
  }

  /// The names of the broker's own spans in a trace. Each is a child, or a child's child, of the
  /// call.
  private static Set<String> below(List<SpanData> trace) {
    Set<String> ids = trace.stream().map(SpanData::getSpanId).collect(toSet());
    trace.stream()
        .filter(span -> span.getKind() != SpanKind.SERVER)
        .forEach(span -> assertTrue(ids.contains(span.getParentSpanId()), span.getName()));
    return trace.stream()
        .filter(span -> span.getKind() == SpanKind.INTERNAL)
        .map(SpanData::getName)
        .filter(name -> name.startsWith("keybroker."))
        .collect(toSet());
  }
}
