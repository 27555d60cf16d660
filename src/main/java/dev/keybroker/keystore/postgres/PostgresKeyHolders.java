package dev.keybroker.keystore.postgres;

import dev.keybroker.keystore.KekDetails;
import dev.keybroker.keystore.KeyHolders;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.util.List;

/// Finds the rows of `kek` that have a private key.
@Singleton
public class PostgresKeyHolders implements KeyHolders {
  private final KeystoreTransactions transactions;

  PostgresKeyHolders(KeystoreTransactions transactions) {
    this.transactions = transactions;
  }

  @Override
  public Uni<List<KekDetails>> withPrivateKey(String tenant) {
    return transactions
        .read(
            session ->
                session
                    .createSelectionQuery(
                        """
                        from KekEntity where tenant = :tenant and encryptedPrivateKey is not null
                        order by keystore, createTime
                        """,
                        KekEntity.class)
                    .setParameter("tenant", tenant)
                    .getResultList())
        .map(rows -> rows.stream().map(KekRows::details).toList());
  }
}
