package dev.keybroker.console;

import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.ReEncryption;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The re-encryption of a keystore's KEKs, as a page shows it.
///
/// @param keystore its resource name
/// @param state without its prefix, e.g. `IN_PROGRESS`; empty if there was none
/// @param ended null while it is in progress
/// @param released the ARNs of the root keys that the keystore no longer needs
record ReEncryptionView(
    String keystore,
    String state,
    String rootKey,
    int total,
    int done,
    int failed,
    @Nullable Problem lastError,
    @Nullable Moment started,
    @Nullable Moment ended,
    List<String> released) {
  static ReEncryptionView of(Keystore keystore) {
    ReEncryption it = keystore.getReEncryption();
    return new ReEncryptionView(
        keystore.getName(),
        keystore.hasReEncryption() ? it.getState().name().replace("STATE_", "") : "",
        it.getRootKeyArn(),
        it.getTotal(),
        it.getDone(),
        it.getFailed(),
        it.hasLastError() ? Problem.of(it.getLastError()) : null,
        it.hasStartTime() ? Moment.of(it.getStartTime()) : null,
        it.hasEndTime() ? Moment.of(it.getEndTime()) : null,
        List.copyOf(it.getReleasedRootKeyArnsList()));
  }
}
