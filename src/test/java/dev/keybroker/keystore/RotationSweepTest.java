package dev.keybroker.keystore;

import static dev.keybroker.keystore.TenantAccount.BROKER_STATEMENT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.grpc.Eventually;
import dev.keybroker.kek.KekState;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.KmsAction;
import dev.keybroker.kms.KmsArn;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/// What becomes due by time alone. The broker under test sweeps by itself each second; the tests
/// move the due times.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class RotationSweepTest {
  EmbeddedServices services;
  @Inject KeystoreAdmin keystores;
  @Inject KekLife keks;
  @Inject RotationSweep sweep;
  @Inject KeystoreStatus status;
  @Inject DataSource database;

  @Test
  void sweep_manyKeystoresDueAtOnce_eachIsRotatedOnce() {
    try (TenantAccount account = new TenantAccount(services, "444455556666")) {
      String key = account.newKey(BROKER_STATEMENT);
      List<KeystoreName> names =
          IntStream.range(0, 60).mapToObj(i -> new KeystoreName("sweep", "due-" + i)).toList();
      for (KeystoreName name : names) {
        await(keystores.create(name, settings(key, RotationPeriod.MONTHLY)));
      }
      execute(
          "update keystore set next_rotation_time = now(), rotation_attempt_time = now()"
              + " where tenant = 'sweep' and id like 'due-%'");
      await(Uni.join().all(sweep.run(), sweep.run(), sweep.run()).andFailFast());
      // The broker's own sweep may have claimed some of them, and no call here waits for that one.
      Eventually.holds(
          Duration.ofSeconds(30),
          () -> {
            for (KeystoreName name : names) {
              assertEquals(List.of(KekState.ACTIVE, KekState.RETIRED), states(name));
            }
          });
      await(sweep.run());
      for (KeystoreName name : names) {
        assertEquals(List.of(KekState.ACTIVE, KekState.RETIRED), states(name));
        KekDetails active = await(keks.history(name, null, 10)).getFirst();
        assertEquals(
            RotationSchedule.next(RotationPeriod.MONTHLY, assertNotNullAndGet(active.activeTime())),
            await(keystores.find(name)).nextRotationTime());
      }
    }
  }

  /// In a rolling upgrade the migration of the new version runs first.
  @Test
  void sweep_columnsOfANewerVersion_areNotItsBusiness() {
    List<String> tables = List.of("keystore", "kek", "re_encryption");
    tables.forEach(it -> execute("alter table " + it + " add column of_a_newer_version text"));
    try (TenantAccount account = new TenantAccount(services, "444455556666")) {
      KeystoreName name = new KeystoreName("sweep", "newer");
      await(
          keystores.create(
              name, settings(account.newKey(BROKER_STATEMENT), RotationPeriod.MONTHLY)));
      execute(
          "update keystore set next_rotation_time = now(), rotation_attempt_time = now()"
              + " where tenant = 'sweep' and id = 'newer'");

      Eventually.holds(
          Duration.ofSeconds(30),
          () -> assertEquals(2, await(keks.history(name, null, 10)).size()));
    } finally {
      tables.forEach(it -> execute("alter table " + it + " drop column of_a_newer_version"));
    }
  }

  @Test
  void sweep_rootKeyRefuses_keepsTheKekAndTheErrorUntilItSucceeds() {
    try (TenantAccount account = new TenantAccount(services, "444455556666")) {
      String key = account.newKey(BROKER_STATEMENT);
      KeystoreName name = new KeystoreName("sweep", "refused");
      Keystore before = await(keystores.create(name, settings(key, RotationPeriod.DAILY)));
      account.kms().disableKey(request -> request.keyId(key));
      execute("update keystore set rotation_attempt_time = now() where id = 'refused'");
      Eventually.holds(
          () -> {
            Keystore failing = await(keystores.find(name));
            assertNotNull(failing.lastError());
            assertTrue(failing.lastError().hint().contains("enable-key"));
            assertEquals(before.activeKek(), failing.activeKek());
          });
      assertEquals(1, await(keks.history(name, null, 10)).size());
      account.kms().enableKey(request -> request.keyId(key));
      Eventually.holds(
          () -> {
            Keystore mended = await(keystores.find(name));
            if (mended.lastError() != null) {
              // Again and again: the end of the attempt that failed plans the next one for later.
              execute("update keystore set rotation_attempt_time = now() where id = 'refused'");
            }
            assertNull(mended.lastError());
            assertNotEquals(before.activeKek(), mended.activeKek());
          });
    }
  }

  @Test
  void sweep_crashedCreationAndIntent_areMended() {
    try (TenantAccount account = new TenantAccount(services, "444455556666")) {
      String key = account.newKey(BROKER_STATEMENT);
      KeystoreName name = new KeystoreName("sweep", "crashed");
      await(keystores.create(name, settings(key, RotationPeriod.NEVER)));
      // As a broker leaves it that dies between the save and the key pair.
      execute(
          "delete from kek where keystore = 'crashed'",
          "insert into kek (id, tenant, keystore, state, spec, origin, root_key_arn, kms_context,"
              + " create_time) values (gen_random_uuid(), 'sweep', 'crashed',"
              + " 'PENDING_GENERATION', 'ECC_NIST_P256', 'KMS_GENERATED', '"
              + key
              + "', '{}', now())",
          "update keystore set kek_wanted = true, rotation_attempt_time = now()"
              + " where id = 'crashed'");
      Eventually.holds(() -> assertEquals(List.of(KekState.ACTIVE), states(name)));
      assertNull(await(keystores.find(name)).nextRotationTime());
    }
  }

  @Test
  void sweep_destroyTimeReached_erasesThePrivateKey() {
    try (TenantAccount account = new TenantAccount(services, "444455556666")) {
      String key = account.newKey(BROKER_STATEMENT);
      KeystoreName name = new KeystoreName("sweep", "destroyed");
      Keystore keystore = await(keystores.create(name, settings(key, RotationPeriod.NEVER)));
      await(keystores.rotate(name, null));
      var first = assertNotNullAndGet(keystore.activeKek());
      await(keks.scheduleDestruction(first, Duration.ofDays(7)));
      await(sweep.run());
      assertEquals(KekState.DESTROY_SCHEDULED, await(keks.find(first)).state());
      execute("update kek set destroy_time = now() where id = '" + first.id() + "'");
      Eventually.holds(() -> assertEquals(KekState.DESTROYED, await(keks.find(first)).state()));
    }
  }

  @Test
  void lastError_isClearedByACallOfItsOwnClassOnly() {
    try (TenantAccount account = new TenantAccount(services, "444455556666")) {
      KeystoreName name = new KeystoreName("sweep", "classes");
      await(
          keystores.create(name, settings(account.newKey(BROKER_STATEMENT), RotationPeriod.NEVER)));
      await(status.failed(name, error("kms:Decrypt")));

      await(keystores.rotate(name, null));
      await(status.succeeded(name, KmsAction.GENERATE_KEY_PAIR, Instant.now()));

      assertEquals("kms:Decrypt", assertNotNullAndGet(lastError(name)).action());
      await(status.succeeded(name, KmsAction.DECRYPT, Instant.now()));
      assertNull(lastError(name));

      await(status.failed(name, error("kms:GenerateDataKeyPairWithoutPlaintext")));
      await(status.succeeded(name, KmsAction.DECRYPT, Instant.now()));
      assertNotNull(lastError(name));
      await(keystores.rotate(name, null));
      assertNull(lastError(name));

      await(status.failed(name, error("sts:AssumeRole")));
      await(status.succeeded(name, KmsAction.DECRYPT, Instant.now()));
      assertNull(lastError(name));
    }
  }

  private @Nullable RootKeyError lastError(KeystoreName name) {
    return await(keystores.find(name)).lastError();
  }

  private static RootKeyError error(String action) {
    return new RootKeyError("SomeException", action, "", "", null, Instant.EPOCH);
  }

  private List<KekState> states(KeystoreName name) {
    return await(keks.history(name, null, 10)).stream().map(KekDetails::state).toList();
  }

  private void execute(String... statements) {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      for (String sql : statements) {
        statement.execute(sql);
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static <T> T assertNotNullAndGet(T value) {
    assertNotNull(value);
    return value;
  }

  private static KeystoreSettings settings(String keyArn, RotationPeriod period) {
    return new KeystoreSettings(
        "Calls",
        new RootKey.TenantManaged(KmsArn.parse(keyArn), null),
        KeyPairSpec.ECC_NIST_P256,
        period,
        Duration.ofSeconds(60),
        OnKmsOutage.WRAP_WITH_LAST_KNOWN_KEK);
  }

  private static <T> T await(Uni<T> uni) {
    return uni.await().atMost(Duration.ofSeconds(20));
  }
}
