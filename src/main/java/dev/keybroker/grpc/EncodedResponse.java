package dev.keybroker.grpc;

import static java.nio.charset.StandardCharsets.US_ASCII;

import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.dek.SealedResult;
import dev.keybroker.dek.Unwrapped;
import dev.keybroker.dek.UnwrappedResult;
import dev.keybroker.dek.WrappedResult;
import dev.keybroker.kek.KekName;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The bytes of a `WrapDekResponse` or an `UnwrapDekResponse`. They are wiped as soon as gRPC has
/// taken them.
final class EncodedResponse extends ByteArrayInputStream implements KnownLength, Drainable {
  private static final byte[] NONE = {};
  private static final int LONGEST_IN_ONE_BYTE = 127;

  private EncodedResponse(byte[] message) {
    super(message);
  }

  /// Encodes the result of a wrap, and closes it.
  static EncodedResponse of(WrappedResult result) {
    try (result) {
      byte[] dek = copy(result.dek());
      try {
        return encoded(result.wrappedDek(), name(result.kek()), dek);
      } finally {
        Arrays.fill(dek, (byte) 0);
      }
    }
  }

  /// Encodes the result of an unwrap, and closes it.
  static EncodedResponse of(Unwrapped unwrapped) {
    return switch (unwrapped) {
      case UnwrappedResult result -> opened(result);
      case SealedResult result -> encoded(NONE, name(result.kek()), result.sealedDek());
    };
  }

  private static EncodedResponse opened(UnwrappedResult result) {
    try (result) {
      byte[] dek = copy(result.dek());
      try {
        return encoded(dek, name(result.kek()), NONE);
      } finally {
        Arrays.fill(dek, (byte) 0);
      }
    }
  }

  private static byte[] copy(@Nullable SecretBytes dek) {
    return dek == null ? NONE : dek.toByteArray();
  }

  private static byte[] name(KekName kek) {
    return kek.toString().getBytes(US_ASCII);
  }

  /// Encodes the fields 1 to 3. An empty one is left out.
  private static EncodedResponse encoded(byte[] first, byte[] second, byte[] third) {
    byte[] message = new byte[size(first) + size(second) + size(third)];
    int at = put(message, 0, 1, first);
    at = put(message, at, 2, second);
    put(message, at, 3, third);
    return new EncodedResponse(message);
  }

  private static int size(byte[] value) {
    if (value.length == 0) {
      return 0;
    }
    return value.length + (value.length > LONGEST_IN_ONE_BYTE ? 3 : 2);
  }

  private static int put(byte[] message, int begin, int field, byte[] value) {
    if (value.length == 0) {
      return begin;
    }
    int at = begin;
    message[at++] = (byte) (field << 3 | 2);
    if (value.length > LONGEST_IN_ONE_BYTE) {
      message[at++] = (byte) (value.length | 0x80);
      message[at++] = (byte) (value.length >>> 7);
    } else {
      message[at++] = (byte) value.length;
    }
    System.arraycopy(value, 0, message, at, value.length);
    return at + value.length;
  }

  @Override
  public int drainTo(OutputStream target) throws IOException {
    int length = available();
    target.write(buf, pos, length);
    Arrays.fill(buf, (byte) 0);
    pos = count;
    return length;
  }
}
