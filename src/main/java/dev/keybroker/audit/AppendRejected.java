package dev.keybroker.audit;

/// Thrown if the log refused to append records or was never asked to: it committed nothing, and
/// nothing of this call can be committed later. After any other failure, both are possible. Has no
/// stack trace.
public final class AppendRejected extends RuntimeException {
  public AppendRejected(Throwable cause) {
    super(String.valueOf(cause.getMessage()), cause, false, false);
  }
}
