package dev.keybroker.faults;

import com.google.protobuf.ByteString;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.WrapDekRequest;
import java.util.concurrent.ThreadLocalRandom;

/// A DEK that this side has made, with its encryption context, so that every answer about it is
/// known before.
record KnownDek(String keystore, ByteString dek, String recording) {
  private static final int SIZE = 32;

  static KnownDek random(String keystore) {
    byte[] dek = new byte[SIZE];
    ThreadLocalRandom.current().nextBytes(dek);
    return new KnownDek(
        keystore,
        ByteString.copyFrom(dek),
        Long.toUnsignedString(ThreadLocalRandom.current().nextLong()));
  }

  WrapDekRequest wrap() {
    return WrapDekRequest.newBuilder()
        .setKeystore(keystore)
        .setDek(dek)
        .putEncryptionContext("recording", recording)
        .build();
  }

  UnwrapDekRequest unwrap(ByteString wrappedDek) {
    return UnwrapDekRequest.newBuilder()
        .setKeystore(keystore)
        .setWrappedDek(wrappedDek)
        .putEncryptionContext("recording", recording)
        .build();
  }
}
