package dev.keybroker.faults.histories;

import com.google.protobuf.ByteString;
import dev.keybroker.v1.UnwrapDekRequest;
import java.nio.ByteBuffer;
import java.util.UUID;

/// A wrapped DEK that a broker has returned.
///
/// @param kek the name of the KEK, as the answer says it
/// @param recording the value of its encryption context
record WrappedDek(String keystore, String kek, ByteString bytes, String recording, Secret secret) {
  private static final int KEK_ID_OFFSET = 2;

  /// Whether the bytes name the KEK that the answer names.
  boolean namesItsKek() {
    ByteBuffer head = bytes.asReadOnlyByteBuffer();
    UUID id = new UUID(head.getLong(KEK_ID_OFFSET), head.getLong(KEK_ID_OFFSET + Long.BYTES));
    return kek.equals(keystore + "/keks/" + id);
  }

  UnwrapDekRequest unwrap() {
    return UnwrapDekRequest.newBuilder()
        .setKeystore(keystore)
        .setWrappedDek(bytes)
        .putEncryptionContext("recording", recording)
        .build();
  }
}
