package dev.keybroker.keystore;

import static dev.keybroker.keystore.TenantAccount.BROKER_STATEMENT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.kek.KekChanges;
import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.QuotaGate;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Inject;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class KeystoreCreationTest {
  EmbeddedServices services;
  @Inject KeystoreAdmin keystores;
  @Inject KeystoreRepository repository;
  @Inject RootKeyAccess access;
  @Inject RootKeyCheck check;
  @Inject QuotaGate gate;
  @Inject KeystoreStatus status;
  @Inject KekGeneration generation;
  @Inject Diagnosis diagnosis;
  @Inject ChangeTurns turns;
  @Inject KekChanges changes;
  @Inject Clock clock;

  @Test
  void create_sameSettingsAgain_isTheSameKeystore() {
    try (TenantAccount account = new TenantAccount(services, "222233334444")) {
      KeystoreName name = KeystoreName.parse("tenants/creation/keystores/calls");
      KeystoreSettings settings = TestSettings.of(account.newKey(BROKER_STATEMENT));
      Keystore first = await(keystores.create(name, settings));
      assertNotNull(first.activeKek());
      assertNull(first.nextRotationTime());
      assertEquals(first, await(keystores.create(name, settings)));
      assertThrows(
          KeystoreFailure.AlreadyExists.class,
          () -> await(keystores.create(name, TestSettings.of(account.newKey(BROKER_STATEMENT)))));
    }
  }

  @Test
  void create_keyRefused_savesNothing() {
    try (TenantAccount account = new TenantAccount(services, "222233334444")) {
      KeystoreName name = KeystoreName.parse("tenants/creation/keystores/refused");
      assertThrows(
          KeystoreFailure.CheckFailed.class,
          () -> await(keystores.create(name, TestSettings.of(account.newKey()))));
      assertThrows(KekFailure.UnknownKeystore.class, () -> await(repository.find(name)));
    }
  }

  @Test
  void create_keyDisabledAfterItsCheck_savesNothing() {
    try (TenantAccount account = new TenantAccount(services, "222233334444")) {
      KeystoreName name = KeystoreName.parse("tenants/creation/keystores/disabled");
      String key = account.newKey(BROKER_STATEMENT);
      AtomicBoolean isSaved = new AtomicBoolean();
      KeystoreRepository watched =
          new ForwardingKeystores(repository) {
            @Override
            public Uni<Inserted> insert(KeystoreName inserted, KeystoreSettings settings) {
              isSaved.set(true);
              return super.insert(inserted, settings);
            }
          };
      Rotation late =
          new Rotation(
              new DisabledInBetween(watched, account, key), status, generation, access, diagnosis);
      KeystoreAdmin racing =
          new KeystoreAdmin(watched, access, check, gate, late, turns, changes, clock);

      assertThrows(KmsFailure.class, () -> await(racing.create(name, TestSettings.of(key))));

      // Nobody has ever seen it: what was saved and taken back could take another's change along.
      assertFalse(isSaved.get());
    }
  }

  private static <T> T await(Uni<T> uni) {
    return uni.await().atMost(Duration.ofSeconds(20));
  }
}
