package dev.keybroker.keystore;

import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KeystoreName;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// A refusal by the control plane. Carries no stack trace: it is an answer, not a fault.
public abstract sealed class KeystoreFailure extends RuntimeException {
  private KeystoreFailure(String message) {
    super(message, null, false, false);
  }

  /// The keystore exists with other settings.
  public static final class AlreadyExists extends KeystoreFailure {
    private final transient KeystoreName keystore;

    public AlreadyExists(KeystoreName keystore) {
      super("keystore already exists");
      this.keystore = keystore;
    }

    public KeystoreName keystore() {
      return keystore;
    }
  }

  /// The keystore was deleted, and its name is not used again.
  public static final class Deleted extends KeystoreFailure {
    private final transient KeystoreName keystore;

    public Deleted(KeystoreName keystore) {
      super("keystore was deleted");
      this.keystore = keystore;
    }

    public KeystoreName keystore() {
      return keystore;
    }
  }

  /// The keystore is about to be deleted and accepts no change.
  public static final class DeleteScheduled extends KeystoreFailure {
    private final transient KeystoreName keystore;
    private final transient Instant deleteTime;

    public DeleteScheduled(KeystoreName keystore, Instant deleteTime) {
      super("deletion of the keystore is scheduled");
      this.keystore = keystore;
      this.deleteTime = deleteTime;
    }

    public KeystoreName keystore() {
      return keystore;
    }

    public Instant deleteTime() {
      return deleteTime;
    }
  }

  /// The keystore has KEKs that are not destroyed.
  public static final class HasKeks extends KeystoreFailure {
    private final transient KeystoreName keystore;

    public HasKeks(KeystoreName keystore) {
      super("keystore has KEKs");
      this.keystore = keystore;
    }

    public KeystoreName keystore() {
      return keystore;
    }
  }

  /// The KEK opened something recently, or the audit trail does not record whether it did.
  public static final class KekInUse extends KeystoreFailure {
    private final transient KekName kek;
    private final transient @Nullable Instant lastUse;

    /// @param lastUse null if unwraps or rewraps are not recorded
    public KekInUse(KekName kek, @Nullable Instant lastUse) {
      super("KEK is in use");
      this.kek = kek;
      this.lastUse = lastUse;
    }

    public KekName kek() {
      return kek;
    }

    public @Nullable Instant lastUse() {
      return lastUse;
    }
  }

  /// The keystore was changed since it was read.
  public static final class Changed extends KeystoreFailure {
    private final transient KeystoreName keystore;

    public Changed(KeystoreName keystore) {
      super("keystore was changed meanwhile");
      this.keystore = keystore;
    }

    public KeystoreName keystore() {
      return keystore;
    }
  }

  /// The deployment has no KMS key that it can offer to tenants.
  public static final class NoBrokerManagedKey extends KeystoreFailure {
    public NoBrokerManagedKey() {
      super("no broker-managed key is configured");
    }
  }

  /// The tenant's root key is in the broker's own account, which the deployment does not allow.
  public static final class KeyInOwnAccount extends KeystoreFailure {
    public KeyInOwnAccount() {
      super("the root key is in the broker's own account");
    }
  }

  /// Too many key pairs wait to be generated. A retry later is safe.
  public static final class KeyPairsOverloaded extends KeystoreFailure {
    private final transient Duration retryAfter;

    public KeyPairsOverloaded(Duration retryAfter) {
      super("too many key pairs wait to be generated");
      this.retryAfter = retryAfter;
    }

    public Duration retryAfter() {
      return retryAfter;
    }
  }

  /// The tenant runs too many tests of root keys.
  public static final class TestsLimited extends KeystoreFailure {
    private final transient Duration retryAfter;

    public TestsLimited(Duration retryAfter) {
      super("too many tests of root keys");
      this.retryAfter = retryAfter;
    }

    public Duration retryAfter() {
      return retryAfter;
    }
  }

  /// A step of the check failed for a reason that has to be fixed in AWS.
  public static final class CheckFailed extends KeystoreFailure {
    private final transient KeystoreName keystore;
    private final transient CheckResult.Step step;

    public CheckFailed(KeystoreName keystore, CheckResult.Step step) {
      super("check of the root key failed: " + step.kind().id());
      this.keystore = keystore;
      this.step = step;
    }

    public KeystoreName keystore() {
      return keystore;
    }

    public CheckResult.Step step() {
      return step;
    }
  }

  /// The ACTIVE KEK can neither be disabled nor destroyed.
  public static final class KekActive extends KeystoreFailure {
    private final transient KekName kek;

    public KekActive(KekName kek) {
      super("KEK is active");
      this.kek = kek;
    }

    public KekName kek() {
      return kek;
    }
  }
}
