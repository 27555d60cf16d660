package dev.keybroker.audit;

/// The log refused to append records, or was never asked to: it committed nothing, and nothing of
/// this call can be committed later. Every other failure leaves both open. Carries no stack trace.
public final class AppendRejected extends RuntimeException {
  public AppendRejected(Throwable cause) {
    super(String.valueOf(cause.getMessage()), cause, false, false);
  }
}
