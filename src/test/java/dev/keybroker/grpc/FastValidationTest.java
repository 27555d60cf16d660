package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.v1.GetPublicKekRequest;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.WrapDekRequest;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/// What [FastValidation] passes, protovalidate passes; and it passes what callers send.
class FastValidationTest {
  private static final String KEYSTORE = "tenants/demo/keystores/call-recordings";
  private static final String LONGEST_ID = "a".repeat(KeystoreName.LONGEST_ID);

  private final RequestValidation validation = new RequestValidation();

  @Test
  void requests_ofCallers_passAtAGlance() {
    assertTrue(
        FastValidation.passes(wrap().putEncryptionContext("recording", "2026/0001").build()));
    assertTrue(
        FastValidation.passes(unwrap().putEncryptionContext("recording", "2026/0001").build()));
    assertTrue(FastValidation.passes(wrap().setDek(bytes(32)).build()));
  }

  @Test
  void largestThatPass_keepAllConstraints() {
    String longest = "tenants/" + LONGEST_ID + "/keystores/" + LONGEST_ID;
    WrapDekRequest.Builder wrap = wrap().setKeystore(longest).setDek(bytes(64));
    UnwrapDekRequest.Builder unwrap =
        unwrap().setKeystore(longest).setWrappedDek(bytes(FastValidation.WRAPPED_DEK_BYTES));
    for (char pair = 'a'; pair < 'a' + FastValidation.PAIRS; pair++) {
      String key = "€".repeat(FastValidation.KEY_CHARS - 1) + pair;
      String value = "€".repeat(FastValidation.VALUE_CHARS);
      wrap.putEncryptionContext(key, value);
      unwrap.putEncryptionContext(key, value);
    }

    assertPassesBoth(wrap.build());
    assertPassesBoth(unwrap.build());
    assertPassesBoth(wrap().setDek(bytes(16)).build());
    assertPassesBoth(unwrap().setWrappedDek(bytes(1)).build());
    assertPassesBoth(wrap().putEncryptionContext("k", "").build());
  }

  private void assertPassesBoth(Message message) {
    assertTrue(FastValidation.passes(message));
    assertNull(validation.checkAll(message));
  }

  @Test
  void randomRequests_thatPass_keepAllConstraints() {
    Random random = new Random(1);
    int passed = 0;
    int refused = 0;
    for (int i = 0; i < 20_000; i++) {
      Message message = i % 2 == 0 ? randomWrap(random) : randomUnwrap(random);
      boolean valid = validation.checkAll(message) == null;
      if (FastValidation.passes(message)) {
        assertTrue(valid, message.toString());
        passed++;
      } else if (!valid) {
        refused++;
      }
    }
    assertTrue(passed > 1_000 && refused > 1_000, passed + " passed, " + refused + " refused");
  }

  private static WrapDekRequest randomWrap(Random random) {
    WrapDekRequest.Builder wrap = WrapDekRequest.newBuilder().setKeystore(randomKeystore(random));
    if (random.nextInt(3) == 0) {
      wrap.setDek(bytes(random.nextInt(80)));
    }
    if (random.nextInt(3) == 0) {
      wrap.setDekSizeBytes(random.nextInt(70) - 3);
    }
    for (int pairs = randomPairs(random); pairs > 0; pairs--) {
      wrap.putEncryptionContext(randomText(random, 140), randomText(random, 1100));
    }
    return wrap.build();
  }

  private static UnwrapDekRequest randomUnwrap(Random random) {
    UnwrapDekRequest.Builder unwrap =
        UnwrapDekRequest.newBuilder()
            .setKeystore(randomKeystore(random))
            .setWrappedDek(bytes(random.nextInt(4) == 0 ? random.nextInt(1100) : 200));
    for (int pairs = randomPairs(random); pairs > 0; pairs--) {
      unwrap.putEncryptionContext(randomText(random, 140), randomText(random, 1100));
    }
    return unwrap.build();
  }

  private static int randomPairs(Random random) {
    return random.nextInt(4) == 0 ? random.nextInt(19) : random.nextInt(3);
  }

  private static String randomText(Random random, int most) {
    String character = List.of("x", "é", "€", "𐍈", "\n").get(random.nextInt(5));
    return character.repeat(random.nextInt(3) == 0 ? random.nextInt(most) : random.nextInt(40));
  }

  private static String randomKeystore(Random random) {
    StringBuilder name =
        new StringBuilder(
            random.nextInt(3) > 0
                ? KEYSTORE
                : "tenants/" + LONGEST_ID + "/keystores/" + LONGEST_ID);
    if (random.nextInt(3) == 0) {
      char strange = "-_/A.aé\n0 ".charAt(random.nextInt(10));
      int at = random.nextInt(name.length() + 1);
      if (random.nextBoolean() || at == name.length()) {
        name.insert(at, strange);
      } else {
        name.setCharAt(at, strange);
      }
    }
    return name.toString();
  }

  @Test
  void otherMessages_areLeftToProtovalidate() {
    assertFalse(
        FastValidation.passes(GetPublicKekRequest.newBuilder().setKeystore(KEYSTORE).build()));
  }

  @Test
  void recipient_isLeftToProtovalidate() {
    assertFalse(FastValidation.passes(unwrap().setRecipientPublicKey(bytes(32)).build()));
  }

  @Test
  void fields_areThoseThatAreLookedAt() {
    assertEquals(
        List.of("keystore", "dek", "dek_size_bytes", "encryption_context", "without_plaintext"),
        fields(WrapDekRequest.getDefaultInstance()));
    assertEquals(
        List.of("keystore", "wrapped_dek", "encryption_context", "recipient_public_key"),
        fields(UnwrapDekRequest.getDefaultInstance()));
  }

  private static List<String> fields(Message message) {
    return message.getDescriptorForType().getFields().stream()
        .map(FieldDescriptor::getName)
        .toList();
  }

  private static WrapDekRequest.Builder wrap() {
    return WrapDekRequest.newBuilder().setKeystore(KEYSTORE);
  }

  private static UnwrapDekRequest.Builder unwrap() {
    return UnwrapDekRequest.newBuilder().setKeystore(KEYSTORE).setWrappedDek(bytes(466));
  }

  private static ByteString bytes(int size) {
    byte[] bytes = new byte[size];
    Arrays.fill(bytes, (byte) 7);
    return ByteString.copyFrom(bytes);
  }
}
