package dev.keybroker.keystore;

import dev.keybroker.kek.KeystoreName;

/// Why the control plane refused. Carries no stack trace: these are answers, not faults.
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

  /// The deployment has no KMS key of its own to offer.
  public static final class NoBrokerManagedKey extends KeystoreFailure {
    public NoBrokerManagedKey() {
      super("no broker-managed key is configured");
    }
  }
}
