package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.ByteString;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.dek.SealedResult;
import dev.keybroker.dek.UnwrappedResult;
import dev.keybroker.dek.WrappedResult;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.v1.UnwrapDekResponse;
import dev.keybroker.v1.WrapDekResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The bytes are those that protobuf writes, and their DEK does not stay in memory.
class EncodedResponseTest {
  private static final UUID ID = new UUID(1, 2);

  private static KekName kek(int tenant) {
    return new KekName(new KeystoreName("t".repeat(tenant), "calls"), ID);
  }

  private static byte[] bytes(int size) {
    byte[] bytes = new byte[size];
    Arrays.fill(bytes, (byte) 0xA5);
    return bytes;
  }

  private static @Nullable SecretBytes dek(int size) {
    return size == 0 ? null : SecretBytes.copyOf(bytes(size));
  }

  private static byte[] sent(EncodedResponse response) throws IOException {
    int size = response.available();
    ByteArrayOutputStream sent = new ByteArrayOutputStream();
    assertEquals(size, response.drainTo(sent));
    assertEquals(0, response.available());
    assertEquals(size, sent.size());
    return sent.toByteArray();
  }

  /// A name of 127 characters, and one more.
  @ParameterizedTest
  @CsvSource({"1, 127, 0", "434, 1, 32", "127, 62, 16", "128, 63, 64", "1024, 5, 48"})
  void wrapResponse_isAsProtobufWritesIt(int wrapped, int tenant, int size) throws IOException {
    KekName kek = kek(Math.min(tenant, 63));

    byte[] sent = sent(EncodedResponse.of(new WrappedResult(bytes(wrapped), kek, dek(size), null)));

    WrapDekResponse parsed = WrapDekResponse.parseFrom(sent);
    assertArrayEquals(bytes(wrapped), parsed.getWrappedDek().toByteArray());
    assertEquals(kek.toString(), parsed.getKek());
    assertArrayEquals(bytes(size), parsed.getDek().toByteArray());
    assertArrayEquals(parsed.toByteArray(), sent);
  }

  @ParameterizedTest
  @CsvSource({"16, 1", "32, 40", "64, 63"})
  void unwrapResponse_isAsProtobufWritesIt(int size, int tenant) throws IOException {
    byte[] sent =
        sent(
            EncodedResponse.of(
                new UnwrappedResult(
                    SecretBytes.copyOf(bytes(size)), kek(tenant), null, () -> false)));

    UnwrapDekResponse parsed = UnwrapDekResponse.parseFrom(sent);
    assertArrayEquals(bytes(size), parsed.getDek().toByteArray());
    assertEquals(kek(tenant).toString(), parsed.getKek());
    assertArrayEquals(parsed.toByteArray(), sent);
  }

  @Test
  void sealedResponse_isAsProtobufWritesIt() throws IOException {
    byte[] sent = sent(EncodedResponse.of(new SealedResult(bytes(113), kek(9), null, () -> false)));

    assertArrayEquals(
        UnwrapDekResponse.newBuilder()
            .setSealedDek(ByteString.copyFrom(bytes(113)))
            .setKek(kek(9).toString())
            .build()
            .toByteArray(),
        sent);
  }

  @Test
  void response_thatIsReadByteByByte_isTheSame() throws IOException {
    WrappedResult result = new WrappedResult(bytes(300), kek(9), dek(32), null);
    WrappedResult same = new WrappedResult(bytes(300), kek(9), dek(32), null);

    assertArrayEquals(sent(EncodedResponse.of(same)), EncodedResponse.of(result).readAllBytes());
  }

  @Test
  void result_isWipedOnceItIsEncoded() {
    SecretBytes dek = SecretBytes.copyOf(bytes(32));

    EncodedResponse.of(new WrappedResult(bytes(300), kek(9), dek, null));

    assertThrows(IllegalStateException.class, dek::toByteArray);
  }
}
