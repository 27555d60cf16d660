package dev.keybroker.grpc;

import static dev.keybroker.keystore.TenantAccount.BROKER_STATEMENT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.FieldMask;
import com.google.protobuf.util.Durations;
import com.google.protobuf.util.Timestamps;
import dev.keybroker.embedded.BrokerAddress;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.keystore.TenantAccount;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.BrokerManagedKey;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.DisableKekRequest;
import dev.keybroker.v1.EnableKekRequest;
import dev.keybroker.v1.GetKekRequest;
import dev.keybroker.v1.GetKeystoreRequest;
import dev.keybroker.v1.Kek;
import dev.keybroker.v1.KekOrigin;
import dev.keybroker.v1.KekState;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.ListKeksRequest;
import dev.keybroker.v1.ListKeksResponse;
import dev.keybroker.v1.ListKeystoresRequest;
import dev.keybroker.v1.ListKeystoresResponse;
import dev.keybroker.v1.OnKmsOutage;
import dev.keybroker.v1.RestoreKekRequest;
import dev.keybroker.v1.RootKey;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.RotationPeriod;
import dev.keybroker.v1.ScheduleKekDestructionRequest;
import dev.keybroker.v1.TestKeystoreRequest;
import dev.keybroker.v1.TestKeystoreResponse;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.UpdateKeystoreRequest;
import dev.keybroker.v1.WrapDekRequest;
import dev.keybroker.v1.WrapDekResponse;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.time.Duration;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import software.amazon.awssdk.services.kms.model.KeySpec;
import software.amazon.awssdk.services.kms.model.KeyUsageType;
import software.amazon.awssdk.services.kms.model.OriginType;

@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class ControlPlaneTest {
  EmbeddedServices services;
  BrokerAddress address;

  private TenantAccount account;
  private BrokerClient client;

  @BeforeEach
  void connect() {
    account = new TenantAccount(services, "666677778888");
    client = new BrokerClient("127.0.0.1", address.grpcPort());
  }

  @AfterEach
  void disconnect() {
    client.close();
    account.close();
  }

  @Test
  void update_maskAndEtag_changeWhatTheySay() {
    Keystore created = create("update", account.newKey(BROKER_STATEMENT));
    Keystore renamed =
        update(
            created.toBuilder()
                .setDisplayName("Screens")
                .setRotationPeriod(RotationPeriod.ROTATION_PERIOD_DAILY)
                .build(),
            false,
            "display_name");
    assertEquals("Screens", renamed.getDisplayName());
    assertEquals(RotationPeriod.ROTATION_PERIOD_NEVER, renamed.getRotationPeriod());
    assertEquals(created.getActiveKek(), renamed.getActiveKek());
    assertNotEquals(created.getEtag(), renamed.getEtag());
    assertRefused(
        "ABORTED/ETAG_MISMATCH",
        () -> update(created.toBuilder().setDisplayName("Late").build(), false, "display_name"));
    assertRefused(
        "INVALID_ARGUMENT/REQUEST_INVALID",
        () ->
            update(renamed.toBuilder().setDisplayName("a\u0000b").build(), false, "display_name"));

    Keystore daily =
        update(
            Keystore.newBuilder()
                .setName(created.getName())
                .setRotationPeriod(RotationPeriod.ROTATION_PERIOD_DAILY)
                .build(),
            false);
    Kek active = kek(daily.getActiveKek());
    assertEquals(
        Timestamps.add(active.getActiveTime(), Durations.fromDays(1)), daily.getNextRotationTime());
    assertEquals("Screens", daily.getDisplayName());
    Keystore defaults = update(daily.toBuilder().clearDisplayName().build(), false, "*");
    assertEquals("", defaults.getDisplayName());
  }

  @Test
  void update_rootKey_isTestedAndMakesAKekAtOnce() {
    Keystore created = create("root-key", account.newKey(BROKER_STATEMENT));
    String wrapped = wrap(created).getKek();
    String refusing = account.newKey();
    assertRefused(
        "FAILED_PRECONDITION/KEYSTORE_TEST_FAILED",
        () -> update(withKey(created, refusing), false, "root_key"));
    assertEquals(created, get(created.getName()));
    String other = account.newKey(BROKER_STATEMENT);
    Keystore preview = update(withKey(created, other), true, "root_key");
    assertEquals(other, preview.getRootKey().getAwsKms().getKeyArn());
    assertEquals(created, get(created.getName()));
    Keystore moved = update(withKey(created, other), false, "root_key");
    assertNotEquals(wrapped, moved.getActiveKek());
    assertEquals(other, kek(moved.getActiveKek()).getRootKeyArn());
    Eventually.holds(
        Duration.ofSeconds(1), () -> assertEquals(moved.getActiveKek(), wrap(created).getKek()));
  }

  @Test
  void create_validateOnly_savesNothing() {
    CreateKeystoreRequest request =
        request("dry", account.newKey(BROKER_STATEMENT)).toBuilder().setValidateOnly(true).build();
    Keystore preview = client.keystores().createKeystore(request);
    assertEquals("tenants/control/keystores/dry", preview.getName());
    assertEquals("", preview.getEtag());
    assertRefused("NOT_FOUND/KEYSTORE_NOT_FOUND", () -> get(preview.getName()));
  }

  @Test
  void create_unfitKeys_areRefusedAtDescribeKey() {
    String asymmetric =
        account
            .kms()
            .createKey(r -> r.keySpec(KeySpec.RSA_2048).keyUsage(KeyUsageType.SIGN_VERIFY))
            .keyMetadata()
            .arn();
    account.putKeyPolicy(asymmetric, BROKER_STATEMENT);
    assertFailsAtDescribe(asymmetric, "SYMMETRIC_DEFAULT");
    String disabled = account.newKey(BROKER_STATEMENT);
    account.kms().disableKey(r -> r.keyId(disabled));
    assertFailsAtDescribe(disabled, "enable-key");
    String pending = account.newKey(BROKER_STATEMENT);
    account.kms().scheduleKeyDeletion(r -> r.keyId(pending));
    assertFailsAtDescribe(pending, "cancel-key-deletion");
    assertFailsAtDescribe("arn:aws:kms:eu-central-1:666677778888:alias/nowhere", "alias/nowhere");
  }

  @Test
  void failClosed_savedAndChanged_isReadBack() {
    CreateKeystoreRequest request = request("closed", account.newKey(BROKER_STATEMENT));
    Keystore created =
        client
            .keystores()
            .createKeystore(
                request.toBuilder()
                    .setKeystore(
                        request.getKeystore().toBuilder()
                            .setOnKmsOutage(OnKmsOutage.ON_KMS_OUTAGE_FAIL_CLOSED))
                    .build());
    assertEquals(OnKmsOutage.ON_KMS_OUTAGE_FAIL_CLOSED, created.getOnKmsOutage());
    Keystore updated =
        client
            .keystores()
            .updateKeystore(
                UpdateKeystoreRequest.newBuilder()
                    .setKeystore(
                        Keystore.newBuilder()
                            .setName(created.getName())
                            .setOnKmsOutage(OnKmsOutage.ON_KMS_OUTAGE_WRAP_WITH_LAST_KNOWN_KEK))
                    .build());
    assertEquals(OnKmsOutage.ON_KMS_OUTAGE_WRAP_WITH_LAST_KNOWN_KEK, updated.getOnKmsOutage());
  }

  @Test
  void create_brokerManagedNotOffered_isRequestInvalid() {
    assertRefused(
        "INVALID_ARGUMENT/REQUEST_INVALID",
        () ->
            client
                .keystores()
                .createKeystore(
                    request("managed", "").toBuilder()
                        .setKeystore(
                            Keystore.newBuilder()
                                .setRootKey(
                                    RootKey.newBuilder()
                                        .setBrokerManaged(BrokerManagedKey.getDefaultInstance())))
                        .build()));
  }

  @Test
  void create_keyInACustomKeyStore_hasItsPairMadeHere() {
    String key =
        account
            .kms()
            .createKey(r -> r.origin(OriginType.AWS_CLOUDHSM).customKeyStoreId("cks-1"))
            .keyMetadata()
            .arn();
    account.putKeyPolicy(key, BROKER_STATEMENT);
    Keystore created = create("hsm", key);
    Kek kek = kek(created.getActiveKek());
    assertEquals(KekOrigin.KEK_ORIGIN_BROKER_GENERATED, kek.getOrigin());
    assertEquals(key, kek.getRootKeyArn());
    WrapDekResponse wrapped = wrap(created);
    assertEquals(wrapped.getDek(), unwrap(created, wrapped).getDek());
  }

  @Test
  void lists_pageByPage_areWholeAndInOrder() {
    String key = account.newKey(BROKER_STATEMENT);
    for (String id : new String[] {"c", "a", "b"}) {
      client
          .keystores()
          .createKeystore(request(id, key).toBuilder().setParent("tenants/paged").build());
    }
    ListKeystoresRequest.Builder page =
        ListKeystoresRequest.newBuilder().setParent("tenants/paged").setPageSize(2);
    ListKeystoresResponse first = client.keystores().listKeystores(page.build());
    ListKeystoresResponse second =
        client.keystores().listKeystores(page.setPageToken(first.getNextPageToken()).build());
    assertEquals("tenants/paged/keystores/a", first.getKeystores(0).getName());
    assertEquals("tenants/paged/keystores/b", first.getKeystores(1).getName());
    assertEquals("tenants/paged/keystores/c", second.getKeystores(0).getName());
    assertEquals("", second.getNextPageToken());
    assertRefused(
        "INVALID_ARGUMENT/REQUEST_INVALID",
        () -> client.keystores().listKeystores(page.setParent("tenants/control").build()));

    String name = "tenants/paged/keystores/a";
    String newest = rotate(name).getName();
    ListKeksRequest.Builder keks = ListKeksRequest.newBuilder().setParent(name).setPageSize(1);
    ListKeksResponse head = client.keystores().listKeks(keks.build());
    assertEquals(newest, head.getKeks(0).getName());
    ListKeksResponse tail =
        client.keystores().listKeks(keks.setPageToken(head.getNextPageToken()).build());
    assertEquals(first.getKeystores(0).getActiveKek(), tail.getKeks(0).getName());
    assertEquals("", tail.getNextPageToken());
  }

  @Test
  void kek_throughItsLife_unwrapsAsItsStateSays() {
    Keystore created = create("life", account.newKey(BROKER_STATEMENT));
    String old = created.getActiveKek();
    WrapDekResponse wrapped = wrap(created);
    assertRefused("FAILED_PRECONDITION/KEK_ACTIVE", () -> disable(old));
    assertRefused("FAILED_PRECONDITION/KEK_ACTIVE", () -> schedule(old));
    rotate(created.getName());
    assertEquals(wrapped.getDek(), unwrap(created, wrapped).getDek());

    assertEquals(KekState.KEK_STATE_DISABLED, disable(old).getState());
    Eventually.holds(
        Duration.ofSeconds(1),
        () -> assertRefused("FAILED_PRECONDITION/KEK_DISABLED", () -> unwrap(created, wrapped)));
    assertRefused("FAILED_PRECONDITION/KEK_STATE_INVALID", () -> restore(old));
    assertEquals(KekState.KEK_STATE_RETIRED, enable(old).getState());
    Eventually.holds(
        Duration.ofSeconds(1),
        () -> assertEquals(wrapped.getDek(), unwrap(created, wrapped).getDek()));

    Kek scheduled = schedule(old);
    assertEquals(KekState.KEK_STATE_DESTROY_SCHEDULED, scheduled.getState());
    assertTrue(scheduled.hasDestroyTime());
    Eventually.holds(
        Duration.ofSeconds(1),
        () -> assertRefused("FAILED_PRECONDITION/KEK_DISABLED", () -> unwrap(created, wrapped)));
    assertRefused("FAILED_PRECONDITION/KEK_STATE_INVALID", () -> enable(old));
    Kek restored = restore(old);
    assertEquals(KekState.KEK_STATE_DISABLED, restored.getState());
    assertFalse(restored.hasDestroyTime());
    assertRefused(
        "NOT_FOUND/KEK_NOT_FOUND", () -> kek(old.replace("keystores/life", "keystores/other")));
  }

  @Test
  void test_ofAnAlias_warnsOfTheMultiRegionKeyThatItPointsTo() {
    String key = account.kms().createKey(r -> r.multiRegion(true)).keyMetadata().arn();
    account.putKeyPolicy(key, BROKER_STATEMENT);
    String alias = account.alias("test-" + UUID.randomUUID(), key);

    TestKeystoreResponse ofKey = test(key);
    TestKeystoreResponse ofAlias = test(alias);

    assertTrue(ofAlias.getPassed(), ofAlias::toString);
    assertEquals(1, ofAlias.getWarningsCount(), ofAlias::toString);
    assertTrue(ofAlias.getWarnings(0).contains("a multi-Region key"), ofAlias::toString);
    assertEquals(ofKey.getWarningsList(), ofAlias.getWarningsList());
    assertEquals(0, test(account.newKey(BROKER_STATEMENT)).getWarningsCount());
  }

  private TestKeystoreResponse test(String keyArn) {
    return client
        .keystores()
        .testKeystore(
            TestKeystoreRequest.newBuilder()
                .setKeystore(
                    withKey(
                        Keystore.newBuilder().setName("tenants/control/keystores/tested").build(),
                        keyArn))
                .build());
  }

  private void assertFailsAtDescribe(String keyArn, String hint) {
    TestKeystoreResponse response = test(keyArn);
    assertFalse(response.getPassed());
    assertEquals("describe_key", response.getSteps(0).getName());
    assertTrue(response.getSteps(0).getError().getHint().contains(hint), response.toString());
  }

  private static CreateKeystoreRequest request(String id, String keyArn) {
    return CreateKeystoreRequest.newBuilder()
        .setParent("tenants/control")
        .setKeystoreId(id)
        .setKeystore(
            withKey(
                Keystore.newBuilder()
                    .setKeyPairSpec(KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P384)
                    .build(),
                keyArn))
        .build();
  }

  private static Keystore withKey(Keystore keystore, String keyArn) {
    return keystore.toBuilder()
        .setRootKey(RootKey.newBuilder().setAwsKms(AwsKmsKey.newBuilder().setKeyArn(keyArn)))
        .build();
  }

  private Keystore create(String id, String keyArn) {
    return client.keystores().createKeystore(request(id, keyArn));
  }

  private Keystore get(String name) {
    return client.keystores().getKeystore(GetKeystoreRequest.newBuilder().setName(name).build());
  }

  private Keystore update(Keystore keystore, boolean validateOnly, String... paths) {
    UpdateKeystoreRequest.Builder request =
        UpdateKeystoreRequest.newBuilder().setKeystore(keystore).setValidateOnly(validateOnly);
    if (paths.length > 0) {
      request.setUpdateMask(FieldMask.newBuilder().addAllPaths(java.util.List.of(paths)));
    }
    return client.keystores().updateKeystore(request.build());
  }

  private Kek kek(String name) {
    return client.keystores().getKek(GetKekRequest.newBuilder().setName(name).build());
  }

  private Kek rotate(String keystore) {
    return client.keystores().rotateKek(RotateKekRequest.newBuilder().setName(keystore).build());
  }

  private Kek disable(String kek) {
    return client.keystores().disableKek(DisableKekRequest.newBuilder().setName(kek).build());
  }

  private Kek enable(String kek) {
    return client.keystores().enableKek(EnableKekRequest.newBuilder().setName(kek).build());
  }

  private Kek schedule(String kek) {
    return client
        .keystores()
        .scheduleKekDestruction(
            ScheduleKekDestructionRequest.newBuilder().setName(kek).setForce(true).build());
  }

  private Kek restore(String kek) {
    return client.keystores().restoreKek(RestoreKekRequest.newBuilder().setName(kek).build());
  }

  private WrapDekResponse wrap(Keystore keystore) {
    return client
        .broker()
        .wrapDek(WrapDekRequest.newBuilder().setKeystore(keystore.getName()).build());
  }

  private dev.keybroker.v1.UnwrapDekResponse unwrap(Keystore keystore, WrapDekResponse wrapped) {
    return client
        .broker()
        .unwrapDek(
            UnwrapDekRequest.newBuilder()
                .setKeystore(keystore.getName())
                .setWrappedDek(wrapped.getWrappedDek())
                .build());
  }

  private static void assertRefused(String reason, Executable call) {
    assertEquals(reason, BrokerClient.reason(assertThrows(StatusRuntimeException.class, call)));
  }
}
