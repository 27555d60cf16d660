package dev.keybroker.keystore;

import static dev.keybroker.keystore.TenantAccount.BROKER_STATEMENT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.Urgency;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.time.Duration;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Rotations that are overtaken by changes of the settings, and brokers that die in them.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class RotationRacesTest {
  EmbeddedServices services;
  @Inject KeystoreAdmin keystores;
  @Inject KeystoreRepository repository;
  @Inject KekGeneration generation;
  @Inject Rotation rotation;

  private TenantAccount account;

  @BeforeEach
  void connect() {
    account = new TenantAccount(services, "222233337777");
  }

  @AfterEach
  void disconnect() {
    account.close();
  }

  @Test
  void rotation_thatReadTheSettingsBeforeAnUpdate_makesNoKekOfThem() {
    Keystore before = made("overtaken");
    Keystore after = await(keystores.update(before.name(), null, RotationRacesTest::ofP384, false));
    assertNotEquals(before.activeKek(), after.activeKek());
    Tenant tenant = await(repository.tenant(before.name().tenant()));

    assertThrows(
        KeystoreFailure.Changed.class,
        () -> await(generation.generate(before, tenant, null, Urgency.INTERACTIVE)));

    assertEquals(after.activeKek(), await(repository.find(before.name())).activeKek());
    assertEquals(KeyPairSpec.ECC_NIST_P384, await(rotation.rotate(before.name(), null)).spec());
  }

  @Test
  void wantedKek_madeAndRetiredByBrokersThatDied_isNotWantedForEver() throws Exception {
    Keystore before = made("died");
    Keystore saved =
        await(repository.update(before.name(), before.version(), ofP384(before.settings())));
    Tenant tenant = await(repository.tenant(before.name().tenant()));
    String wanted = Rotation.requested(saved.version());
    // Each broker dies when its KEK is ACTIVE, before it says so in the keystore.
    KekDetails first = await(generation.generate(saved, tenant, wanted, Urgency.INTERACTIVE));
    KekDetails second = await(generation.generate(saved, tenant, null, Urgency.INTERACTIVE));
    assertEquals(true, isWanted(saved.name()));

    // What the sweep does, each time when its lease is over.
    assertEquals(first.name(), await(rotation.rotate(saved.name(), wanted)).name());

    assertEquals(false, isWanted(saved.name()));
    assertEquals(second.name(), await(repository.find(saved.name())).activeKek());
  }

  private Keystore made(String id) {
    String key = account.newKey(BROKER_STATEMENT);
    return await(
        keystores.create(
            KeystoreName.parse("tenants/races/keystores/" + id), TestSettings.of(key)));
  }

  private static KeystoreSettings ofP384(KeystoreSettings settings) {
    return new KeystoreSettings(
        settings.displayName(),
        settings.rootKey(),
        KeyPairSpec.ECC_NIST_P384,
        settings.rotationPeriod(),
        settings.privateKekLifetime(),
        settings.onKmsOutage());
  }

  private boolean isWanted(KeystoreName name) throws Exception {
    try (Connection connection =
            DriverManager.getConnection(
                Objects.requireNonNull(services.configuration().get("quarkus.datasource.jdbc.url")),
                "postgres",
                "postgres");
        PreparedStatement query =
            connection.prepareStatement(
                "select kek_wanted from keystore where tenant = ? and id = ?")) {
      query.setString(1, name.tenant());
      query.setString(2, name.keystore());
      try (ResultSet rows = query.executeQuery()) {
        rows.next();
        return rows.getBoolean(1);
      }
    }
  }

  private static <T> T await(Uni<T> uni) {
    return uni.await().atMost(Duration.ofSeconds(20));
  }
}
