package dev.keybroker.keystore;

import dev.keybroker.kms.KmsArn;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The move of a keystore's private KEKs to another root key, as its administrator sees it.
///
/// @param rootKeyArn the new root key; an alias until the first use of the key that it points to
/// @param total how many KEKs have a private key
/// @param done how many of them have it under the new root key
/// @param failed how many of them could not be moved
/// @param lastError the newest failure; null if there was none
/// @param endTime null while it is in progress
/// @param released the former root keys that nothing of the keystore needs any more
public record ReEncryption(
    State state,
    KmsArn rootKeyArn,
    int total,
    int done,
    int failed,
    @Nullable RootKeyError lastError,
    Instant startTime,
    @Nullable Instant endTime,
    List<KmsArn> released) {
  public ReEncryption {
    released = List.copyOf(released);
  }

  /// Whether it has ended, and how.
  public enum State {
    IN_PROGRESS,
    COMPLETED,
    FAILED
  }
}
