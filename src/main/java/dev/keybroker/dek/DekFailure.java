package dev.keybroker.dek;

/// The reason why the data plane refused a call. Has no stack trace, because a refusal is an answer
/// and not a fault.
public abstract sealed class DekFailure extends RuntimeException {
  private DekFailure(String message) {
    super(message, null, false, false);
  }

  /// The wrapped DEK was not made for this keystore and encryption context, or was modified. All
  /// these cases share one reason.
  public static final class NotAuthentic extends DekFailure {
    public NotAuthentic() {
      super("wrapped DEK is not authentic");
    }
  }

  /// The private KEK expired before the result could be released. A retry is safe and calls KMS.
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
