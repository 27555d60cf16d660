package dev.keybroker.keystore;

import static dev.keybroker.keystore.TenantAccount.BROKER_STATEMENT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KekState;
import dev.keybroker.kek.KeystoreName;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.Test;

@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class KekErasureTest {
  private static final KeystoreName NAME = KeystoreName.parse("tenants/erasure/keystores/calls");
  /// Long enough for the restore to come to the lock.
  private static final Duration UNDER_WAY = Duration.ofMillis(700);

  EmbeddedServices services;
  @Inject KeystoreAdmin keystores;
  @Inject KekLife life;

  @Test
  void restore_whileTheKeyIsErased_doesNotBringItBack() throws Exception {
    KekName kek = retired();
    await(life.scheduleDestruction(kek, Duration.ofDays(7)));

    CompletableFuture<KekDetails> restored;
    try (Connection connection = database();
        PreparedStatement erasure =
            connection.prepareStatement(
                "update kek set state = 'DESTROYED', encrypted_private_key = null where id = ?")) {
      connection.setAutoCommit(false);
      erasure.setObject(1, kek.id());
      assertEquals(1, erasure.executeUpdate());
      restored = life.restore(kek).subscribeAsCompletionStage();
      Thread.sleep(UNDER_WAY);
      assertFalse(restored.isDone());
      connection.commit();
    }

    Throwable refused = assertThrows(ExecutionException.class, restored::get).getCause();
    assertInstanceOf(KekFailure.Destroyed.class, refused);
    assertEquals(KekState.DESTROYED, await(life.find(kek)).state());
  }

  private KekName retired() {
    try (TenantAccount account = new TenantAccount(services, "222233336666")) {
      String key = account.newKey(BROKER_STATEMENT);
      Keystore made = await(keystores.create(NAME, TestSettings.of(key)));
      await(keystores.rotate(NAME, null));
      return Objects.requireNonNull(made.activeKek());
    }
  }

  private Connection database() throws Exception {
    return DriverManager.getConnection(
        Objects.requireNonNull(services.configuration().get("quarkus.datasource.jdbc.url")),
        "postgres",
        "postgres");
  }

  private static <T> T await(Uni<T> uni) {
    return uni.await().atMost(Duration.ofSeconds(20));
  }
}
