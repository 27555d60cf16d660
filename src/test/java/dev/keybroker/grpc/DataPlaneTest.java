package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.util.Timestamps;
import dev.keybroker.crypto.CryptoProvider;
import dev.keybroker.crypto.DekWrapping;
import dev.keybroker.crypto.EncryptionContext;
import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.crypto.WrappingKey;
import dev.keybroker.embedded.kms.Fault;
import dev.keybroker.grpc.TestKeystores.TestKeystore;
import dev.keybroker.kek.KekName;
import dev.keybroker.v1.BatchRewrapDeksRequest;
import dev.keybroker.v1.BatchUnwrapDeksRequest;
import dev.keybroker.v1.BatchWrapDeksRequest;
import dev.keybroker.v1.GetPublicKekRequest;
import dev.keybroker.v1.PublicKek;
import dev.keybroker.v1.RewrapDekRequest;
import dev.keybroker.v1.RewrapDekResponse;
import dev.keybroker.v1.RewrapDekResult;
import dev.keybroker.v1.UnwrapDekResponse;
import dev.keybroker.v1.UnwrapDekResult;
import dev.keybroker.v1.WrapAlgorithm;
import dev.keybroker.v1.WrapDekRequest;
import dev.keybroker.v1.WrapDekResponse;
import dev.keybroker.v1.WrapDekResult;
import io.grpc.Status.Code;
import io.quarkus.test.junit.QuarkusTest;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.bouncycastle.crypto.hpke.HPKE;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

@QuarkusTest
class DataPlaneTest extends BrokerTestCase {
  private static final Map<String, String> CONTEXT = Map.of("recording", "r-1", "channel", "left");
  private static final ByteString DEK = ByteString.copyFromUtf8("0123456789abcdef0123456789abcdef");

  private TestKeystore p256() {
    return keystores.shared(KeyPairSpec.ECC_NIST_P256);
  }

  @ParameterizedTest
  @EnumSource
  void givenDek_wrappedAndUnwrapped_isTheSame(KeyPairSpec spec) {
    TestKeystore keystore = keystores.shared(spec);
    WrapDekResponse wrapped =
        broker.wrapDek(wrapRequest(keystore.name(), CONTEXT).toBuilder().setDek(DEK).build());
    UnwrapDekResponse unwrapped =
        broker.unwrapDek(unwrapRequest(keystore.name(), wrapped.getWrappedDek(), CONTEXT));

    assertEquals(DEK, unwrapped.getDek());
    assertTrue(wrapped.getDek().isEmpty());
    assertEquals(wrapped.getKek(), unwrapped.getKek());
    assertEquals(keystore.keystore(), KekName.parse(wrapped.getKek()).keystore());
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 16, 24, 32, 48, 64})
  void generatedDek_hasTheSizeAskedFor(int size) {
    WrapDekResponse wrapped =
        broker.wrapDek(
            WrapDekRequest.newBuilder().setKeystore(p256().name()).setDekSizeBytes(size).build());

    assertEquals(size == 0 ? 32 : size, wrapped.getDek().size());
    assertEquals(wrapped.getDek(), unwrap(p256(), wrapped.getWrappedDek()));
  }

  @ParameterizedTest
  @ValueSource(ints = {16, 17, 63, 64})
  void givenDek_ofAnySizeAllowed_roundTrips(int size) {
    ByteString dek = ByteString.copyFrom(new byte[size]);
    ByteString wrapped =
        broker
            .wrapDek(WrapDekRequest.newBuilder().setKeystore(p256().name()).setDek(dek).build())
            .getWrappedDek();

    assertEquals(dek, unwrap(p256(), wrapped));
  }

  @Test
  void generatedDek_withoutPlaintext_isNotReturned() {
    WrapDekResponse wrapped =
        broker.wrapDek(
            WrapDekRequest.newBuilder()
                .setKeystore(p256().name())
                .setWithoutPlaintext(true)
                .build());

    assertTrue(wrapped.getDek().isEmpty());
    assertEquals(32, unwrap(p256(), wrapped.getWrappedDek()).size());
  }

  @Test
  void generatedDeks_differ() {
    assertNotEquals(wrap(p256()).getDek(), wrap(p256()).getDek());
  }

  @ParameterizedTest
  @ValueSource(shorts = {HPKE.kem_P256_SHA256, HPKE.kem_X25519_SHA256})
  void unwrap_toARecipient_opensWithItsKeyAlone(short kem) throws Exception {
    HpkeRecipient recipient = HpkeRecipient.of(kem);
    WrapDekResponse wrapped = wrap(p256());
    UnwrapDekResponse response =
        broker.unwrapDek(
            unwrapRequest(p256().name(), wrapped.getWrappedDek(), Map.of()).toBuilder()
                .setRecipientPublicKey(recipient.publicKey())
                .build());

    assertTrue(response.getDek().isEmpty());
    assertEquals(wrapped.getDek(), recipient.open(response.getSealedDek(), wrapped.getKek()));
  }

  @Test
  void contextAtItsBounds_roundTrips() {
    Map<String, String> largest =
        Map.of("k".repeat(128), "v".repeat(1024), "ü".repeat(64), "𝄞".repeat(256), "empty", "");
    ByteString wrapped = broker.wrapDek(wrapRequest(p256().name(), largest)).getWrappedDek();

    assertEquals(
        32, broker.unwrapDek(unwrapRequest(p256().name(), wrapped, largest)).getDek().size());
  }

  @ParameterizedTest
  @EnumSource
  void rewrap_toAnotherKeystoreOfTheTenant_movesTheDek(KeyPairSpec spec) {
    TestKeystore source = p256();
    TestKeystore destination = keystores.shared(spec);
    WrapDekResponse wrapped = broker.wrapDek(wrapRequest(source.name(), CONTEXT));

    RewrapDekResponse moved =
        broker.rewrapDek(
            RewrapDekRequest.newBuilder()
                .setKeystore(source.name())
                .setWrappedDek(wrapped.getWrappedDek())
                .putAllEncryptionContext(CONTEXT)
                .setDestinationKeystore(destination.name())
                .build());

    assertEquals(wrapped.getKek(), moved.getSourceKek());
    assertEquals(destination.keystore(), KekName.parse(moved.getKek()).keystore());
    assertNotEquals(wrapped.getWrappedDek(), moved.getWrappedDek());
    assertEquals(
        wrapped.getDek(),
        broker.unwrapDek(unwrapRequest(source.name(), wrapped.getWrappedDek(), CONTEXT)).getDek());
    assertEquals(
        wrapped.getDek(),
        broker
            .unwrapDek(unwrapRequest(destination.name(), moved.getWrappedDek(), CONTEXT))
            .getDek());
  }

  @Test
  void rewrap_withoutDestination_staysInTheKeystore() {
    WrapDekResponse wrapped = wrap(p256());
    RewrapDekResponse again =
        broker.rewrapDek(
            RewrapDekRequest.newBuilder()
                .setKeystore(p256().name())
                .setWrappedDek(wrapped.getWrappedDek())
                .build());

    assertNotEquals(wrapped.getWrappedDek(), again.getWrappedDek());
    assertEquals(wrapped.getDek(), unwrap(p256(), again.getWrappedDek()));
  }

  @Test
  void rewrap_toAnotherTenant_isRefused() {
    TestKeystore foreign = keystores.fresh();
    RewrapDekRequest request =
        RewrapDekRequest.newBuilder()
            .setKeystore(p256().name())
            .setWrappedDek(wrap(p256()).getWrappedDek())
            .setDestinationKeystore(foreign.name())
            .build();

    assertRefused(Code.INVALID_ARGUMENT, "REQUEST_INVALID", () -> broker.rewrapDek(request));
  }

  @Test
  void batch_withFailures_keepsTheOrderAndFailsThoseAlone() {
    String name = p256().name();
    String unknown = "tenants/nobody/keystores/nothing";
    WrapDekRequest shortDek =
        WrapDekRequest.newBuilder()
            .setKeystore(name)
            .setDek(ByteString.copyFrom(new byte[15]))
            .build();
    List<WrapDekResult> wrapped =
        broker
            .batchWrapDeks(
                BatchWrapDeksRequest.newBuilder()
                    .addRequests(wrapRequest(name, CONTEXT))
                    .addRequests(shortDek)
                    .addRequests(wrapRequest(unknown, CONTEXT))
                    .addRequests(wrapRequest("no name", CONTEXT))
                    .addRequests(wrapRequest(name, Map.of("n", "4")))
                    .build())
            .getResultsList();
    assertEquals(5, wrapped.size());
    assertEquals("REQUEST_INVALID", reasonOf(wrapped.get(1).getError()));
    assertEquals("KEYSTORE_NOT_FOUND", reasonOf(wrapped.get(2).getError()));
    assertEquals("REQUEST_INVALID", reasonOf(wrapped.get(3).getError()));

    ByteString first = wrapped.get(0).getResponse().getWrappedDek();
    ByteString last = wrapped.get(4).getResponse().getWrappedDek();
    List<UnwrapDekResult> unwrapped =
        broker
            .batchUnwrapDeks(
                BatchUnwrapDeksRequest.newBuilder()
                    .addRequests(unwrapRequest(name, last, Map.of("n", "4")))
                    .addRequests(unwrapRequest(name, last, CONTEXT))
                    .addRequests(unwrapRequest(unknown, last, CONTEXT))
                    .addRequests(unwrapRequest(name, ByteString.EMPTY, CONTEXT))
                    .addRequests(unwrapRequest(name, first, CONTEXT))
                    .build())
            .getResultsList();

    assertEquals(wrapped.get(4).getResponse().getDek(), unwrapped.get(0).getResponse().getDek());
    assertEquals("WRAPPED_DEK_NOT_AUTHENTIC", reasonOf(unwrapped.get(1).getError()));
    assertEquals("KEYSTORE_NOT_FOUND", reasonOf(unwrapped.get(2).getError()));
    assertEquals("REQUEST_INVALID", reasonOf(unwrapped.get(3).getError()));
    assertEquals(wrapped.get(0).getResponse().getDek(), unwrapped.get(4).getResponse().getDek());
  }

  @Test
  void batchRewrap_movesEachItem() {
    WrapDekResponse wrapped = wrap(p256());
    TestKeystore destination = keystores.shared(KeyPairSpec.ECC_NIST_P384);
    RewrapDekRequest request =
        RewrapDekRequest.newBuilder()
            .setKeystore(p256().name())
            .setWrappedDek(wrapped.getWrappedDek())
            .setDestinationKeystore(destination.name())
            .build();
    List<RewrapDekResult> results =
        broker
            .batchRewrapDeks(
                BatchRewrapDeksRequest.newBuilder()
                    .addRequests(request)
                    .addRequests(request.toBuilder().putEncryptionContext("not", "there"))
                    .build())
            .getResultsList();

    assertEquals(
        wrapped.getDek(), unwrap(destination, results.get(0).getResponse().getWrappedDek()));
    assertEquals("WRAPPED_DEK_NOT_AUTHENTIC", reasonOf(results.get(1).getError()));
  }

  @Test
  void emptyBatch_givesNothing() {
    assertEquals(
        0, broker.batchWrapDeks(BatchWrapDeksRequest.getDefaultInstance()).getResultsCount());
    assertEquals(
        0, broker.batchUnwrapDeks(BatchUnwrapDeksRequest.getDefaultInstance()).getResultsCount());
    assertEquals(
        0, broker.batchRewrapDeks(BatchRewrapDeksRequest.getDefaultInstance()).getResultsCount());
  }

  @ParameterizedTest
  @EnumSource
  void dek_wrappedOfflineUnderThePublicKek_unwraps(KeyPairSpec spec) {
    TestKeystore keystore = keystores.shared(spec);
    PublicKek publicKek =
        broker.getPublicKek(GetPublicKekRequest.newBuilder().setKeystore(keystore.name()).build());
    CryptoProvider provider = CryptoProvider.jdk();
    WrappingKey key =
        new KeyCodec(provider).parsePublic(spec, publicKek.getPublicKey().toByteArray());
    byte[] wrapped =
        new DekWrapping(provider, new SecureRandom())
            .wrap(
                KekName.parse(publicKek.getKek()).id(),
                key,
                SecretBytes.copyOf(DEK.toByteArray()),
                EncryptionContext.of(CONTEXT));

    assertEquals(
        DEK,
        broker
            .unwrapDek(unwrapRequest(keystore.name(), ByteString.copyFrom(wrapped), CONTEXT))
            .getDek());
    assertEquals("KEY_PAIR_SPEC_" + spec.name(), publicKek.getSpec().name());
    assertEquals(
        spec.name().startsWith("RSA")
            ? WrapAlgorithm.WRAP_ALGORITHM_RSAES_OAEP_SHA256
            : WrapAlgorithm.WRAP_ALGORITHM_HPKE,
        publicKek.getAlgorithm());
    assertTrue(Timestamps.compare(publicKek.getCreateTime(), publicKek.getRefreshTime()) < 0);
  }

  @Test
  void wrap_kmsDown_goesOn() {
    TestKeystore keystore = keystores.create(Duration.ZERO);
    services
        .kms()
        .faults()
        .add(Fault.of(Fault.Kind.CONNECTION_RESET).onResource(keystore.keyArn()));

    assertEquals(32, wrap(keystore).getDek().size());
  }
}
