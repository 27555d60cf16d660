package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.rpc.ErrorInfo;
import com.google.rpc.Status;
import dev.keybroker.access.Caller;
import dev.keybroker.access.Target;
import dev.keybroker.audit.AuditConfig;
import dev.keybroker.audit.AuditCursor;
import dev.keybroker.audit.AuditMode;
import dev.keybroker.audit.AuditQuery;
import dev.keybroker.audit.AuditStore;
import dev.keybroker.audit.AuditTrail;
import dev.keybroker.audit.ChainHead;
import dev.keybroker.audit.ChainedRecord;
import dev.keybroker.audit.JsonLines;
import dev.keybroker.audit.Outcome;
import dev.keybroker.audit.RecordHash;
import dev.keybroker.concurrent.Soon;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.dek.DekFailure;
import dev.keybroker.dek.Releasable;
import dev.keybroker.telemetry.Spans;
import dev.keybroker.telemetry.Trace;
import dev.keybroker.v1.GetPublicKekRequest;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.runtime.configuration.DurationConverter;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.Cancellable;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// An answer that rests on a private KEK is released before that key's bound or not at all,
/// whatever it waits for; and the records say which.
class ReleaseTest {
  private static final CallOrigin ORIGIN =
      new CallOrigin(
          new Caller(Caller.Kind.DNS, "export.example.org"), "/10.0.0.1:4711", Trace.NONE);
  private static final Target TARGET = new Target("acme", "calls");
  private static final String EXPIRED = "PRIVATE_KEK_EXPIRED";
  private static final byte[] DEK = {1, 2, 3};

  private final HeldLog log = new HeldLog();
  private final List<AuditTrail> trails = new ArrayList<>();

  @AfterEach
  void close() {
    log.release();
    trails.forEach(AuditTrail::close);
  }

  private CallRecords records(AuditMode unwraps) {
    AuditConfig config =
        new SmallRyeConfigBuilder()
            .withConverter(Duration.class, 200, new DurationConverter())
            .withMapping(AuditConfig.class)
            .withDefaultValue("keybroker.audit.commit-timeout", "60s")
            .withDefaultValue("keybroker.audit.unwraps", unwraps.name())
            .build()
            .getConfigMapping(AuditConfig.class);
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    AuditTrail trail =
        new AuditTrail(
                config,
                log,
                JsonLines.of("off", registry),
                RecordHash.of(null),
                UUID::randomUUID,
                ForkJoinPool.commonPool(),
                ForkJoinPool::commonPool,
                Clock.systemUTC(),
                registry)
            .start();
    trails.add(trail);
    return new CallRecords(config, trail, Clock.systemUTC(), Spans.off());
  }

  /// An unwrapped DEK whose private KEK reaches its bound when the test says so.
  private static final class Opened implements Releasable {
    private final SecretBytes dek = SecretBytes.copyOf(DEK);
    private final AtomicBoolean over = new AtomicBoolean();

    @Override
    public boolean isOver() {
      return over.get();
    }

    @Override
    public void close() {
      dek.close();
    }

    boolean isWiped() {
      try {
        dek.toByteArray();
        return false;
      } catch (IllegalStateException e) {
        return true;
      }
    }
  }

  private static Uni<Answer<Opened>> unwrap(CallRecords records, Opened opened) {
    return Soon.uni(
        () ->
            records.answer(
                ORIGIN, Rpc.UNWRAP_DEK, TARGET, facts -> null, facts -> new Soon.Now<>(opened)));
  }

  private static void assertExpired(Answer<Opened> answer) {
    DekFailure failed = assertThrows(DekFailure.Expired.class, answer::release);
    ErrorStatus status = FailureStatus.of(failed);
    assertEquals(EXPIRED, status.reason().name());
    assertNotNull(status.retryDelay());
  }

  @Test
  void durable_boundReachedDuringTheCommit_isWithheldAndTheRecordCorrected() {
    Opened opened = new Opened();
    log.hold();
    CompletableFuture<Answer<Opened>> waiting =
        unwrap(records(AuditMode.DURABLE), opened).subscribeAsCompletionStage();
    log.awaitAppend();
    assertFalse(waiting.isDone());

    opened.over.set(true);
    log.release();

    assertExpired(waiting.join());
    assertTrue(opened.isWiped());
    Eventually.holds(() -> assertEquals(1, log.records(Outcome.WITHHELD).size()));
    ChainedRecord granted = log.records(Outcome.GRANTED).getFirst();
    ChainedRecord withheld = log.records(Outcome.WITHHELD).getFirst();
    assertEquals(granted.sequence(), withheld.event().refersTo());
    assertEquals(EXPIRED, withheld.event().reason());
  }

  @Test
  void durable_withinTheBound_isReleased() {
    Opened opened = new Opened();

    Opened released =
        unwrap(records(AuditMode.DURABLE), opened).subscribeAsCompletionStage().join().release();

    assertArrayEquals(DEK, released.dek.toByteArray());
    trails.getFirst().close();
    assertEquals(List.of(), log.records(Outcome.WITHHELD));
  }

  @Test
  void answerReleasedAtOnce_boundReachedDuringTheCommit_fails() {
    Opened opened = new Opened();
    log.hold();
    CompletableFuture<Opened> waiting =
        records(AuditMode.DURABLE)
            .answer(
                ORIGIN,
                Rpc.UNWRAP_DEK,
                TARGET,
                facts -> null,
                facts -> new Soon.Later<>(Uni.createFrom().item(opened)))
            .map(Answer::release)
            .uni()
            .subscribeAsCompletionStage();
    log.awaitAppend();

    opened.over.set(true);
    log.release();

    assertThrows(CompletionException.class, waiting::join);
    assertTrue(opened.isWiped());
  }

  @Test
  void async_boundReachedBeforeTheRelease_isOnRecordAsFailed() {
    Opened opened = new Opened();
    Answer<Opened> answer =
        unwrap(records(AuditMode.ASYNC), opened).subscribeAsCompletionStage().join();

    opened.over.set(true);

    assertExpired(answer);
    assertTrue(opened.isWiped());
    trails.getFirst().close();
    assertEquals(List.of(), log.unwraps(Outcome.GRANTED));
    assertEquals(EXPIRED, log.unwraps(Outcome.FAILED).getFirst().event().reason());
  }

  @Test
  void async_withinTheBound_isOnRecordAsGrantedOnce() {
    Answer<Opened> answer =
        unwrap(records(AuditMode.ASYNC), new Opened()).subscribeAsCompletionStage().join();

    answer.release();
    answer.withhold("LATE");

    trails.getFirst().close();
    assertEquals(1, log.unwraps(Outcome.GRANTED).size());
    assertEquals(List.of(), log.unwraps(Outcome.FAILED));
  }

  @Test
  void off_boundReachedBeforeTheRelease_isRefusedAllTheSame() {
    Opened opened = new Opened();
    Answer<Opened> answer =
        unwrap(records(AuditMode.OFF), opened).subscribeAsCompletionStage().join();

    opened.over.set(true);

    assertExpired(answer);
    assertTrue(opened.isWiped());
  }

  private static Uni<List<Object>> batch(CallRecords records, List<Opened> items) {
    List<GetPublicKekRequest> requests = new ArrayList<>();
    for (int i = 0; i < items.size(); i++) {
      requests.add(
          GetPublicKekRequest.newBuilder().setKeystore("tenants/acme/keystores/k" + i).build());
    }
    return new Batch(new RequestValidation(), System::nanoTime, Runnable::run)
        .<GetPublicKekRequest, Answer<Opened>, Object>run(
            requests,
            request -> unwrap(records, items.get(requests.indexOf(request))),
            Answer::release,
            status -> status);
  }

  @Test
  void batch_boundOfOneItemReachedDuringTheCommit_withholdsThatItemAlone() {
    List<Opened> items = List.of(new Opened(), new Opened(), new Opened());
    log.hold();
    CompletableFuture<List<Object>> waiting =
        batch(records(AuditMode.DURABLE), items).subscribeAsCompletionStage();
    log.awaitAppend();

    items.get(1).over.set(true);
    log.release();

    List<Object> results = waiting.join();
    assertEquals(items.get(0), results.get(0));
    assertEquals(
        EXPIRED, BrokerTestCase.detail((Status) results.get(1), ErrorInfo.class).getReason());
    assertEquals(items.get(2), results.get(2));
    assertTrue(items.get(1).isWiped());
    assertFalse(items.get(2).isWiped());
    Eventually.holds(() -> assertEquals(1, log.records(Outcome.WITHHELD).size()));
  }

  @Test
  void batch_itemsThatWaitForALastOne_areCheckedWhenTheBatchIsReleased() {
    Opened first = new Opened();
    CompletableFuture<Answer<Opened>> last = new CompletableFuture<>();
    CallRecords records = records(AuditMode.DURABLE);
    List<GetPublicKekRequest> requests =
        List.of(
            GetPublicKekRequest.newBuilder().setKeystore("tenants/acme/keystores/k0").build(),
            GetPublicKekRequest.newBuilder().setKeystore("tenants/acme/keystores/k1").build());
    CompletableFuture<List<Object>> waiting =
        new Batch(new RequestValidation(), System::nanoTime, Runnable::run)
            .<GetPublicKekRequest, Answer<Opened>, Object>run(
                requests,
                request ->
                    request == requests.getFirst()
                        ? unwrap(records, first)
                        : Uni.createFrom().completionStage(last),
                Answer::release,
                status -> status)
            .subscribeAsCompletionStage();
    Eventually.holds(() -> assertEquals(1, log.records(Outcome.GRANTED).size()));

    first.over.set(true);
    last.complete(new Answer<>(new Opened(), why -> {}));

    assertEquals(
        EXPIRED,
        BrokerTestCase.detail((Status) waiting.join().getFirst(), ErrorInfo.class).getReason());
    assertTrue(first.isWiped());
  }

  @Test
  void batch_whoseCallerHasGone_wipesAndWithholdsWhatIsReady() {
    Opened ready = new Opened();
    CallRecords records = records(AuditMode.DURABLE);
    List<GetPublicKekRequest> requests =
        List.of(
            GetPublicKekRequest.newBuilder().setKeystore("tenants/acme/keystores/k0").build(),
            GetPublicKekRequest.newBuilder().setKeystore("tenants/acme/keystores/k1").build());
    Cancellable call =
        new Batch(new RequestValidation(), System::nanoTime, Runnable::run)
            .<GetPublicKekRequest, Answer<Opened>, Object>run(
                requests,
                request ->
                    request == requests.getFirst()
                        ? unwrap(records, ready)
                        : Uni.createFrom().nothing(),
                Answer::release,
                status -> status)
            .subscribe()
            .with(results -> {});
    Eventually.holds(() -> assertEquals(1, log.records(Outcome.GRANTED).size()));

    call.cancel();

    Eventually.holds(() -> assertTrue(ready.isWiped()));
    Eventually.holds(() -> assertEquals(1, log.records(Outcome.WITHHELD).size()));
    assertEquals("CANCELLED", log.records(Outcome.WITHHELD).getFirst().event().reason());
  }

  /// A log whose commits the test holds.
  private static final class HeldLog implements AuditStore {
    private final List<ChainedRecord> records = new ArrayList<>();
    private final CompletableFuture<Void> appending = new CompletableFuture<>();
    private volatile CompletableFuture<Void> held = CompletableFuture.completedFuture(null);
    private ChainHead head = ChainHead.START;

    void hold() {
      held = new CompletableFuture<>();
    }

    void release() {
      held.complete(null);
    }

    void awaitAppend() {
      appending.join();
    }

    synchronized List<ChainedRecord> records(Outcome outcome) {
      return records.stream().filter(it -> it.event().outcome() == outcome).toList();
    }

    List<ChainedRecord> unwraps(Outcome outcome) {
      return records(outcome).stream()
          .filter(it -> it.event().action().equals("UnwrapDek"))
          .toList();
    }

    @Override
    public Uni<Void> open(UUID chain, @Nullable String keyId, Instant time) {
      return Uni.createFrom().voidItem();
    }

    @Override
    public Uni<Boolean> append(ChainHead last, List<ChainedRecord> added) {
      appending.complete(null);
      return Uni.createFrom()
          .completionStage(held::minimalCompletionStage)
          .map(
              ready -> {
                synchronized (this) {
                  records.addAll(added);
                  head = new ChainHead(added.getLast().sequence(), added.getLast().hash());
                }
                return true;
              });
    }

    @Override
    public synchronized Uni<@Nullable ChainHead> head(UUID chain) {
      return Uni.createFrom().item(head);
    }

    @Override
    public Uni<Void> checkpoint(UUID chain, ChainHead at, Instant time) {
      return Uni.createFrom().voidItem();
    }

    @Override
    public Uni<List<ChainedRecord>> list(
        Caller reader, AuditQuery query, @Nullable AuditCursor before, int limit) {
      throw new UnsupportedOperationException();
    }

    @Override
    public void abandon() {}
  }
}
