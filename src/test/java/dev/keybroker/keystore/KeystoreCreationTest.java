package dev.keybroker.keystore;

import static dev.keybroker.keystore.TenantAccount.BROKER_STATEMENT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.kek.KekChanges;
import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KeystoreName;
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
  @Inject Keystores keystores;
  @Inject KeystoreRepository repository;
  @Inject RootKeyAccess access;
  @Inject RootKeyCheck check;
  @Inject Rotation rotation;
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
  void create_takenBackByAnotherCreation_beginsAgain() {
    try (TenantAccount account = new TenantAccount(services, "222233334444")) {
      KeystoreName name = KeystoreName.parse("tenants/creation/keystores/taken-back");
      AtomicBoolean isTakenBack = new AtomicBoolean();
      KeystoreRepository shared =
          new ForwardingKeystores(repository) {
            @Override
            public Uni<Inserted> insert(KeystoreName inserted, KeystoreSettings settings) {
              Uni<Inserted> insertion = super.insert(inserted, settings);
              return isTakenBack.compareAndSet(false, true)
                  ? insertion.call(() -> takeBack(inserted))
                  : insertion;
            }
          };
      Keystores racing = new Keystores(shared, access, check, rotation, changes, clock);

      Keystore made = await(racing.create(name, TestSettings.of(account.newKey(BROKER_STATEMENT))));

      assertTrue(isTakenBack.get());
      assertNotNull(made.activeKek());
    }
  }

  private static <T> T await(Uni<T> uni) {
    return uni.await().atMost(Duration.ofSeconds(20));
  }
}
