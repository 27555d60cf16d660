package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.google.protobuf.ByteString;
import com.google.rpc.ErrorInfo;
import com.google.rpc.ResourceInfo;
import com.google.rpc.Status;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.grpc.TestKeystores.TestKeystore;
import dev.keybroker.v1.UnwrapDekRequest;
import io.grpc.Status.Code;
import io.quarkus.test.junit.QuarkusTest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Whatever was not wrapped so is refused, with one reason that does not tell why.
@QuarkusTest
class TamperTest extends BrokerTestCase {
  private static final Map<String, String> CONTEXT = Map.of("recording", "r-1", "side", "left");

  private TestKeystore p256() {
    return keystores.shared(KeyPairSpec.ECC_NIST_P256);
  }

  private ByteString wrapped(TestKeystore keystore) {
    return broker.wrapDek(wrapRequest(keystore.name(), CONTEXT)).getWrappedDek();
  }

  private void assertNotAuthentic(String keystore, ByteString bytes, Map<String, String> context) {
    Status status =
        assertRefused(
            Code.INVALID_ARGUMENT,
            "WRAPPED_DEK_NOT_AUTHENTIC",
            () -> broker.unwrapDek(unwrapRequest(keystore, bytes, context)));
    assertIsTheOneRefusal(status);
  }

  /// Same text, no metadata, no further detail: nothing tells one cause from another.
  private static void assertIsTheOneRefusal(Status status) {
    assertEquals(
        "The wrapped DEK, the keystore and the encryption context do not belong together.",
        status.getMessage());
    assertEquals(1, status.getDetailsCount());
    assertEquals(
        ErrorInfo.newBuilder()
            .setReason("WRAPPED_DEK_NOT_AUTHENTIC")
            .setDomain("keybroker.dev")
            .build(),
        detail(status, ErrorInfo.class));
  }

  private void assertAllNotAuthentic(List<UnwrapDekRequest> requests) {
    unwrapInCalls(requests).forEach(result -> assertIsTheOneRefusal(result.getError()));
  }

  @ParameterizedTest
  @EnumSource
  void wrappedDek_withAnyBitFlipped_isRefused(KeyPairSpec spec) {
    TestKeystore keystore = keystores.shared(spec);
    byte[] bytes = wrapped(keystore).toByteArray();

    assertAllNotAuthentic(
        IntStream.range(0, bytes.length * 8)
            .mapToObj(
                bit -> {
                  byte[] flipped = bytes.clone();
                  flipped[bit / 8] ^= (byte) (1 << bit % 8);
                  return unwrapRequest(keystore.name(), ByteString.copyFrom(flipped), CONTEXT);
                })
            .toList());
  }

  @ParameterizedTest
  @EnumSource
  void wrappedDek_ofAnyOtherLength_isRefused(KeyPairSpec spec) {
    TestKeystore keystore = keystores.shared(spec);
    ByteString bytes = wrapped(keystore);
    List<UnwrapDekRequest> requests = new ArrayList<>();
    for (int length = 1; length < bytes.size(); length++) {
      requests.add(unwrapRequest(keystore.name(), bytes.substring(0, length), CONTEXT));
    }
    for (int more = 1; more <= 40; more++) {
      ByteString longer = bytes.concat(ByteString.copyFrom(new byte[more]));
      requests.add(unwrapRequest(keystore.name(), longer, CONTEXT));
    }

    assertAllNotAuthentic(requests);
  }

  @Test
  void context_wrongMissingOrAdded_isRefused() {
    ByteString bytes = wrapped(p256());
    for (Map<String, String> other :
        List.of(
            Map.<String, String>of(),
            Map.of("recording", "r-1"),
            Map.of("side", "left"),
            Map.of("recording", "r-2", "side", "left"),
            Map.of("recording", "left", "side", "r-1"),
            Map.of("Recording", "r-1", "side", "left"),
            Map.of("recording", "r-1", "side", "left", "more", ""),
            Map.of("recording", "r-1", "side", ""))) {
      assertNotAuthentic(p256().name(), bytes, other);
    }
  }

  @Test
  void context_whosePairsRunTogether_isRefused() {
    Map<String, String> pairs = Map.of("ab", "c", "d", "e");
    ByteString bytes = broker.wrapDek(wrapRequest(p256().name(), pairs)).getWrappedDek();

    assertNotAuthentic(p256().name(), bytes, Map.of("a", "bc", "d", "e"));
    assertNotAuthentic(p256().name(), bytes, Map.of("abc", "", "d", "e"));
    assertNotAuthentic(p256().name(), bytes, Map.of("ab", "cde"));
    assertNotAuthentic(p256().name(), bytes, Map.of("ab", "e", "d", "c"));
  }

  @Test
  void context_inAnotherOrder_isAccepted() {
    Map<String, String> forth = new LinkedHashMap<>();
    Map<String, String> back = new LinkedHashMap<>();
    for (int i = 0; i < 16; i++) {
      forth.put("key" + i, "value" + i);
      back.put("key" + (15 - i), "value" + (15 - i));
    }
    ByteString bytes = broker.wrapDek(wrapRequest(p256().name(), forth)).getWrappedDek();

    assertEquals(32, broker.unwrapDek(unwrapRequest(p256().name(), bytes, back)).getDek().size());
  }

  @Test
  void wrappedDek_inAnotherKeystore_isRefused() {
    TestKeystore sameTenant =
        keystores.create(
            p256().keystore().tenant(), KeyPairSpec.ECC_NIST_P256, Duration.ofMinutes(1));
    TestKeystore otherTenant = keystores.fresh();
    ByteString bytes = wrapped(p256());

    assertNotAuthentic(sameTenant.name(), bytes, CONTEXT);
    assertNotAuthentic(otherTenant.name(), bytes, CONTEXT);
  }

  @Test
  void wrappedDek_ofAnUnknownKekOrVersion_isRefused() {
    byte[] bytes = wrapped(p256()).toByteArray();
    byte[] unknownKek = bytes.clone();
    Arrays.fill(unknownKek, 2, 18, (byte) 7);
    assertNotAuthentic(p256().name(), ByteString.copyFrom(unknownKek), CONTEXT);
    for (int version : new int[] {0, 2, 255}) {
      byte[] other = bytes.clone();
      other[0] = (byte) version;
      assertNotAuthentic(p256().name(), ByteString.copyFrom(other), CONTEXT);
    }
  }

  @Test
  void unknownKeystore_isNotFound_whateverTheBytes() {
    String unknown = "tenants/nobody/keystores/nothing";
    for (ByteString bytes : List.of(wrapped(p256()), ByteString.copyFromUtf8("garbage"))) {
      Status status =
          assertRefused(
              Code.NOT_FOUND,
              "KEYSTORE_NOT_FOUND",
              () -> broker.unwrapDek(unwrapRequest(unknown, bytes, CONTEXT)));
      ResourceInfo resource = detail(status, ResourceInfo.class);
      assertEquals("keybroker.dev/Keystore", resource.getResourceType());
      assertEquals(unknown, resource.getResourceName());
    }
  }
}
