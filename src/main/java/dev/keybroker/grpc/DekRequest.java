package dev.keybroker.grpc;

import com.google.protobuf.ByteString;
import dev.keybroker.crypto.EncryptionContext;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.WrapDekRequest;

/// A `WrapDekRequest` or an `UnwrapDekRequest` that satisfies the constraints of the contract, as
/// the broker needs it.
///
/// @param bytes the DEK to wrap, which is empty if the broker generates it; or the wrapped DEK
/// @param size the size of a generated DEK
/// @param withPlaintext whether a generated DEK is part of the response
/// @param recipient the public key that an unwrapped DEK is sealed to; empty if it is not sealed
@SuppressWarnings("ArrayRecordComponent") // passed on, compared only by tests
record DekRequest(
    KeystoreNames.Named keystore,
    byte[] bytes,
    int size,
    boolean withPlaintext,
    EncryptionContext context,
    ByteString recipient) {
  private static final int DEFAULT_SIZE = 32;

  /// @param size 0 for the default
  DekRequest {
    size = size == 0 ? DEFAULT_SIZE : size;
  }

  static DekRequest of(WrapDekRequest request) {
    return new DekRequest(
        KeystoreNames.Named.parse(request.getKeystore()),
        request.getDek().toByteArray(),
        request.getDekSizeBytes(),
        !request.getWithoutPlaintext(),
        EncryptionContext.of(request.getEncryptionContextMap()),
        ByteString.EMPTY);
  }

  static DekRequest of(UnwrapDekRequest request) {
    return new DekRequest(
        KeystoreNames.Named.parse(request.getKeystore()),
        request.getWrappedDek().toByteArray(),
        0,
        false,
        EncryptionContext.of(request.getEncryptionContextMap()),
        request.getRecipientPublicKey());
  }
}
