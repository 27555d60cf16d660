package dev.keybroker.grpc;

import dev.keybroker.kek.LastKnownKek;
import dev.keybroker.kms.KmsFailure;
import io.grpc.Metadata;
import org.jspecify.annotations.Nullable;

/// The response headers by which `WrapDek` reports that it used a last known KEK. Otherwise there
/// are none.
final class LastKnownHeaders {
  /// Whole seconds since the KEK's record was read from PostgreSQL.
  static final Metadata.Key<String> KEK_AGE =
      Metadata.Key.of("keybroker-kek-age", Metadata.ASCII_STRING_MARSHALLER);

  /// The result of this broker's last use of the root key: `OK`, the reason (as in the table of
  /// errors) with which it failed, or `UNKNOWN`.
  static final Metadata.Key<String> ROOT_KEY_STATE =
      Metadata.Key.of("keybroker-root-key-state", Metadata.ASCII_STRING_MARSHALLER);

  private LastKnownHeaders() {}

  /// @param kek null if the KEK was not a last known one
  static void add(@Nullable LastKnownKek kek, Metadata headers) {
    if (kek != null) {
      headers.put(KEK_AGE, Long.toString(kek.age().toSeconds()));
      headers.put(ROOT_KEY_STATE, state(kek));
    }
  }

  private static String state(LastKnownKek kek) {
    KmsFailure.Kind failure = kek.rootKeyFailure();
    if (failure != null) {
      return FailureStatus.reason(failure).name();
    }
    return kek.rootKeyAnswered() ? "OK" : "UNKNOWN";
  }
}
