package dev.keybroker.keystore;

import static dev.keybroker.keystore.TenantAccount.BROKER_STATEMENT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.kek.KekChanges;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.QuotaGate;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Inject;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class KeystoreUpdateTest {
  private static final KeystoreName NAME = KeystoreName.parse("tenants/update/keystores/calls");
  private static final int UPDATES = 6;
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
  void updates_atOnce_withoutEtagAllAreMade_withOneOnlyTheFirst() {
    Keystore made;
    try (TenantAccount account = new TenantAccount(services, "222233335555")) {
      made = await(keystores.create(NAME, TestSettings.of(account.newKey(BROKER_STATEMENT))));
    }

    List<Uni<Keystore>> updates =
        IntStream.range(0, UPDATES)
            .mapToObj(i -> keystores.update(NAME, null, it -> named(it, "change " + i), false))
            .toList();
    List<Keystore> updated = await(Uni.join().all(updates).andFailFast());

    assertEquals(
        made.version() + UPDATES,
        updated.stream().mapToLong(Keystore::version).max().orElseThrow());
    assertThrows(
        KeystoreFailure.Changed.class,
        () -> await(keystores.update(NAME, made.version(), it -> named(it, "late"), false)));
  }

  @Test
  void update_keyDisabledAfterItsCheck_isNeverSeenByOthers() {
    try (TenantAccount account = new TenantAccount(services, "222233335555")) {
      KeystoreName name = KeystoreName.parse("tenants/update/keystores/disabled");
      Keystore made =
          await(keystores.create(name, TestSettings.of(account.newKey(BROKER_STATEMENT))));
      String key = account.newKey(BROKER_STATEMENT);
      Rotation late =
          new Rotation(
              new DisabledInBetween(repository, account, key),
              status,
              generation,
              access,
              diagnosis);
      KeystoreAdmin racing =
          new KeystoreAdmin(repository, access, check, gate, late, turns, changes, clock);

      assertThrows(
          KmsFailure.class,
          () -> await(racing.update(name, null, before -> TestSettings.of(key), false)));

      // Of the same version: an update of somebody else had nothing to build on, or to go back to.
      assertEquals(made, await(keystores.find(name)));
    }
  }

  private static KeystoreSettings named(KeystoreSettings settings, String displayName) {
    return new KeystoreSettings(
        displayName,
        settings.rootKey(),
        settings.keyPairSpec(),
        settings.rotationPeriod(),
        settings.privateKekLifetime(),
        settings.onKmsOutage());
  }

  private static <T> T await(Uni<T> uni) {
    return uni.await().atMost(Duration.ofSeconds(20));
  }
}
