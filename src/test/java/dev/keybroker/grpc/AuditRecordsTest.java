package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.keybroker.access.Caller;
import dev.keybroker.audit.AuditQuery;
import dev.keybroker.audit.AuditStore;
import dev.keybroker.audit.ChainedRecord;
import dev.keybroker.audit.Outcome;
import dev.keybroker.crypto.EncryptionContext;
import dev.keybroker.grpc.TestKeystores.TestKeystore;
import dev.keybroker.kek.KekName;
import dev.keybroker.v1.BatchUnwrapDeksRequest;
import dev.keybroker.v1.BatchWrapDeksRequest;
import dev.keybroker.v1.GetKeystoreRequest;
import dev.keybroker.v1.KeystoresGrpc;
import dev.keybroker.v1.RewrapDekRequest;
import dev.keybroker.v1.RewrapDekResponse;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.WrapDekResponse;
import dev.keybroker.v1.WrapDekResult;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What calls leave on record.
@QuarkusTest
@TestProfile(AuditRecordsTest.Loggable.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class AuditRecordsTest extends BrokerTestCase {
  private static final Map<String, String> CONTEXT =
      Map.of("recording-id", "r-4711", "agent", "Ada");

  @Inject AuditStore log;

  /// Values of one key are loggable.
  public static final class Loggable implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      return Map.of("keybroker.audit.loggable-context-keys", "recording-id");
    }
  }

  /// The records of a keystore's tenant, oldest first.
  private List<ChainedRecord> records(TestKeystore keystore, String action) {
    return log
        .list(
            Caller.ANONYMOUS,
            new AuditQuery(
                keystore.keystore().tenant(),
                Instant.EPOCH,
                null,
                null,
                null,
                null,
                null,
                Map.of()),
            null,
            1_000)
        .await()
        .atMost(Duration.ofSeconds(10))
        .reversed()
        .stream()
        .filter(it -> it.event().action().equals(action))
        .toList();
  }

  private ByteString wrapped(TestKeystore keystore) {
    return broker.wrapDek(wrapRequest(keystore.name(), CONTEXT)).getWrappedDek();
  }

  @Test
  void unwrap_granted_isOnRecordBeforeTheAnswer() {
    TestKeystore keystore = keystores.fresh();
    WrapDekResponse wrapped = broker.wrapDek(wrapRequest(keystore.name(), CONTEXT));
    broker.unwrapDek(unwrapRequest(keystore.name(), wrapped.getWrappedDek(), CONTEXT));

    ChainedRecord record = records(keystore, "UnwrapDek").getFirst();
    assertEquals(Outcome.GRANTED, record.event().outcome());
    assertNull(record.event().reason());
    assertEquals(keystore.keystore().keystore(), record.event().keystore());
    assertEquals("ANONYMOUS", record.event().actor().kind());
    assertEquals(KekName.parse(wrapped.getKek()).id(), record.event().detail().kek());
    assertArrayEquals(
        EncryptionContext.of(CONTEXT).digest(), record.event().detail().contextDigest());
    assertEquals(Map.of("recording-id", "r-4711"), record.event().detail().contextValues());
    assertNotNull(record.event().detail().kmsRequestId(), "the first one asked KMS");
    assertTrue(record.event().peer().contains("127.0.0.1"), record.event().peer());
  }

  @Test
  void unwrap_fromMemory_namesNoKmsRequest() {
    TestKeystore keystore = keystores.fresh();
    ByteString wrapped = wrapped(keystore);
    broker.unwrapDek(unwrapRequest(keystore.name(), wrapped, CONTEXT));
    broker.unwrapDek(unwrapRequest(keystore.name(), wrapped, CONTEXT));

    List<ChainedRecord> records = records(keystore, "UnwrapDek");
    assertEquals(2, records.size());
    assertNull(records.getLast().event().detail().kmsRequestId());
  }

  @Test
  void unwrap_refused_isOnRecordWithItsReason() {
    TestKeystore keystore = keystores.fresh();
    ByteString wrapped = wrapped(keystore);
    assertThrows(
        StatusRuntimeException.class,
        () -> broker.unwrapDek(unwrapRequest(keystore.name(), wrapped, Map.of("other", "pairs"))));

    await(() -> !records(keystore, "UnwrapDek").isEmpty());
    ChainedRecord record = records(keystore, "UnwrapDek").getFirst();
    assertEquals(Outcome.REFUSED, record.event().outcome());
    assertEquals("WRAPPED_DEK_NOT_AUTHENTIC", record.event().reason());
  }

  @Test
  void batch_ofUnwraps_hasOneRecordForEachItem() {
    TestKeystore keystore = keystores.fresh();
    ByteString wrapped = wrapped(keystore);
    BatchUnwrapDeksRequest.Builder batch = BatchUnwrapDeksRequest.newBuilder();
    for (int i = 0; i < 10; i++) {
      batch.addRequests(unwrapRequest(keystore.name(), wrapped, i % 2 == 0 ? CONTEXT : Map.of()));
    }
    broker.batchUnwrapDeks(batch.build());

    await(() -> records(keystore, "UnwrapDek").size() == 10);
    assertEquals(
        5,
        records(keystore, "UnwrapDek").stream()
            .filter(it -> it.event().outcome() == Outcome.GRANTED)
            .count());
  }

  @Test
  void rewrap_isOnRecordWithBothKeks() {
    TestKeystore keystore = keystores.fresh();
    RewrapDekResponse rewrapped =
        broker.rewrapDek(
            RewrapDekRequest.newBuilder()
                .setKeystore(keystore.name())
                .setWrappedDek(wrapped(keystore))
                .putAllEncryptionContext(CONTEXT)
                .build());

    ChainedRecord record = records(keystore, "RewrapDek").getFirst();
    assertEquals(KekName.parse(rewrapped.getSourceKek()).id(), record.event().detail().kek());
    assertEquals(rewrapped.getKek(), record.event().detail().destination());
  }

  @Test
  void controlPlane_readsAndChanges_areOnRecord() {
    TestKeystore keystore = keystores.fresh();
    KeystoresGrpc.KeystoresBlockingStub control = KeystoresGrpc.newBlockingStub(channel);
    control.getKeystore(GetKeystoreRequest.newBuilder().setName(keystore.name()).build());
    String kek =
        control.rotateKek(RotateKekRequest.newBuilder().setName(keystore.name()).build()).getName();

    assertEquals(1, records(keystore, "GetKeystore").size());
    assertEquals(
        KekName.parse(kek).id(), records(keystore, "RotateKek").getLast().event().detail().kek());
  }

  @Test
  void record_whereTracesAreOff_namesNone_whateverTheCallerSends() {
    TestKeystore keystore = keystores.fresh();
    ByteString wrapped = wrapped(keystore);
    broker
        .withInterceptors(TraceParent.header("4bf92f3577b34da6a3ce929d0e0e4736", "01"))
        .unwrapDek(unwrapRequest(keystore.name(), wrapped, CONTEXT));

    assertNull(records(keystore, "UnwrapDek").getFirst().event().traceId());
  }

  @Test
  void wrap_isOnRecordSoonAfterwards() {
    TestKeystore keystore = keystores.fresh();
    wrapped(keystore);

    await(() -> records(keystore, "WrapDek").size() == 1);
    assertEquals(
        Map.of("recording-id", "r-4711"),
        records(keystore, "WrapDek").getFirst().event().detail().contextValues());
  }

  /// What one caller writes must not keep the records of others, of the same commit, from the log.
  @Test
  void contextThatPostgresCannotHold_isOnRecord_andSoAreItsNeighbours() {
    TestKeystore keystore = keystores.fresh();
    BatchWrapDeksRequest.Builder wraps = BatchWrapDeksRequest.newBuilder();
    for (int i = 0; i < 100; i++) {
      String value = i % 2 == 0 ? "r-" + i : "\u0000r-" + i + "\u0000\\u0000";
      wraps.addRequests(wrapRequest(keystore.name(), Map.of("recording-id", value)));
    }
    List<WrapDekResult> wrapped = broker.batchWrapDeks(wraps.build()).getResultsList();
    BatchUnwrapDeksRequest.Builder unwraps = BatchUnwrapDeksRequest.newBuilder();
    for (int i = 0; i < wrapped.size(); i++) {
      unwraps.addRequests(
          unwrapRequest(
              keystore.name(),
              wrapped.get(i).getResponse().getWrappedDek(),
              wraps.getRequests(i).getEncryptionContextMap()));
    }

    broker
        .batchUnwrapDeks(unwraps.build())
        .getResultsList()
        .forEach(result -> assertTrue(result.hasResponse(), result.getError().toString()));
    assertEquals(100, records(keystore, "UnwrapDek").size());
    await(() -> records(keystore, "WrapDek").size() == 100);
    assertTrue(
        records(keystore, "UnwrapDek").stream()
            .anyMatch(
                it ->
                    Map.of("recording-id", "\uFFFDr-1\uFFFD\\u0000")
                        .equals(it.event().detail().contextValues())));
  }
}
