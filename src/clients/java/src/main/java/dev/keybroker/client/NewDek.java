package dev.keybroker.client;

/**
 * A DEK that was generated for one recording, with its wrapped form. Closed by its holder.
 *
 * @param kek the KEK that it is wrapped under
 */
public record NewDek(Dek dek, String keystore, byte[] wrappedDek, String kek)
    implements AutoCloseable {
  @Override
  public void close() {
    dek.close();
  }
}
