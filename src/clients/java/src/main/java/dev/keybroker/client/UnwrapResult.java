package dev.keybroker.client;

/** The result of one item of a batch. Closed by its holder. */
public final class UnwrapResult implements AutoCloseable {
  private final Dek dek;
  private final KeyBrokerException failure;

  UnwrapResult(Dek dek, KeyBrokerException failure) {
    this.dek = dek;
    this.failure = failure;
  }

  /** Returns the DEK, or fails as the single unwrap would have. */
  public Dek dek() throws KeyBrokerException {
    if (failure != null) {
      throw failure;
    }
    return dek;
  }

  @Override
  public void close() {
    if (dek != null) {
      dek.close();
    }
  }
}
