package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.DeleteKeystoreRequest;
import dev.keybroker.v1.DisableKekRequest;
import dev.keybroker.v1.GetKekRequest;
import dev.keybroker.v1.GetKeystoreRequest;
import dev.keybroker.v1.Kek;
import dev.keybroker.v1.KekState;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.KeystoreState;
import dev.keybroker.v1.KeystoresGrpc;
import dev.keybroker.v1.ListKeystoresRequest;
import dev.keybroker.v1.RestoreKekRequest;
import dev.keybroker.v1.RestoreKeystoreRequest;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.UpdateKeystoreRequest;
import dev.keybroker.v1.WrapDekResponse;
import io.grpc.Status.Code;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The deletion of a keystore, from its schedule to the name that is not used again.
@QuarkusTest
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class KeystoreDeletionTest extends BrokerTestCase {
  @Inject DataSource database;

  private KeystoresGrpc.KeystoresBlockingStub control;

  @BeforeEach
  void control() {
    control = KeystoresGrpc.newBlockingStub(channel);
  }

  @Test
  void deletion_endsWrapsAndUnwraps_andCanBeCancelled() {
    TestKeystores.TestKeystore keystore = keystores.fresh();
    String first = get(keystore).getActiveKek();
    rotate(keystore);
    control.disableKek(DisableKekRequest.newBuilder().setName(first).build());
    String second = get(keystore).getActiveKek();
    WrapDekResponse wrapped = wrap(keystore);
    rotate(keystore);
    String active = get(keystore).getActiveKek();
    assertEquals(wrapped.getDek(), unwrap(keystore, wrapped.getWrappedDek()));

    assertRefused(Code.FAILED_PRECONDITION, "KEYSTORE_HAS_KEKS", () -> delete(keystore, "", false));
    assertRefused(Code.ABORTED, "ETAG_MISMATCH", () -> delete(keystore, "ffff", true));
    delete(keystore, get(keystore).getEtag(), true);
    delete(keystore, "", true);

    Keystore deleted = get(keystore);
    assertEquals(KeystoreState.KEYSTORE_STATE_DELETE_SCHEDULED, deleted.getState());
    assertTrue(deleted.hasDeleteTime());
    assertEquals("", deleted.getActiveKek());
    for (String kek : List.of(first, second, active)) {
      assertEquals(KekState.KEK_STATE_DESTROY_SCHEDULED, kek(kek).getState());
      assertEquals(deleted.getDeleteTime(), kek(kek).getDestroyTime());
    }
    Eventually.holds(
        () ->
            assertRefused(
                Code.FAILED_PRECONDITION, "KEYSTORE_HAS_NO_ACTIVE_KEK", () -> wrap(keystore)));
    Eventually.holds(
        () ->
            assertRefused(
                Code.FAILED_PRECONDITION,
                "KEK_DISABLED",
                () -> unwrap(keystore, wrapped.getWrappedDek())));
    assertRefusesChanges(keystore, first);

    Keystore restored =
        control.restoreKeystore(
            RestoreKeystoreRequest.newBuilder().setName(keystore.name()).build());

    assertEquals(KeystoreState.KEYSTORE_STATE_ACTIVE, restored.getState());
    assertFalse(restored.hasDeleteTime());
    assertEquals(active, restored.getActiveKek());
    assertEquals(KekState.KEK_STATE_DISABLED, kek(first).getState());
    assertEquals(KekState.KEK_STATE_RETIRED, kek(second).getState());
    assertFalse(kek(active).hasRetireTime());
    Eventually.holds(() -> assertEquals(active, wrap(keystore).getKek()));
    Eventually.holds(
        () -> assertEquals(wrapped.getDek(), unwrap(keystore, wrapped.getWrappedDek())));
    rotate(keystore);
  }

  private void assertRefusesChanges(TestKeystores.TestKeystore keystore, String kek) {
    for (org.junit.jupiter.api.function.Executable change :
        List.<org.junit.jupiter.api.function.Executable>of(
            () -> rotate(keystore),
            () ->
                control.updateKeystore(
                    UpdateKeystoreRequest.newBuilder()
                        .setKeystore(
                            Keystore.newBuilder().setName(keystore.name()).setDisplayName("late"))
                        .build()),
            () -> control.restoreKek(RestoreKekRequest.newBuilder().setName(kek).build()))) {
      assertRefused(Code.FAILED_PRECONDITION, "KEYSTORE_DELETE_SCHEDULED", change);
    }
  }

  @Test
  void keystore_whoseLastKekIsDestroyed_isGone_andItsNameIsNotUsedAgain() throws SQLException {
    TestKeystores.TestKeystore keystore = keystores.fresh();
    Keystore before = get(keystore);
    delete(keystore, "", true);
    makeDue(keystore);

    Eventually.holds(
        () -> assertRefused(Code.NOT_FOUND, "KEYSTORE_NOT_FOUND", () -> get(keystore)));

    assertRefused(Code.NOT_FOUND, "KEYSTORE_NOT_FOUND", () -> delete(keystore, "", true));
    assertRefused(
        Code.NOT_FOUND,
        "KEYSTORE_NOT_FOUND",
        () ->
            control.restoreKeystore(
                RestoreKeystoreRequest.newBuilder().setName(keystore.name()).build()));
    assertEquals(
        0,
        control
            .listKeystores(
                ListKeystoresRequest.newBuilder()
                    .setParent("tenants/" + keystore.keystore().tenant())
                    .build())
            .getKeystoresCount());
    assertEquals(KekState.KEK_STATE_DESTROYED, kek(before.getActiveKek()).getState());
    assertRefused(
        Code.ALREADY_EXISTS,
        "KEYSTORE_DELETED",
        () ->
            control.createKeystore(
                CreateKeystoreRequest.newBuilder()
                    .setParent("tenants/" + keystore.keystore().tenant())
                    .setKeystoreId(keystore.keystore().keystore())
                    .setKeystore(Keystore.newBuilder().setRootKey(before.getRootKey()))
                    .build()));
  }

  private void makeDue(TestKeystores.TestKeystore keystore) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(
          "update kek set destroy_time = now() - interval '1 second' where tenant = '%s'"
              .formatted(keystore.keystore().tenant()));
    }
  }

  private Keystore get(TestKeystores.TestKeystore keystore) {
    return control.getKeystore(GetKeystoreRequest.newBuilder().setName(keystore.name()).build());
  }

  private Kek kek(String name) {
    return control.getKek(GetKekRequest.newBuilder().setName(name).build());
  }

  private void rotate(TestKeystores.TestKeystore keystore) {
    control.rotateKek(RotateKekRequest.newBuilder().setName(keystore.name()).build());
  }

  private void delete(TestKeystores.TestKeystore keystore, String etag, boolean force) {
    control.deleteKeystore(
        DeleteKeystoreRequest.newBuilder()
            .setName(keystore.name())
            .setEtag(etag)
            .setForce(force)
            .build());
  }
}
