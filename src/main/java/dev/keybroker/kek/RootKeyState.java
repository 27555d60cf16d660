package dev.keybroker.kek;

import dev.keybroker.kek.RootKeyAccount.KmsAnswer;
import dev.keybroker.kms.KmsAction;
import dev.keybroker.kms.KmsFailure;
import org.jspecify.annotations.Nullable;

/// The accounts of one root key as one keystore uses it, one for each class of operations.
/// Thread-safe.
final class RootKeyState {
  private final RootKeyAccount generations = new RootKeyAccount();
  private final RootKeyAccount encrypts = new RootKeyAccount();
  private final RootKeyAccount decrypts = new RootKeyAccount();
  private final RootKeyAccount descriptions = new RootKeyAccount();
  private volatile @Nullable KeystoreName keystore;

  RootKeyAccount account(KmsAction action) {
    return switch (action) {
      case GENERATE_KEY_PAIR -> generations;
      case ENCRYPT -> encrypts;
      case DECRYPT, CHECK_DECRYPT -> decrypts;
      case DESCRIBE_KEY -> descriptions;
      case RE_ENCRYPT, CREATE_GRANT, RETIRE_GRANT, ASSUME_ROLE, GET_CALLER_IDENTITY ->
          throw new IllegalArgumentException(action + " is not the use of one key");
    };
  }

  /// KMS's last answer to a Decrypt or a dry run of it; null if there was none yet.
  @Nullable KmsAnswer decrypts() {
    return decrypts.last();
  }

  /// Whether a key pair generation or an Encrypt was refused after this time for a reason that may
  /// affect decryption too: access denied, or the key is disabled, pending deletion, without key
  /// material or gone.
  boolean isRefusedElsewhereSince(long time) {
    return isRefusal(generations.last(), time) || isRefusal(encrypts.last(), time);
  }

  private static boolean isRefusal(@Nullable KmsAnswer answer, long since) {
    return answer != null && answer.ended() - since > 0 && isRefusal(answer.failure());
  }

  private static boolean isRefusal(@Nullable KmsFailure failure) {
    return failure != null
        && switch (failure.kind()) {
          case ACCESS_DENIED, KEY_DISABLED, KEY_PENDING_DELETION, KEY_UNAVAILABLE, KEY_NOT_FOUND ->
              true;
          default -> false;
        };
  }

  /// The keystore that uses the key; null if no private key of its KEKs was needed yet.
  @Nullable KeystoreName keystore() {
    return keystore;
  }

  void isOf(KeystoreName name) {
    keystore = name;
  }
}
