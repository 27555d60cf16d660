package dev.keybroker.kms;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.keybroker.crypto.CryptoProvider;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.KeyPairs;
import dev.keybroker.crypto.SecretBytes;
import io.smallrye.mutiny.Uni;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/// A key management service in memory: AES-256-GCM under a key of its own, bound to key ARN and
/// encryption context. It counts calls, and holds or refuses them when told to. Thread-safe.
public final class FakeKms implements Kms {
  private static final int NONCE_SIZE = 12;
  private static final int TAG_BITS = 128;
  private static final int MAX_PLAINTEXT_SIZE = 4_096;
  private static final String EVERY_ACTION = "";
  private static final String DECRYPT = "kms:Decrypt";

  private final SecureRandom random = new SecureRandom();
  private final SecretKeySpec key;
  private final KeyPairs keyPairs;
  private final Map<KmsArn, KmsArn> aliases = new ConcurrentHashMap<>();

  /// By key and name.
  private final Map<String, String> grants = new ConcurrentHashMap<>();

  private final AtomicInteger calls = new AtomicInteger();
  private final AtomicInteger decrypts = new AtomicInteger();
  private volatile CompletableFuture<@Nullable Void> gate = CompletableFuture.completedFuture(null);
  private final AtomicInteger checks = new AtomicInteger();
  private volatile KmsFailure.@Nullable Kind refusal;
  private volatile String refusedAction = EVERY_ACTION;
  private volatile String heldAction = EVERY_ACTION;

  public FakeKms(CryptoProvider provider) {
    byte[] bytes = new byte[32];
    random.nextBytes(bytes);
    this.key = new SecretKeySpec(bytes, "AES");
    this.keyPairs = new KeyPairs(provider, random);
  }

  /// How many Decrypts were started.
  public int decrypts() {
    return decrypts.get();
  }

  /// How many dry runs of Decrypt were started.
  public int checks() {
    return checks.get();
  }

  /// How many calls of any kind were started.
  int calls() {
    return calls.get();
  }

  /// Makes an alias of a key.
  void alias(KmsArn alias, KmsArn key) {
    aliases.put(alias, key);
  }

  /// From now on calls wait; what becomes of them is decided when they go on.
  public void hold() {
    hold(EVERY_ACTION);
  }

  /// From now on calls of this action wait, and others do not.
  public void hold(String action) {
    heldAction = action;
    gate = new CompletableFuture<>();
  }

  /// Lets waiting and later calls go on.
  public void release() {
    gate.complete(null);
  }

  /// From now on calls fail.
  public void refuse(KmsFailure.Kind kind) {
    refuse(EVERY_ACTION, kind);
  }

  /// From now on calls of this action, such as `kms:Decrypt`, fail, and others succeed.
  public void refuse(String action, KmsFailure.Kind kind) {
    refusedAction = action;
    refusal = kind;
  }

  /// From now on calls succeed again.
  public void admit() {
    refusal = null;
  }

  @Override
  public Uni<GeneratedKeyPair> generateKeyPair(KeyUse use, KeyPairSpec spec) {
    String action = "kms:GenerateDataKeyPairWithoutPlaintext";
    return call(
        action,
        () -> {
          KmsArn arn = keyArn(use.key(), action);
          try (dev.keybroker.crypto.PlaintextKeyPair pair = keyPairs.generate(spec)) {
            byte[] encrypted = seal(pair.pkcs8().toByteArray(), aad(arn, use.context()));
            return new GeneratedKeyPair(pair.subjectPublicKeyInfo(), encrypted, arn);
          }
        });
  }

  @Override
  public Uni<EncryptedPrivateKey> encryptPrivateKey(KeyUse use, SecretBytes privateKey) {
    String action = "kms:Encrypt";
    return call(
        action,
        () -> {
          if (privateKey.size() > MAX_PLAINTEXT_SIZE) {
            throw failure(KmsFailure.Kind.KEY_UNUSABLE, action, "ValidationException");
          }
          KmsArn arn = keyArn(use.key(), action);
          return new EncryptedPrivateKey(
              seal(privateKey.toByteArray(), aad(arn, use.context())), arn);
        });
  }

  @Override
  public Uni<DecryptedPrivateKey> decryptPrivateKey(KeyUse use, byte[] encryptedPrivateKey) {
    return call(
            DECRYPT,
            () -> {
              byte[] opened =
                  open(encryptedPrivateKey, aad(keyArn(use.key(), DECRYPT), use.context()));
              return new DecryptedPrivateKey(SecretBytes.adopt(opened), "fake-request-id");
            })
        .onSubscription()
        .invoke(decrypts::incrementAndGet);
  }

  @Override
  public Uni<Void> checkDecrypt(KeyUse use, byte[] encryptedPrivateKey) {
    return call(
            DECRYPT,
            () -> {
              byte[] opened =
                  open(encryptedPrivateKey, aad(keyArn(use.key(), DECRYPT), use.context()));
              Arrays.fill(opened, (byte) 0);
              return true;
            })
        .onSubscription()
        .invoke(checks::incrementAndGet)
        .replaceWithVoid();
  }

  @Override
  public Uni<EncryptedPrivateKey> reEncryptPrivateKey(
      KeyUse from, byte[] encryptedPrivateKey, KeyUse to) {
    String action = "kms:ReEncrypt";
    return call(
        action,
        () -> {
          byte[] opened =
              open(encryptedPrivateKey, aad(keyArn(from.key(), action), from.context()), action);
          KmsArn arn = keyArn(to.key(), action);
          byte[] sealed = seal(opened, aad(arn, to.context()));
          Arrays.fill(opened, (byte) 0);
          return new EncryptedPrivateKey(sealed, arn);
        });
  }

  @Override
  public Uni<KmsKeyDescription> describe(KeyUse use) {
    String action = "kms:DescribeKey";
    return call(
        action,
        () ->
            new KmsKeyDescription(
                keyArn(use.key(), action),
                KmsKeyState.ENABLED,
                "ENCRYPT_DECRYPT",
                "SYMMETRIC_DEFAULT",
                true,
                false,
                List.of(use.key().arn().region())));
  }

  @Override
  public Uni<CreatedGrant> createGrant(
      KeyUse use, String name, String grantee, List<String> operations) {
    String action = "kms:CreateGrant";
    return call(
        action,
        () -> {
          KmsArn arn = keyArn(use.key(), action);
          String id =
              grants.computeIfAbsent(
                  arn + " " + name, missing -> UUID.randomUUID().toString().replace("-", ""));
          return new CreatedGrant(id, "token-" + id);
        });
  }

  @Override
  public Uni<Void> retireGrant(KmsKey kmsKey) {
    String action = "kms:RetireGrant";
    return call(
            action,
            () -> {
              if (!grants.values().remove(String.valueOf(kmsKey.grantId()))) {
                throw failure(KmsFailure.Kind.KEY_NOT_FOUND, action);
              }
              return true;
            })
        .replaceWithVoid();
  }

  @Override
  public Uni<Void> assumeRole(AssumedRole role) {
    return call("sts:AssumeRole", () -> true).replaceWithVoid();
  }

  @Override
  public Uni<String> ownPrincipal() {
    return call("sts:GetCallerIdentity", () -> "arn:aws:iam::111122223333:user/fake");
  }

  private <T> Uni<T> call(String action, Supplier<T> work) {
    return Uni.createFrom()
        .completionStage(
            () -> {
              calls.incrementAndGet();
              return isOf(heldAction, action)
                  ? gate.minimalCompletionStage()
                  : CompletableFuture.<@Nullable Void>completedStage(null);
            })
        .onItem()
        .transformToUni(
            open -> {
              KmsFailure.Kind kind = refusal;
              return kind == null || !isOf(refusedAction, action)
                  ? Uni.createFrom().item(work)
                  : Uni.createFrom().failure(failure(kind, action));
            });
  }

  private static boolean isOf(String wanted, String action) {
    return wanted.equals(EVERY_ACTION) || wanted.equals(action);
  }

  private static KmsFailure failure(KmsFailure.Kind kind, String action) {
    String code =
        switch (kind) {
          case ACCESS_DENIED -> "AccessDeniedException";
          case KEY_DISABLED -> "DisabledException";
          case KEY_PENDING_DELETION, KEY_UNAVAILABLE -> "KMSInvalidStateException";
          case KEY_NOT_FOUND -> "NotFoundException";
          case KEY_UNUSABLE -> "InvalidKeyUsageException";
          case CIPHERTEXT_REFUSED -> "InvalidCiphertextException";
          case THROTTLED -> "ThrottlingException";
          case TOO_MANY_CALLS -> "TooManyCalls";
          case UNREACHABLE -> "KMSInternalException";
        };
    return failure(kind, action, code);
  }

  private static KmsFailure failure(KmsFailure.Kind kind, String action, String code) {
    return new KmsFailure(kind, action, code, "the fake was told to", null);
  }

  /// The key that is meant, by its key ARN.
  private KmsArn keyArn(KmsKey kmsKey, String action) {
    KmsArn arn = kmsKey.arn().isAlias() ? aliases.get(kmsKey.arn()) : kmsKey.arn();
    if (arn == null) {
      throw failure(KmsFailure.Kind.KEY_NOT_FOUND, action);
    }
    return arn;
  }

  private static byte[] aad(KmsArn arn, KmsContext context) {
    return (arn + " " + new TreeMap<>(context.pairs())).getBytes(UTF_8);
  }

  private byte[] seal(byte[] plaintext, byte[] aad) {
    byte[] nonce = new byte[NONCE_SIZE];
    random.nextBytes(nonce);
    try {
      byte[] sealed = cipher(Cipher.ENCRYPT_MODE, nonce, aad).doFinal(plaintext);
      return ByteBuffer.allocate(NONCE_SIZE + sealed.length).put(nonce).put(sealed).array();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private byte[] open(byte[] ciphertext, byte[] aad) {
    return open(ciphertext, aad, DECRYPT);
  }

  private byte[] open(byte[] ciphertext, byte[] aad, String action) {
    if (ciphertext.length < NONCE_SIZE) {
      throw failure(KmsFailure.Kind.CIPHERTEXT_REFUSED, action);
    }
    ByteBuffer bytes = ByteBuffer.wrap(ciphertext);
    byte[] nonce = new byte[NONCE_SIZE];
    bytes.get(nonce);
    byte[] sealed = new byte[bytes.remaining()];
    bytes.get(sealed);
    try {
      return cipher(Cipher.DECRYPT_MODE, nonce, aad).doFinal(sealed);
    } catch (GeneralSecurityException e) {
      throw failure(KmsFailure.Kind.CIPHERTEXT_REFUSED, action);
    }
  }

  private Cipher cipher(int mode, byte[] nonce, byte[] aad) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
    cipher.updateAAD(aad);
    return cipher;
  }
}
