package dev.keybroker.audit;

/// The reason why the audit trail failed. Has no stack trace, because it is an answer and not a
/// fault.
public abstract sealed class AuditFailure extends RuntimeException {
  private AuditFailure(String message, Throwable cause) {
    super(message, cause, false, false);
  }

  private AuditFailure(String message) {
    super(message, null, false, false);
  }

  /// The record of a call could not be committed in time, so its answer is withheld. A retry is
  /// safe.
  public static final class NotCommitted extends AuditFailure {
    public NotCommitted() {
      super("the audit record cannot be committed");
    }
  }

  /// The reader's previous query is still running.
  public static final class Busy extends AuditFailure {
    public Busy() {
      super("another audit query of this caller is under way");
    }
  }

  /// The query exceeded its time limit.
  public static final class TooLarge extends AuditFailure {
    public TooLarge() {
      super("the audit query took too long");
    }
  }

  /// The records cannot be read at the moment. The cause is for the log.
  public static final class Unreadable extends AuditFailure {
    public Unreadable(Throwable cause) {
      super("the audit records cannot be read", cause);
    }
  }
}
