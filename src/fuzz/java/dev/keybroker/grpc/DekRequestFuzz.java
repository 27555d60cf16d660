package dev.keybroker.grpc;

import static dev.keybroker.fuzz.Property.holds;
import static java.nio.charset.StandardCharsets.US_ASCII;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.WrapDekRequest;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;

/// What the reader of the hot requests reads, protobuf reads alike, and protovalidate passes. The
/// messages are put together from fields, so that more of them come near to one that is read than
/// of bytes from the wire ([RequestFuzz]).
public final class DekRequestFuzz {
  private static final RequestValidation VALIDATION = new RequestValidation();
  private static final KeystoreNames NAMES = new KeystoreNames(1);
  private static final byte[][] KEYSTORES = {
    "tenants/acme/keystores/calls-2".getBytes(US_ASCII), "tenants/a/keystores/-".getBytes(US_ASCII)
  };

  private DekRequestFuzz() {}

  public static void fuzzerTestOneInput(FuzzedDataProvider data) {
    boolean wrap = data.consumeBoolean();
    byte[] bytes = data.consumeBoolean() ? message(data) : data.consumeRemainingAsBytes();
    DekRequest read =
        wrap
            ? DekRequestReader.wrap(NAMES, bytes.clone())
            : DekRequestReader.unwrap(NAMES, bytes.clone());
    if (read == null) {
      return;
    }
    Message message;
    try {
      message = wrap ? WrapDekRequest.parseFrom(bytes) : UnwrapDekRequest.parseFrom(bytes);
    } catch (InvalidProtocolBufferException e) {
      throw new AssertionError("reads what protobuf refuses", e);
    }
    holds(VALIDATION.checkAll(message) == null, "reads what protovalidate refuses");
    DekRequest same = wrap ? DekMessages.wrap(message) : DekMessages.unwrap(message);
    holds(read.keystore().equals(same.keystore()), "another keystore");
    holds(Arrays.equals(read.bytes(), same.bytes()), "another DEK");
    holds(read.size() == same.size(), "another size");
    holds(read.withPlaintext() == same.withPlaintext(), "with or without plaintext");
    holds(read.context().equals(same.context()), "another context");
    holds(read.recipient().equals(same.recipient()), "another recipient");
  }

  private static byte[] message(FuzzedDataProvider data) {
    ByteArrayOutputStream message = new ByteArrayOutputStream();
    put(message, 0x0A, KEYSTORES[data.consumeInt(0, 8) == 0 ? 1 : 0]);
    while (data.remainingBytes() > 0) {
      switch (data.consumeInt(0, 5)) {
        case 0 -> put(message, 0x12, data.consumeBytes(data.consumeInt(0, 1_025)));
        case 1 -> {
          message.write(data.pickValue(new int[] {0x18, 0x28, 0x38}));
          message.writeBytes(data.consumeBytes(data.consumeInt(1, 3)));
        }
        case 2 -> message.writeBytes(data.consumeBytes(data.consumeInt(0, 8)));
        default -> put(message, data.consumeBoolean() ? 0x22 : 0x1A, pair(data));
      }
    }
    return message.toByteArray();
  }

  private static byte[] pair(FuzzedDataProvider data) {
    ByteArrayOutputStream pair = new ByteArrayOutputStream();
    put(pair, 0x0A, data.consumeBytes(data.consumeInt(0, 129)));
    if (data.consumeInt(0, 8) > 0) {
      put(pair, 0x12, data.consumeBytes(data.consumeInt(0, 1_025)));
    }
    return pair.toByteArray();
  }

  private static void put(ByteArrayOutputStream message, int tag, byte[] value) {
    message.write(tag);
    if (value.length > 127) {
      message.write(value.length | 0x80);
      message.write(value.length >>> 7);
    } else {
      message.write(value.length);
    }
    message.writeBytes(value);
  }
}
