package dev.keybroker.keystore.postgres;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.Keystore;
import dev.keybroker.keystore.KeystoreRepository;
import dev.keybroker.keystore.KeystoreRepositoryContract;
import dev.keybroker.keystore.KeystoreSettings;
import dev.keybroker.keystore.KeystoreStatus;
import dev.keybroker.keystore.OnKmsOutage;
import dev.keybroker.keystore.RootKey;
import dev.keybroker.keystore.RootKeyError;
import dev.keybroker.keystore.RotationPeriod;
import dev.keybroker.kms.KmsAction;
import dev.keybroker.postgres.HastySessions;
import dev.keybroker.postgres.LockedTable;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.vertx.core.Vertx;
import jakarta.inject.Inject;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.UUID;
import org.hibernate.reactive.mutiny.Mutiny;
import org.junit.jupiter.api.Test;

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

  @Test
  void failure_keepsTheTimeOfTheFirst_untilACallSucceeds() {
    KeystoreName name = new KeystoreName("t-" + UUID.randomUUID(), "calls");
    await(
        repository.insert(
            name,
            new KeystoreSettings(
                "",
                new RootKey.BrokerManaged(),
                KeyPairSpec.ECC_NIST_P256,
                RotationPeriod.NEVER,
                Duration.ZERO,
                OnKmsOutage.WRAP_WITH_LAST_KNOWN_KEK)));
    Instant first = Instant.parse("2026-01-01T00:00:00Z");
    await(status.failed(name, error(first)));
    await(status.failed(name, error(first.plusSeconds(30))));

    Keystore failing = await(repository.find(name));
    assertEquals(first, failing.failingSince());
    assertEquals(error(first.plusSeconds(30)), failing.lastError());

    await(status.succeeded(name, KmsAction.DECRYPT, first.plusSeconds(31)));
    assertNull(await(repository.find(name)).failingSince());
    await(status.failed(name, error(first.plusSeconds(60))));
    assertEquals(first.plusSeconds(60), await(repository.find(name)).failingSince());
  }

  private static RootKeyError error(Instant time) {
    return new RootKeyError(
        "DisabledException", KmsAction.DECRYPT.action(), "disabled", "enable it", null, time);
  }
}
