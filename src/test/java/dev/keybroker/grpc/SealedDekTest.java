package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.rpc.BadRequest;
import com.google.rpc.Status;
import dev.keybroker.access.Caller;
import dev.keybroker.audit.AuditEvent;
import dev.keybroker.audit.AuditQuery;
import dev.keybroker.audit.AuditStore;
import dev.keybroker.audit.ChainedRecord;
import dev.keybroker.audit.Outcome;
import dev.keybroker.grpc.TestKeystores.TestKeystore;
import dev.keybroker.v1.BatchRewrapDeksRequest;
import dev.keybroker.v1.BatchUnwrapDeksRequest;
import dev.keybroker.v1.RewrapDekRequest;
import dev.keybroker.v1.RewrapDekResponse;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.UnwrapDekResponse;
import dev.keybroker.v1.WrapDekResponse;
import io.grpc.Status.Code;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.bouncycastle.crypto.hpke.HPKE;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Unwraps and exports to a recipient's key, over the network.
@QuarkusTest
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class SealedDekTest extends BrokerTestCase {
  private static final Map<String, String> CONTEXT = Map.of("recording-id", "r-4711");

  @Inject AuditStore log;

  private static UnwrapDekRequest unwrapRequest(
      TestKeystore keystore, ByteString wrapped, ByteString recipient) {
    return unwrapRequest(keystore.name(), wrapped, CONTEXT).toBuilder()
        .setRecipientPublicKey(recipient)
        .build();
  }

  private static RewrapDekRequest exportRequest(
      TestKeystore keystore, ByteString wrapped, ByteString recipient) {
    return RewrapDekRequest.newBuilder()
        .setKeystore(keystore.name())
        .setWrappedDek(wrapped)
        .putAllEncryptionContext(CONTEXT)
        .setRecipientPublicKey(recipient)
        .build();
  }

  private List<AuditEvent> events(TestKeystore keystore, String action) {
    AuditQuery query =
        new AuditQuery(
            keystore.keystore().tenant(), Instant.EPOCH, null, null, null, null, null, Map.of());
    return log
        .list(Caller.ANONYMOUS, query, null, 1_000)
        .await()
        .atMost(Duration.ofSeconds(10))
        .stream()
        .map(ChainedRecord::event)
        .filter(event -> event.action().equals(action))
        .toList();
  }

  @ParameterizedTest
  @ValueSource(shorts = {HPKE.kem_P256_SHA256, HPKE.kem_X25519_SHA256})
  void unwrap_toARecipient_givesTheDekSealedAndIsRecordedSo(short kem) throws Exception {
    TestKeystore keystore = keystores.fresh();
    WrapDekResponse wrapped = broker.wrapDek(wrapRequest(keystore.name(), CONTEXT));
    HpkeRecipient recipient = HpkeRecipient.of(kem);
    // The second one is answered from memory.
    for (int i = 0; i < 2; i++) {
      UnwrapDekResponse response =
          broker.unwrapDek(unwrapRequest(keystore, wrapped.getWrappedDek(), recipient.publicKey()));

      assertTrue(response.getDek().isEmpty());
      assertEquals(wrapped.getKek(), response.getKek());
      assertEquals(wrapped.getDek(), recipient.open(response.getSealedDek(), response.getKek()));
    }
    List<AuditEvent> events = events(keystore, "UnwrapDek");
    assertEquals(2, events.size());
    for (AuditEvent event : events) {
      assertEquals(Outcome.GRANTED, event.outcome());
      assertEquals(recipient.name(), event.detail().destination());
    }
  }

  @Test
  void rewrap_toARecipient_isAnExportAndRecordedSo() throws Exception {
    TestKeystore keystore = keystores.fresh();
    WrapDekResponse wrapped = broker.wrapDek(wrapRequest(keystore.name(), CONTEXT));
    HpkeRecipient recipient = HpkeRecipient.of(HPKE.kem_P256_SHA256);
    RewrapDekResponse response =
        broker.rewrapDek(exportRequest(keystore, wrapped.getWrappedDek(), recipient.publicKey()));

    assertTrue(response.getWrappedDek().isEmpty());
    assertTrue(response.getKek().isEmpty());
    assertEquals(wrapped.getKek(), response.getSourceKek());
    assertEquals(
        wrapped.getDek(), recipient.open(response.getSealedDek(), response.getSourceKek()));
    AuditEvent event = events(keystore, "RewrapDek").getFirst();
    assertEquals(Outcome.GRANTED, event.outcome());
    assertEquals(recipient.name(), event.detail().destination());
  }

  @Test
  void batches_sealEachItemToItsOwnRecipient() throws Exception {
    TestKeystore keystore = keystores.fresh();
    WrapDekResponse wrapped = broker.wrapDek(wrapRequest(keystore.name(), CONTEXT));
    HpkeRecipient first = HpkeRecipient.of(HPKE.kem_P256_SHA256);
    HpkeRecipient second = HpkeRecipient.of(HPKE.kem_X25519_SHA256);
    ByteString bytes = wrapped.getWrappedDek();
    var unwrapped =
        broker.batchUnwrapDeks(
            BatchUnwrapDeksRequest.newBuilder()
                .addRequests(unwrapRequest(keystore, bytes, first.publicKey()))
                .addRequests(unwrapRequest(keystore.name(), bytes, CONTEXT))
                .addRequests(unwrapRequest(keystore, bytes, second.publicKey()))
                .build());
    var exported =
        broker.batchRewrapDeks(
            BatchRewrapDeksRequest.newBuilder()
                .addRequests(exportRequest(keystore, bytes, second.publicKey()))
                .build());

    assertEquals(
        wrapped.getDek(),
        first.open(unwrapped.getResults(0).getResponse().getSealedDek(), wrapped.getKek()));
    assertEquals(wrapped.getDek(), unwrapped.getResults(1).getResponse().getDek());
    assertEquals(
        wrapped.getDek(),
        second.open(unwrapped.getResults(2).getResponse().getSealedDek(), wrapped.getKek()));
    assertEquals(
        wrapped.getDek(),
        second.open(exported.getResults(0).getResponse().getSealedDek(), wrapped.getKek()));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 31, 32, 33, 64, 65, 66})
  void recipientThatIsNoKey_isRefused_forUnwrapsAndExports(int size) {
    TestKeystore keystore = keystores.fresh();
    ByteString wrapped = broker.wrapDek(wrapRequest(keystore.name(), CONTEXT)).getWrappedDek();
    ByteString zeros = ByteString.copyFrom(new byte[size]);
    Status unwrap =
        assertRefused(
            Code.INVALID_ARGUMENT,
            "REQUEST_INVALID",
            () -> broker.unwrapDek(unwrapRequest(keystore, wrapped, zeros)));
    Status export =
        assertRefused(
            Code.INVALID_ARGUMENT,
            "REQUEST_INVALID",
            () -> broker.rewrapDek(exportRequest(keystore, wrapped, zeros)));
    for (Status status : List.of(unwrap, export)) {
      assertEquals(
          "recipient_public_key",
          detail(status, BadRequest.class).getFieldViolations(0).getField());
    }
  }

  @Test
  void rewrap_toAKeystoreAndARecipient_isRefused() {
    TestKeystore keystore = keystores.fresh();
    ByteString wrapped = broker.wrapDek(wrapRequest(keystore.name(), CONTEXT)).getWrappedDek();
    HpkeRecipient recipient = HpkeRecipient.of(HPKE.kem_P256_SHA256);
    assertRefused(
        Code.INVALID_ARGUMENT,
        "REQUEST_INVALID",
        () ->
            broker.rewrapDek(
                exportRequest(keystore, wrapped, recipient.publicKey()).toBuilder()
                    .setDestinationKeystore(keystore.name())
                    .build()));
  }

  @Test
  void unwrap_withAnotherContext_isRefusedAsWithoutRecipient() {
    TestKeystore keystore = keystores.fresh();
    ByteString wrapped = broker.wrapDek(wrapRequest(keystore.name(), Map.of())).getWrappedDek();
    HpkeRecipient recipient = HpkeRecipient.of(HPKE.kem_P256_SHA256);
    assertRefused(
        Code.INVALID_ARGUMENT,
        "WRAPPED_DEK_NOT_AUTHENTIC",
        () -> broker.unwrapDek(unwrapRequest(keystore, wrapped, recipient.publicKey())));
    assertArrayEquals(
        new Object[] {Outcome.REFUSED, "WRAPPED_DEK_NOT_AUTHENTIC"},
        events(keystore, "UnwrapDek").stream()
            .flatMap(event -> java.util.stream.Stream.of(event.outcome(), event.reason()))
            .toArray());
  }
}
