package dev.keybroker.grpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import com.google.protobuf.UnsafeByteOperations;
import dev.keybroker.crypto.RecipientKey;
import dev.keybroker.dek.Rewrapped;
import dev.keybroker.dek.RewrappedResult;
import dev.keybroker.dek.SealedResult;
import dev.keybroker.dek.Unwrapped;
import dev.keybroker.dek.UnwrappedResult;
import dev.keybroker.dek.WrappedResult;
import dev.keybroker.kek.ActiveKek;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.PublicKek;
import dev.keybroker.v1.RewrapDekResponse;
import dev.keybroker.v1.UnwrapDekResponse;
import dev.keybroker.v1.WrapAlgorithm;
import dev.keybroker.v1.WrapDekResponse;
import java.time.Duration;
import java.time.Instant;

/// Maps messages of the data plane from and to the domain's types.
final class BrokerMapping {
  private BrokerMapping() {}

  static KeystoreName keystore(String name) {
    return KeystoreName.parse(name);
  }

  /// Returns the response to a wrap, and closes the result. The array of the wrapped DEK is passed
  /// on, not copied.
  static WrapDekResponse wrapped(WrappedResult result) {
    try (result) {
      WrapDekResponse.Builder response =
          WrapDekResponse.newBuilder()
              .setWrappedDek(UnsafeByteOperations.unsafeWrap(result.wrappedDek()))
              .setKek(result.kek().toString());
      if (result.dek() != null) {
        response.setDek(UnsafeByteOperations.unsafeWrap(result.dek().toByteArray()));
      }
      return response.build();
    }
  }

  /// @throws RequestInvalid if the bytes are not a valid key
  static RecipientKey recipient(ByteString publicKey) {
    RecipientKey recipient = RecipientKey.parse(publicKey.toByteArray());
    if (recipient == null) {
      throw new RequestInvalid(
          "recipient_public_key",
          "is not a point of P-256, or not a canonical X25519 public key of large order");
    }
    return recipient;
  }

  static UnwrapDekResponse unwrapped(Unwrapped result) {
    UnwrapDekResponse.Builder response = UnwrapDekResponse.newBuilder();
    return switch (result) {
      case UnwrappedResult open ->
          response
              .setDek(UnsafeByteOperations.unsafeWrap(open.dek().toByteArray()))
              .setKek(open.kek().toString())
              .build();
      case SealedResult sealed ->
          response
              .setSealedDek(UnsafeByteOperations.unsafeWrap(sealed.sealedDek()))
              .setKek(sealed.kek().toString())
              .build();
    };
  }

  static RewrapDekResponse rewrapped(Rewrapped result) {
    RewrapDekResponse.Builder response = RewrapDekResponse.newBuilder();
    return switch (result) {
      case RewrappedResult moved ->
          response
              .setWrappedDek(UnsafeByteOperations.unsafeWrap(moved.wrappedDek()))
              .setSourceKek(moved.sourceKek().toString())
              .setKek(moved.kek().toString())
              .build();
      case SealedResult exported ->
          response
              .setSealedDek(UnsafeByteOperations.unsafeWrap(exported.sealedDek()))
              .setSourceKek(exported.kek().toString())
              .build();
    };
  }

  static PublicKek publicKek(ActiveKek kek, Duration freshness) {
    return PublicKek.newBuilder()
        .setKek(kek.name().toString())
        .setSpec(spec(kek.key().spec()))
        .setAlgorithm(
            switch (kek.key().spec().encapsulation()) {
              case RSAES_OAEP_SHA256 -> WrapAlgorithm.WRAP_ALGORITHM_RSAES_OAEP_SHA256;
              case HPKE -> WrapAlgorithm.WRAP_ALGORITHM_HPKE;
            })
        .setPublicKey(UnsafeByteOperations.unsafeWrap(kek.key().subjectPublicKeyInfo()))
        .setCreateTime(timestamp(kek.createTime()))
        .setRefreshTime(timestamp(kek.readTime().plus(freshness)))
        .build();
  }

  static KeyPairSpec spec(dev.keybroker.crypto.KeyPairSpec spec) {
    return switch (spec) {
      case RSA_2048 -> KeyPairSpec.KEY_PAIR_SPEC_RSA_2048;
      case RSA_3072 -> KeyPairSpec.KEY_PAIR_SPEC_RSA_3072;
      case RSA_4096 -> KeyPairSpec.KEY_PAIR_SPEC_RSA_4096;
      case ECC_NIST_P256 -> KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256;
      case ECC_NIST_P384 -> KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P384;
    };
  }

  static Timestamp timestamp(Instant instant) {
    return Timestamp.newBuilder()
        .setSeconds(instant.getEpochSecond())
        .setNanos(instant.getNano())
        .build();
  }
}
