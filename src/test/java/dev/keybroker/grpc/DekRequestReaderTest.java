package dev.keybroker.grpc;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import dev.keybroker.crypto.EncryptionContext;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.WrapDekRequest;
import io.grpc.KnownLength;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// [DekMessages] understands every request as protobuf and protovalidate do, whether
/// [DekRequestReader] reads it or leaves it to them.
class DekRequestReaderTest {
  private static final String KEYSTORE = "tenants/demo/keystores/call-recordings";
  private static final String LONGEST_ID = "a".repeat(63);

  private final DekMessages messages = new DekMessages(1);
  private final KeystoreNames names = new KeystoreNames(1);
  private final RequestValidation validation = new RequestValidation();

  /// As grpc-java passes a message that is not compressed.
  private static final class Uncompressed extends ByteArrayInputStream implements KnownLength {
    Uncompressed(byte[] bytes) {
      super(bytes);
    }
  }

  private @Nullable DekRequest read(boolean wrap, byte[] bytes) {
    return wrap
        ? DekRequestReader.wrap(names, bytes.clone())
        : DekRequestReader.unwrap(names, bytes.clone());
  }

  private Object received(boolean wrap, byte[] bytes) {
    return (wrap ? messages.wrapDek() : messages.unwrapDek())
        .parseRequest(new Uncompressed(bytes.clone()));
  }

  private static Message parsed(boolean wrap, byte[] bytes) throws InvalidProtocolBufferException {
    return wrap ? WrapDekRequest.parseFrom(bytes) : UnwrapDekRequest.parseFrom(bytes);
  }

  private static DekRequest converted(Message message) {
    return message instanceof WrapDekRequest wrap
        ? DekRequest.of(wrap)
        : DekRequest.of((UnwrapDekRequest) message);
  }

  /// Whether the reader read it. What it does not read comes out as protobuf's own message.
  private boolean assertUnderstoodAsByProtobuf(boolean wrap, byte[] bytes) {
    DekRequest read = read(wrap, bytes);
    Message message;
    try {
      message = parsed(wrap, bytes);
    } catch (InvalidProtocolBufferException e) {
      assertNull(read, () -> "reads what protobuf refuses: " + Arrays.toString(bytes));
      assertThrows(RuntimeException.class, () -> received(wrap, bytes));
      return false;
    }
    Object received = received(wrap, bytes);
    if (read == null) {
      assertEquals(message, received);
      return false;
    }
    assertNull(validation.checkAll(message), () -> "reads what is not valid: " + message);
    assertSame(converted(message), read);
    assertSame(read, assertInstanceOf(DekRequest.class, received));
    return true;
  }

  private static void assertSame(DekRequest expected, DekRequest actual) {
    assertEquals(expected.keystore(), actual.keystore());
    assertArrayEquals(expected.bytes(), actual.bytes());
    assertEquals(expected.size(), actual.size());
    assertEquals(expected.withPlaintext(), actual.withPlaintext());
    assertEquals(expected.context(), actual.context());
    assertArrayEquals(expected.context().encoded(), actual.context().encoded());
    assertEquals(expected.context().pairs(), actual.context().pairs());
    assertEquals(expected.recipient(), actual.recipient());
  }

  static Stream<Message> ordinary() {
    String longest = "tenants/" + LONGEST_ID + "/keystores/" + LONGEST_ID;
    Map<String, String> pairs = new HashMap<>();
    for (char each = 'a'; each < 'a' + 7; each++) {
      pairs.put(each + "k".repeat(127), "v".repeat(1_024));
    }
    Map<String, String> many = new HashMap<>();
    for (int i = 0; i < 16; i++) {
      many.put("k" + i, "");
    }
    return Stream.concat(
        Stream.of(
            wrap().build(),
            wrap().putEncryptionContext("recording", "2026/0001").build(),
            wrap().setKeystore(longest).putAllEncryptionContext(pairs).build(),
            wrap().putAllEncryptionContext(many).setWithoutPlaintext(true).build(),
            wrap().setDek(bytes(16)).build(),
            wrap().setDek(bytes(64)).setWithoutPlaintext(true).build(),
            unwrap().build(),
            unwrap().setWrappedDek(bytes(1)).build(),
            unwrap().setWrappedDek(bytes(1_024)).setKeystore(longest).build(),
            unwrap().putAllEncryptionContext(many).build(),
            unwrap().putEncryptionContext("b", "2").putEncryptionContext("a", "1").build()),
        Stream.of(16, 24, 32, 48, 64).map(size -> wrap().setDekSizeBytes(size).build()));
  }

  @ParameterizedTest
  @MethodSource
  void ordinary(Message request) {
    assertTrue(
        assertUnderstoodAsByProtobuf(request instanceof WrapDekRequest, request.toByteArray()));
  }

  private static WrapDekRequest.Builder wrap() {
    return WrapDekRequest.newBuilder().setKeystore(KEYSTORE);
  }

  private static UnwrapDekRequest.Builder unwrap() {
    return UnwrapDekRequest.newBuilder().setKeystore(KEYSTORE).setWrappedDek(bytes(200));
  }

  private static ByteString bytes(int size) {
    byte[] bytes = new byte[size];
    Arrays.fill(bytes, (byte) 0xA5);
    return ByteString.copyFrom(bytes);
  }

  private static byte[] field(int number, byte[]... parts) {
    byte[] value = joined(parts);
    byte[] head =
        value.length < 128
            ? new byte[] {(byte) (number << 3 | 2), (byte) value.length}
            : new byte[] {
              (byte) (number << 3 | 2), (byte) (value.length | 0x80), (byte) (value.length >> 7)
            };
    return joined(head, value);
  }

  private static byte[] field(int number, String value) {
    return field(number, value.getBytes(US_ASCII));
  }

  private static byte[] joined(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }

  private static byte[] pair(int number, String key, String value) {
    return field(number, field(1, key), field(2, value));
  }

  /// Encodings that protobuf accepts or refuses by a rule of its own, for `WrapDekRequest`.
  static Stream<byte[]> unusual() {
    byte[] keystore = field(1, KEYSTORE);
    return Stream.of(
        // The last one of a field wins, even over an invalid one.
        joined(keystore, field(1, "tenants/demo/keystores/other")),
        joined(field(1, "nothing"), keystore),
        joined(keystore, field(2, new byte[32]), field(2, new byte[16])),
        joined(keystore, field(2, new byte[32]), field(2)),
        joined(keystore, new byte[] {24, 16, 24, 32}),
        joined(keystore, new byte[] {24, 32, 24, 0}, field(2, new byte[16])),
        // Of pairs with the same key, too, in any order; an empty or half one is a pair.
        joined(keystore, pair(4, "k", "1"), pair(4, "k", "2")),
        joined(pair(4, "k", "1"), keystore, pair(4, "j", "0"), pair(4, "k", "2")),
        joined(keystore, field(4)),
        joined(keystore, field(4, field(1, "k"))),
        joined(keystore, field(4, field(2, "v"))),
        joined(keystore, field(4, field(2, "v"), field(1, "k"))),
        joined(keystore, field(4, field(1, "k"), field(1, "j"), field(2, "v"))),
        joined(keystore, field(4, field(1, "k"), field(2, "v"), field(2, "w"))),
        joined(keystore, field(4, field(1, "k"), field(2, "v"), field(3, "x"))),
        // Unknown fields, of each wire type.
        joined(keystore, field(7, "unknown")),
        joined(keystore, new byte[] {7 << 3, 1}),
        joined(keystore, new byte[] {7 << 3 | 5, 1, 2, 3, 4}),
        joined(keystore, new byte[] {7 << 3 | 1, 1, 2, 3, 4, 5, 6, 7, 8}),
        joined(keystore, new byte[] {7 << 3 | 3, 7 << 3 | 4}),
        joined(keystore, new byte[] {7 << 3 | 3}),
        joined(keystore, new byte[] {7 << 3 | 4}),
        joined(keystore, new byte[] {0, 0}),
        joined(keystore, new byte[] {7 << 3 | 6, 1}),
        joined(keystore, new byte[] {(byte) 0x80, 1, 1}),
        // Known fields of another wire type.
        joined(keystore, new byte[] {2 << 3, 1}),
        joined(keystore, new byte[] {3 << 3 | 2, 1, 16}),
        joined(keystore, new byte[] {5 << 3 | 5, 1, 0, 0, 0}),
        // Numbers and lengths that are longer than needed, or too long.
        joined(keystore, new byte[] {24, (byte) 0x90, 0}),
        joined(keystore, new byte[] {24, (byte) 0x90, (byte) 0x80, (byte) 0x80, 0}),
        joined(keystore, new byte[] {24, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1}),
        joined(keystore, new byte[] {24, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1}),
        joined(keystore, new byte[] {40, 2}),
        joined(keystore, new byte[] {40, (byte) 0x80, 1}),
        joined(keystore, new byte[] {34, (byte) 0x86, 0, 10, 1, 'k', 18, 1, 'v'}),
        joined(keystore, new byte[] {34, (byte) 0x86, (byte) 0x80, 0, 10, 1, 'k', 18, 1, 'v'}),
        joined(keystore, new byte[] {18, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF, 7}),
        joined(keystore, new byte[] {18, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1}),
        // Cut off.
        joined(keystore, new byte[] {34}),
        joined(keystore, new byte[] {34, (byte) 0x80}),
        joined(keystore, new byte[] {34, 6, 10, 1, 'k', 18, 2, 'v'}),
        joined(keystore, new byte[] {34, 4, 10, 9, 'k', 18, 1, 'v'}),
        joined(keystore, new byte[] {24}),
        Arrays.copyOf(keystore, keystore.length - 1),
        new byte[0],
        // Text that is not ASCII, or not UTF-8.
        joined(keystore, field(4, field(1, new byte[] {(byte) 0xC3, (byte) 0xA9}), field(2, "v"))),
        joined(keystore, field(4, field(1, new byte[] {(byte) 0xC3}), field(2, "v"))),
        joined(keystore, field(4, field(1, "k"), field(2, new byte[] {(byte) 0xFF}))),
        field(1, new byte[] {(byte) 0xFF}),
        joined(keystore, pair(4, "\u0000", "\n\u007f")),
        // Beyond a limit.
        joined(keystore, pair(4, "", "v")),
        joined(keystore, pair(4, "k".repeat(129), "v")),
        joined(keystore, pair(4, "k", "v".repeat(1_025))),
        joined(keystore, field(2, new byte[15])),
        joined(keystore, field(2, new byte[65])),
        joined(keystore, field(2, new byte[32]), new byte[] {24, 32}),
        joined(keystore, new byte[] {24, 17}),
        field(1, "tenants/-demo/keystores/calls"),
        field(1, "tenants/demo/keystores/"),
        field(1, "tenants/demo/keystores/calls\n"),
        field(1, "tenants/" + LONGEST_ID + "a/keystores/calls"),
        field(1, ""));
  }

  @ParameterizedTest
  @MethodSource
  void unusual(byte[] message) {
    assertUnderstoodAsByProtobuf(true, message);
    assertUnderstoodAsByProtobuf(false, joined(field(2, new byte[200]), message));
  }

  @Test
  void contextBeyondItsLimit_isLeftToTheService() {
    Map<String, String> pairs = new HashMap<>();
    for (int i = 0; i < 8; i++) {
      pairs.put("k" + i, "v".repeat(1_023));
    }
    WrapDekRequest request = wrap().putAllEncryptionContext(pairs).build();

    assertNull(read(true, request.toByteArray()));
    assertEquals(request, received(true, request.toByteArray()));
    assertTrue(DekRequest.of(request).context().totalBytes() > EncryptionContext.MAX_TOTAL_BYTES);
  }

  @Test
  void dekOfARequestThatIsRead_isWipedFromItsBytes() {
    byte[] message = wrap().setDek(bytes(32)).build().toByteArray();
    byte[] dek = bytes(32).toByteArray();

    DekRequest read = requireNonNull(DekRequestReader.wrap(names, message));

    assertArrayEquals(dek, read.bytes());
    assertArrayEquals(
        wrap().setDek(ByteString.copyFrom(new byte[32])).build().toByteArray(), message);
  }

  @Test
  void compressedRequest_isReadByProtobuf() {
    WrapDekRequest request = wrap().build();

    assertEquals(
        request, messages.wrapDek().parseRequest(new ByteArrayInputStream(request.toByteArray())));
  }

  @Test
  void randomRequests_areUnderstoodAsByProtobuf() {
    Random random = new Random(1);
    int read = 0;
    int left = 0;
    for (int i = 0; i < 60_000; i++) {
      boolean wrap = random.nextBoolean();
      byte[] message = (wrap ? randomWrap(random) : randomUnwrap(random)).toByteArray();
      if (random.nextInt(3) == 0) {
        message = mutated(message, random);
      }
      if (assertUnderstoodAsByProtobuf(wrap, message)) {
        read++;
      } else {
        left++;
      }
    }
    assertTrue(read > 10_000 && left > 10_000, read + " read, " + left + " left to protobuf");
  }

  private static byte[] mutated(byte[] message, Random random) {
    byte[] mutated = message.clone();
    if (mutated.length == 0) {
      return mutated;
    }
    switch (random.nextInt(5)) {
      case 0 -> mutated[random.nextInt(mutated.length)] = (byte) random.nextInt(256);
      case 1 -> mutated = Arrays.copyOf(mutated, random.nextInt(mutated.length));
      case 2 -> mutated = joined(mutated, message);
      case 3 -> mutated = joined(mutated, Arrays.copyOf(message, random.nextInt(message.length)));
      default ->
          mutated =
              joined(new byte[] {(byte) random.nextInt(64), (byte) random.nextInt(4)}, mutated);
    }
    return mutated;
  }

  private static Message randomWrap(Random random) {
    WrapDekRequest.Builder wrap = WrapDekRequest.newBuilder().setKeystore(randomKeystore(random));
    if (random.nextInt(3) == 0) {
      wrap.setDek(bytes(random.nextInt(80)));
    }
    if (random.nextInt(4) == 0) {
      wrap.setDekSizeBytes(random.nextInt(3) == 0 ? random.nextInt(70) - 3 : 32);
    }
    wrap.setWithoutPlaintext(random.nextInt(4) == 0);
    for (int pairs = randomPairs(random); pairs > 0; pairs--) {
      wrap.putEncryptionContext(randomText(random, 140), randomText(random, 1_100));
    }
    return wrap.build();
  }

  private static Message randomUnwrap(Random random) {
    UnwrapDekRequest.Builder unwrap =
        UnwrapDekRequest.newBuilder()
            .setKeystore(randomKeystore(random))
            .setWrappedDek(bytes(random.nextInt(4) == 0 ? random.nextInt(1_100) : 200));
    for (int pairs = randomPairs(random); pairs > 0; pairs--) {
      unwrap.putEncryptionContext(randomText(random, 140), randomText(random, 1_100));
    }
    return unwrap.build();
  }

  private static int randomPairs(Random random) {
    return random.nextInt(4) == 0 ? random.nextInt(19) : random.nextInt(3);
  }

  private static String randomText(Random random, int most) {
    String character =
        random.nextInt(8) == 0 ? List.of("é", "€", "𐍈", "\n").get(random.nextInt(4)) : "x";
    String text =
        character.repeat(random.nextInt(20) == 0 ? random.nextInt(most) : random.nextInt(40));
    return text + (char) ('a' + random.nextInt(26));
  }

  private static String randomKeystore(Random random) {
    StringBuilder name =
        new StringBuilder(
            random.nextInt(3) > 0
                ? KEYSTORE
                : "tenants/" + LONGEST_ID + "/keystores/" + LONGEST_ID);
    if (random.nextInt(8) == 0) {
      name.setCharAt(random.nextInt(name.length()), "-_/A.aé\n0 ".charAt(random.nextInt(10)));
    }
    return name.toString();
  }
}
