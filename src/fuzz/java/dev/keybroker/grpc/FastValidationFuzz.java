package dev.keybroker.grpc;

import static dev.keybroker.fuzz.Property.holds;

import com.code_intelligence.jazzer.api.FuzzedDataProvider;
import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.WrapDekRequest;

/// What passes at a glance, protovalidate passes too. The requests are built around the bounds, so
/// that more of them come near than of bytes from the wire ([RequestFuzz]).
public final class FastValidationFuzz {
  private static final RequestValidation VALIDATION = new RequestValidation();
  private static final String[] PARTS = {
    "tenants/", "/keystores/", "tenants", "/", "acme", "calls-2", "-", "0", "\n", "é", "A", "_", " "
  };
  private static final String[] CHARACTERS = {"x", "é", "€", "𐍈", "\n", "\u0000", "\uffff"};
  private static final int[] SIZES = {0, 1, 15, 16, 24, 32, 63, 64, 65, 1_023, 1_024, 1_025};

  private FastValidationFuzz() {}

  public static void fuzzerTestOneInput(FuzzedDataProvider data)
      throws InvalidProtocolBufferException {
    Message message = data.consumeBoolean() ? wrap(data) : unwrap(data);
    Message received;
    try {
      received = message.getParserForType().parseFrom(message.toByteString());
    } catch (InvalidProtocolBufferException e) {
      return; // No UTF-8: an unpaired surrogate.
    }
    if (FastValidation.passes(received)) {
      holds(VALIDATION.checkAll(received) == null, "passes what protovalidate refuses");
    }
  }

  private static WrapDekRequest wrap(FuzzedDataProvider data) {
    WrapDekRequest.Builder wrap = WrapDekRequest.newBuilder().setKeystore(keystore(data));
    if (data.consumeBoolean()) {
      wrap.setDek(bytes(data));
    }
    if (data.consumeBoolean()) {
      wrap.setDekSizeBytes(data.consumeBoolean() ? data.pickValue(SIZES) : data.consumeInt());
    }
    for (int pairs = pairs(data); pairs > 0; pairs--) {
      wrap.putEncryptionContext(text(data, 128) + pairs, text(data, 1_024));
    }
    return wrap.build();
  }

  private static UnwrapDekRequest unwrap(FuzzedDataProvider data) {
    UnwrapDekRequest.Builder unwrap =
        UnwrapDekRequest.newBuilder().setKeystore(keystore(data)).setWrappedDek(bytes(data));
    if (data.consumeBoolean()) {
      unwrap.setRecipientPublicKey(bytes(data));
    }
    for (int pairs = pairs(data); pairs > 0; pairs--) {
      unwrap.putEncryptionContext(text(data, 128), text(data, 1_024));
    }
    return unwrap.build();
  }

  private static int pairs(FuzzedDataProvider data) {
    return data.consumeInt(0, data.consumeBoolean() ? 2 : 18);
  }

  private static String keystore(FuzzedDataProvider data) {
    if (data.consumeBoolean()) {
      return "tenants/" + id(data) + "/keystores/" + id(data);
    }
    StringBuilder name = new StringBuilder();
    for (int parts = data.consumeInt(0, 8); parts > 0; parts--) {
      name.append(data.consumeBoolean() ? data.pickValue(PARTS) : data.consumeString(8));
    }
    return name.toString();
  }

  private static String id(FuzzedDataProvider data) {
    return data.consumeBoolean() ? "a".repeat(data.consumeInt(0, 65)) : data.consumeAsciiString(64);
  }

  /// Text of one character, around the length that is certain to be within the bound.
  private static String text(FuzzedDataProvider data, int bytes) {
    return switch (data.consumeInt(0, 2)) {
      case 0 -> data.consumeString(2 * bytes);
      case 1 -> data.pickValue(CHARACTERS).repeat(bytes / 3 + data.consumeInt(-2, 2));
      default -> data.pickValue(CHARACTERS).repeat(data.consumeInt(0, bytes + 2));
    };
  }

  private static ByteString bytes(FuzzedDataProvider data) {
    return ByteString.copyFrom(new byte[data.pickValue(SIZES)]);
  }
}
