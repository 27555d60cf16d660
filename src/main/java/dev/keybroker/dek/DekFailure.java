package dev.keybroker.dek;

/// Why the data plane refused. Carries no stack trace: these are answers, not faults.
public abstract sealed class DekFailure extends RuntimeException {
  private DekFailure(String message) {
    super(message, null, false, false);
  }

  /// The wrapped DEK was not made for this keystore and encryption context, or was changed. One
  /// reason for all of it.
  public static final class NotAuthentic extends DekFailure {
    public NotAuthentic() {
      super("wrapped DEK is not authentic");
    }
  }

  /// The private KEK reached its bound before what it opened could be released. A retry asks KMS
  /// and is safe.
  public static final class Expired extends DekFailure {
    public Expired() {
      super("the private KEK reached its bound before the answer was released");
    }
  }

  /// The lane for private-key operations is full. A retry later is safe.
  public static final class Overloaded extends DekFailure {
    public Overloaded() {
      super("too many private-key operations at once");
    }
  }
}
