package dev.keybroker.keystore;

import dev.keybroker.crypto.DekWrapping;
import dev.keybroker.crypto.EncryptionContext;
import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.NotAuthenticException;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.crypto.UnwrappingKey;
import dev.keybroker.keystore.CheckResult.Kind;
import dev.keybroker.keystore.CheckResult.Step;
import dev.keybroker.kms.AssumedRole;
import dev.keybroker.kms.Hint;
import dev.keybroker.kms.Hints;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.Kms;
import dev.keybroker.kms.KmsAction;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.KmsKeyDescription;
import dev.keybroker.kms.Urgency;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Checks a root key by running each step that its KEKs will need, from assuming the role to
/// unwrapping a DEK. Saves nothing; the key pair and the DEK are discarded.
@Singleton
public final class RootKeyCheck {
  private static final int DEK_SIZE = 32;

  private final Kms kms;
  private final KeyPairSource keyPairs;
  private final KeyCodec codec;
  private final DekWrapping wrapping;
  private final SecureRandom random;
  private final Diagnosis diagnosis;
  private final List<String> allowedRegions;
  private final boolean ownAccountKeys;
  private final InstantSource clock;

  public RootKeyCheck(
      Kms kms,
      KeyPairSource keyPairs,
      KeyCodec codec,
      DekWrapping wrapping,
      SecureRandom random,
      Diagnosis diagnosis,
      KeystoreConfig config,
      InstantSource clock) {
    this.kms = kms;
    this.keyPairs = keyPairs;
    this.codec = codec;
    this.wrapping = wrapping;
    this.random = random;
    this.diagnosis = diagnosis;
    this.allowedRegions = config.allowedRegions().orElse(List.of());
    this.ownAccountKeys = config.ownAccountKeys();
    this.clock = clock;
  }

  /// Fails with [KeystoreFailure.KeyInOwnAccount] if a tenant names a key of the broker's own
  /// account and that is not allowed, or with [KmsFailure] if AWS does not report which account
  /// that is.
  Uni<Void> admitted(RootKey rootKey) {
    if (ownAccountKeys
        || !(rootKey instanceof RootKey.TenantManaged(KmsArn arn, String roleArn, String grantId))
        || (roleArn != null && grantId == null)) {
      return Uni.createFrom().voidItem();
    }
    return diagnosis
        .ownPrincipal()
        .invoke(
            principal -> {
              if (principal.split(":", 6)[4].equals(arn.account())) {
                throw new KeystoreFailure.KeyInOwnAccount();
              }
            })
        .replaceWithVoid();
  }

  /// Runs the check. A refusal by KMS is a failed step. The Uni fails only for faults of the
  /// broker, or with [KeystoreFailure.KeyPairsOverloaded].
  public Uni<CheckResult> run(KeyUse use, KeyPairSpec spec, String tenant) {
    return Uni.createFrom().deferred(() -> new Run(use, spec, tenant).run());
  }

  /// Ends the check after a failed step, whose entry is in the list.
  private static final class Stopped extends RuntimeException {
    Stopped() {
      super("a step of the check failed", null, false, false);
    }
  }

  /// A key that cannot be a root key, although no call failed.
  private static final class Unfit extends RuntimeException {
    private final transient Hint hint;
    private final String description;

    Unfit(String description, Hint hint) {
      super("the key does not fit", null, false, false);
      this.description = description;
      this.hint = hint;
    }
  }

  private static boolean isDenied(Throwable failure) {
    return failure instanceof KmsFailure refused && refused.kind() == KmsFailure.Kind.ACCESS_DENIED;
  }

  private final class Run {
    private final KeyUse use;
    private final KeyPairSpec spec;
    private final String tenant;
    private final UUID kek = UUID.randomUUID();
    private final SecretBytes dek = SecretBytes.random(DEK_SIZE, random);
    private final List<Step> steps = new ArrayList<>();
    private @Nullable KmsArn key;
    private boolean hasWorked;

    Run(KeyUse use, KeyPairSpec spec, String tenant) {
      this.use = use;
      this.spec = spec;
      this.tenant = tenant;
    }

    Uni<CheckResult> run() {
      AssumedRole role = use.key().role();
      Uni<Void> assumed =
          role == null
              ? Uni.createFrom().voidItem()
              : step(Kind.ASSUME_ROLE, () -> kms.assumeRole(role));
      return assumed
          .chain(() -> step(Kind.DESCRIBE_KEY, this::describe))
          .chain(() -> step(Kind.GENERATE_KEY_PAIR, this::keyPair))
          .chain(this::roundTrip)
          .onFailure(Stopped.class)
          .recoverWithNull()
          .map(done -> new CheckResult(steps, key))
          .onTermination()
          .invoke(dek::close);
    }

    private Uni<KeyPairSource.Pair> keyPair() {
      return keyPairs
          .pair(use, spec, tenant, Urgency.INTERACTIVE)
          .invoke(
              pair -> {
                key = pair.keyArn();
                hasWorked = true;
              });
    }

    private Uni<Void> describe() {
      Hints.unfit(use.key().arn())
          .ifPresent(
              hint -> {
                throw new Unfit("an alias reserved for AWS managed keys", hint);
              });
      return kms.describe(use)
          .invoke(
              described -> {
                key = described.keyArn();
                Hints.unfit(described, allowedRegions)
                    .ifPresent(
                        hint -> {
                          throw new Unfit(text(described), hint);
                        });
              })
          .replaceWithVoid();
    }

    private Uni<Void> roundTrip(KeyPairSource.Pair pair) {
      return step(
              Kind.WRAP,
              () ->
                  Uni.createFrom()
                      .item(wrapping.wrap(kek, pair.publicKey(), dek, EncryptionContext.empty())))
          .chain(wrapped -> decrypt(pair).chain(privateKey -> unwrap(wrapped, privateKey)))
          .chain(
              unwrapped ->
                  step(Kind.COMPARE, () -> compare(unwrapped))
                      .onTermination()
                      .invoke(unwrapped::close));
    }

    private Uni<UnwrappingKey> decrypt(KeyPairSource.Pair pair) {
      KeyUse reported = use.of(pair.keyArn());
      return step(
          Kind.DECRYPT_PRIVATE_KEY,
          () ->
              kms.decryptPrivateKey(reported, pair.encryptedPrivateKey())
                  .map(
                      decrypted -> {
                        try (decrypted) {
                          return codec.parsePrivate(spec, decrypted.privateKey());
                        }
                      }));
    }

    private Uni<SecretBytes> unwrap(byte[] wrapped, UnwrappingKey privateKey) {
      return step(
          Kind.UNWRAP,
          () -> {
            try (privateKey) {
              return Uni.createFrom()
                  .item(wrapping.unwrap(kek, privateKey, wrapped, EncryptionContext.empty()));
            } catch (NotAuthenticException e) {
              throw new IllegalStateException("the DEK does not unwrap", e);
            }
          });
    }

    private Uni<Void> compare(SecretBytes unwrapped) {
      if (!unwrapped.equals(dek)) {
        throw new IllegalStateException("another DEK was unwrapped");
      }
      return Uni.createFrom().voidItem();
    }

    private <T> Uni<T> step(Kind kind, Supplier<Uni<T>> work) {
      return Uni.createFrom()
          .deferred(
              () -> {
                long start = System.nanoTime();
                return Uni.createFrom()
                    .deferred(work::get)
                    .onItem()
                    .invoke(() -> steps.add(Step.passed(kind, since(start))))
                    .onFailure()
                    .recoverWithUni(failure -> failed(kind, since(start), failure));
              });
    }

    private static Duration since(long start) {
      return Duration.ofNanos(System.nanoTime() - start);
    }

    private <T> Uni<T> failed(Kind kind, Duration took, Throwable failure) {
      Uni<RootKeyError> error =
          switch (failure) {
            case KmsFailure refused -> diagnosis.of(refused, use, key != null, hasWorked);
            case Unfit unfit -> Uni.createFrom().item(unfit(unfit));
            default -> Uni.createFrom().failure(failure);
          };
      return error.chain(
          known -> {
            if (kind == Kind.DESCRIBE_KEY && isDenied(failure)) {
              // A key policy may allow every use of the key except this call. The next steps find
              // out whether the key is usable.
              steps.add(Step.warned(kind, took, known));
              return Uni.createFrom().nullItem();
            }
            @Nullable KmsFailure refused =
                failure instanceof KmsFailure kmsFailure ? kmsFailure : null;
            steps.add(Step.failed(kind, took, known, refused));
            return Uni.createFrom().failure(new Stopped());
          });
    }

    private RootKeyError unfit(Unfit unfit) {
      return new RootKeyError(
          "",
          KmsAction.DESCRIBE_KEY.action(),
          unfit.description,
          unfit.hint.text(),
          null,
          clock.instant());
    }

    private static String text(KmsKeyDescription described) {
      return "KeyState %s, KeyUsage %s, KeySpec %s, %s, regions %s"
          .formatted(
              described.state(),
              described.usage(),
              described.spec(),
              described.customerManaged() ? "customer managed" : "AWS managed",
              String.join(", ", described.regions()));
    }
  }
}
