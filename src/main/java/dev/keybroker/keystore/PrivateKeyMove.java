package dev.keybroker.keystore;

import dev.keybroker.crypto.InvalidKekException;
import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.crypto.UnwrappingKey;
import dev.keybroker.kms.EncryptedPrivateKey;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.Kms;
import dev.keybroker.kms.KmsAction;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.QuotaGate;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.util.Locale;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Moves an encrypted private key to another use of a KMS key, and proves that the result is the
/// same private key. Writes nothing. Thread-safe.
@Singleton
public final class PrivateKeyMove {
  private final Kms kms;
  private final QuotaGate gate;
  private final KeyCodec codec;

  public PrivateKeyMove(Kms kms, QuotaGate gate, KeyCodec codec) {
    this.kms = kms;
    this.gate = gate;
    this.codec = codec;
  }

  /// How a private key was moved.
  enum Way {
    /// By `kms:ReEncrypt`.
    IN_KMS,
    /// By `kms:Decrypt` and `kms:Encrypt`, with the plaintext in the broker's memory in between.
    IN_MEMORY,
    /// By the ciphertext that an earlier re-encryption had kept.
    TAKEN_BACK,
    /// Only the access has changed: the ciphertext is the same.
    ACCESS_ONLY;

    /// The name in metrics and audit records.
    String tag() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /// A private key under the new use.
  ///
  /// @param keyArn the key ARN that KMS reported
  /// @param requestId that of the `kms:Decrypt` by which it was verified
  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  record Moved(byte[] encrypted, KmsArn keyArn, Way way, @Nullable String requestId) {}

  /// A call of KMS that failed, with the use that it is about.
  static final class RefusedMove extends RuntimeException {
    private final transient KmsFailure failure;
    private final transient KeyUse use;

    RefusedMove(KmsFailure failure, KeyUse use) {
      super(failure.getMessage(), null, false, false);
      this.failure = failure;
      this.use = use;
    }

    KmsFailure failure() {
      return failure;
    }

    KeyUse use() {
      return use;
    }
  }

  /// What KMS decrypts under the new use is not the KEK's private key.
  static final class Mismatch extends RuntimeException {
    Mismatch() {
      super("the private key does not belong to the public key", null, false, false);
    }
  }

  /// Moves a private key. Fails with [RefusedMove] or [Mismatch]; a retry is safe.
  Uni<Moved> of(StoredPrivateKey privateKey, KeyUse target) {
    KmsArn key = privateKey.rootKey().key().arn();
    if (key.equals(target.key().arn()) && privateKey.rootKey().context().equals(target.context())) {
      return verified(privateKey, target, privateKey.encrypted(), key, Way.ACCESS_ONLY);
    }
    byte[] former = privateKey.former();
    if (former != null) {
      return verified(privateKey, target, former, target.key().arn(), Way.TAKEN_BACK)
          .onFailure(PrivateKeyMove::isDamaged)
          .recoverWithUni(() -> moved(privateKey, target));
    }
    return moved(privateKey, target);
  }

  private static boolean isDamaged(Throwable failure) {
    return failure instanceof Mismatch
        || (failure instanceof RefusedMove refused
            && refused.failure.kind() == KmsFailure.Kind.CIPHERTEXT_REFUSED);
  }

  private Uni<Moved> moved(StoredPrivateKey privateKey, KeyUse target) {
    if (!privateKey.rootKey().key().sharesCallsWith(target.key())) {
      return inMemory(privateKey, target);
    }
    KeyUse from = privateKey.rootKey();
    return call(
            privateKey, target, () -> kms.reEncryptPrivateKey(from, privateKey.encrypted(), target))
        .chain(moved -> verified(privateKey, target, moved, Way.IN_KMS))
        .onFailure(PrivateKeyMove::isNotDoneInKms)
        .recoverWithUni(
            failure ->
                inMemory(privateKey, target)
                    // The administrator reads what would let KMS do it.
                    .onFailure(PrivateKeyMove::isDenied)
                    .transform(alsoDenied -> about((RefusedMove) failure, from, target)))
        .onFailure(PrivateKeyMove::isReEncrypt)
        .transform(failure -> about((RefusedMove) failure, from, target));
  }

  /// Whether the broker may be allowed to do in two calls what it may not do, or KMS does not do,
  /// in one.
  private static boolean isNotDoneInKms(Throwable failure) {
    return isReEncrypt(failure)
        && switch (((RefusedMove) failure).failure.kind()) {
          case KEY_UNUSABLE, ACCESS_DENIED -> true;
          default -> false;
        };
  }

  private static boolean isDenied(Throwable failure) {
    return failure instanceof RefusedMove refused
        && refused.failure.kind() == KmsFailure.Kind.ACCESS_DENIED;
  }

  private static boolean isReEncrypt(Throwable failure) {
    return failure instanceof RefusedMove refused
        && refused.failure.action().equals(KmsAction.RE_ENCRYPT.action());
  }

  /// A ReEncrypt uses two keys. Its failure is about the former one unless KMS names the other.
  private static RefusedMove about(RefusedMove refused, KeyUse from, KeyUse target) {
    String detail = refused.failure.detail();
    boolean namesTarget =
        detail.contains("kms:ReEncryptTo")
            || (detail.contains(target.key().arn().toString())
                && !detail.contains(from.key().arn().toString()));
    return new RefusedMove(refused.failure, namesTarget ? target : from);
  }

  private Uni<Moved> inMemory(StoredPrivateKey privateKey, KeyUse target) {
    KeyUse from = privateKey.rootKey();
    // Both turns come first: nothing waits with the plaintext.
    return turn(privateKey, target)
        .chain(
            () -> call(privateKey, from, () -> kms.decryptPrivateKey(from, privateKey.encrypted())))
        .chain(
            decrypted ->
                refused(target, kms.encryptPrivateKey(target, decrypted.privateKey()))
                    .onTermination()
                    .invoke(decrypted::close))
        .chain(moved -> verified(privateKey, target, moved, Way.IN_MEMORY));
  }

  private Uni<Moved> verified(
      StoredPrivateKey privateKey, KeyUse target, EncryptedPrivateKey moved, Way way) {
    return verified(privateKey, target, moved.ciphertext(), moved.keyArn(), way);
  }

  private Uni<Moved> verified(
      StoredPrivateKey privateKey, KeyUse target, byte[] encrypted, KmsArn keyArn, Way way) {
    KeyUse use = target.of(keyArn);
    return call(privateKey, use, () -> kms.decryptPrivateKey(use, encrypted))
        .map(
            decrypted -> {
              try (decrypted;
                  SecretBytes pkcs8 = decrypted.privateKey();
                  UnwrappingKey opened = codec.parsePrivate(privateKey.spec(), pkcs8)) {
                if (!opened.matches(codec.parsePublic(privateKey.spec(), privateKey.publicKey()))) {
                  throw new Mismatch();
                }
                return new Moved(encrypted, keyArn, way, decrypted.requestId());
              } catch (InvalidKekException e) {
                throw new Mismatch();
              }
            });
  }

  /// Makes a call that is about this use, once it is its turn.
  private <T> Uni<T> call(StoredPrivateKey privateKey, KeyUse use, Supplier<Uni<T>> call) {
    return turn(privateKey, use).chain(() -> refused(use, call.get()));
  }

  private Uni<Void> turn(StoredPrivateKey privateKey, KeyUse use) {
    return gate.reEncryption(use.key(), privateKey.kek().keystore().tenant());
  }

  private static <T> Uni<T> refused(KeyUse use, Uni<T> call) {
    return call.onFailure(KmsFailure.class)
        .transform(failure -> new RefusedMove((KmsFailure) failure, use));
  }
}
