package dev.keybroker.keystore.postgres;

import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.KeystoreRepository;
import dev.keybroker.keystore.KeystoreRepositoryContract;
import dev.keybroker.keystore.KeystoreStatus;
import dev.keybroker.postgres.HastySessions;
import dev.keybroker.postgres.LockedTable;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.vertx.core.Vertx;
import jakarta.inject.Inject;
import java.security.SecureRandom;
import java.time.Instant;
import org.hibernate.reactive.mutiny.Mutiny;

/// The rows of `tenant` and `keystore`.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class PostgresKeystoreRepositoryTest extends KeystoreRepositoryContract {
  @Inject KeystoreRepository repository;
  @Inject KeystoreTransactions transactions;
  @Inject KeystoreStatus status;
  @Inject Mutiny.SessionFactory sessions;
  @Inject Vertx vertx;
  EmbeddedServices services;

  @Override
  protected KeystoreRepository repository() {
    return repository;
  }

  @Override
  protected KeystoreRepository unanswered() {
    return new PostgresKeystoreRepository(
        new KeystoreTransactions(HastySessions.of(sessions, vertx)), new SecureRandom());
  }

  @Override
  protected AutoCloseable outage() {
    return new LockedTable(services, "keystore");
  }

  @Override
  protected boolean isKekWanted(KeystoreName keystore) {
    return await(
        transactions.read(
            session -> KeystoreTransactions.row(session, keystore).map(row -> row.kekRequested)));
  }

  @Override
  protected void kekMade(KeystoreName keystore, long version, Instant time) {
    await(status.rotated(keystore, version, time));
  }
}
