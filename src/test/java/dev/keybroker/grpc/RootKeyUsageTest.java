package dev.keybroker.grpc;

import static dev.keybroker.keystore.TenantAccount.BROKER_STATEMENT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.util.Durations;
import com.google.protobuf.util.Timestamps;
import dev.keybroker.embedded.BrokerAddress;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.keystore.TenantAccount;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.DisableKekRequest;
import dev.keybroker.v1.GetKeystoreUsageRequest;
import dev.keybroker.v1.GetRootKeyUsageRequest;
import dev.keybroker.v1.Kek;
import dev.keybroker.v1.KekState;
import dev.keybroker.v1.KekUsage;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.KeyUsage;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.KeystoreUsage;
import dev.keybroker.v1.KmsRequests;
import dev.keybroker.v1.RewrapDekRequest;
import dev.keybroker.v1.RootKey;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.ScheduleKekDestructionRequest;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.UpdateKeystoreRequest;
import dev.keybroker.v1.WrapDekRequest;
import dev.keybroker.v1.WrapDekResponse;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// What the broker says still needs a KMS key, and its refusal to destroy a KEK that is in use.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class RootKeyUsageTest {
  private static final String ALIAS = "arn:aws:kms:eu-central-1:666677778888:alias/";

  EmbeddedServices services;
  BrokerAddress address;

  private final String tenant = "tenants/t-" + UUID.randomUUID();
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
  void usage_countsKeksByStateAndUses_andNamesWhatNeedsTheKey() {
    Instant start = Instant.now().minusSeconds(1);
    String key = account.newKey(BROKER_STATEMENT);
    Keystore calls = create("calls", key);
    create("chats", key);
    WrapDekResponse wrapped = wrap(calls);
    unwrap(calls, wrapped);
    client
        .broker()
        .rewrapDek(
            RewrapDekRequest.newBuilder()
                .setKeystore(calls.getName())
                .setWrappedDek(wrapped.getWrappedDek())
                .build());
    rotate(calls);
    rotate(calls);
    String disabled = rotateAndReturnPrevious(calls);
    client.keystores().disableKek(DisableKekRequest.newBuilder().setName(disabled).build());
    String scheduled = rotateAndReturnPrevious(calls);
    schedule(scheduled, false);

    Eventually.holds(() -> assertEquals(1, usage("").getFirst().getWraps30D()));
    KeyUsage usage = usage(key).getFirst();

    assertEquals(List.of(usage), usage(""));
    assertEquals(key, usage.getKeyArn());
    assertEquals(2, usage.getActiveKeks());
    assertEquals(4, usage.getRetiredKeks());
    assertEquals(1, usage.getDisabledKeks());
    assertEquals(1, usage.getDestroyScheduledKeks());
    assertEquals(
        List.of(tenant + "/keystores/calls", tenant + "/keystores/chats"),
        usage.getKeystoresList());
    assertEquals(2, usage.getUnwraps30D());
    assertTrue(Timestamps.toMillis(usage.getLastDecryptTime()) >= start.toEpochMilli());
    assertFalse(usage.getSafeToDisable());
    String needs = String.join("\n", usage.getNeededByList());
    assertTrue(needs.contains("keystores/calls: unwraps under 4 RETIRED KEKs"), needs);
    assertTrue(needs.contains("keystores/calls: 1 DISABLED KEK"), needs);
    assertTrue(needs.contains("keystores/chats: its ACTIVE KEK"), needs);
    assertTrue(needs.contains("the keystore's root key"), needs);
  }

  @Test
  void key_thatNoKekNeedsAnyMore_isSafeToDisable_andNoOtherKeyIs() {
    String old = account.newKey(BROKER_STATEMENT);
    String present = account.newKey(BROKER_STATEMENT);
    Keystore keystore = create("calls", old);
    client
        .keystores()
        .updateKeystore(
            UpdateKeystoreRequest.newBuilder()
                .setKeystore(withKey(keystore.toBuilder(), present))
                .build());
    assertFalse(usage(old).getFirst().getSafeToDisable());

    schedule(keystore.getActiveKek(), false);

    KeyUsage safe = usage(old).getFirst();
    assertTrue(safe.getSafeToDisable(), safe.toString());
    assertEquals(List.of(), safe.getNeededByList());
    assertEquals(1, safe.getDestroyScheduledKeks());
    assertFalse(usage(present).getFirst().getSafeToDisable());
    assertEquals(2, usage("").size());
  }

  @Test
  void alias_namesTheKeysOfItsKeystoresKeks_alsoAfterItMoved() {
    String first = account.newKey(BROKER_STATEMENT);
    String second = account.newKey(BROKER_STATEMENT);
    String alias = "u-" + UUID.randomUUID();
    account.kms().createAlias(r -> r.aliasName("alias/" + alias).targetKeyId(first));
    Keystore keystore = create("calls", ALIAS + alias);
    create("other", account.newKey(BROKER_STATEMENT));
    account.kms().updateAlias(r -> r.aliasName("alias/" + alias).targetKeyId(second));
    rotate(keystore);

    assertEquals(
        List.of(first, second).stream().sorted().toList(),
        usage(ALIAS + alias).stream().map(KeyUsage::getKeyArn).toList());
    assertEquals(List.of(), usage(ALIAS + "unknown"));
  }

  @Test
  void kek_thatUnwrappedRecently_isDestroyedOnlyByForce() {
    Keystore keystore = create("calls", account.newKey(BROKER_STATEMENT));
    WrapDekResponse wrapped = wrap(keystore);
    unwrap(keystore, wrapped);
    StatusRuntimeException active =
        assertThrows(StatusRuntimeException.class, () -> schedule(keystore.getActiveKek(), false));
    assertEquals("FAILED_PRECONDITION/KEK_ACTIVE", BrokerClient.reason(active));
    rotate(keystore);

    StatusRuntimeException refusal =
        assertThrows(StatusRuntimeException.class, () -> schedule(keystore.getActiveKek(), false));

    assertEquals("FAILED_PRECONDITION/KEK_IN_USE", BrokerClient.reason(refusal));
    assertTrue(
        refusal.getStatus().getDescription().contains(keystore.getActiveKek()),
        refusal.getMessage());
    Kek scheduled = schedule(keystore.getActiveKek(), true);
    assertEquals(KekState.KEK_STATE_DESTROY_SCHEDULED, scheduled.getState());
  }

  @Test
  void usage_countsTheTenantsRequestsToKms_byPrice() {
    String alias = "alias/r-" + UUID.randomUUID();
    String key = account.newKey(BROKER_STATEMENT);
    account.kms().createAlias(r -> r.aliasName(alias).targetKeyId(key));
    Keystore keystore =
        create("calls", "arn:aws:kms:eu-central-1:666677778888:" + alias, Duration.ZERO);
    KmsRequests created = usage(key).getFirst().getKmsRequests();
    // The test and the first KEK each make a pair.
    assertEquals(2, created.getEccKeyPairs());
    assertEquals(0, created.getRsaKeyPairs());
    assertTrue(created.getSymmetric() > 0, created::toString);

    unwrap(keystore, wrap(keystore));
    KmsRequests used = usage(key).getFirst().getKmsRequests();
    assertTrue(used.getSymmetric() > created.getSymmetric(), used::toString);
    assertEquals(created.getStartTime(), used.getStartTime());

    client.create("tenants/t-" + UUID.randomUUID(), "others", key);
    KmsRequests after = usage(key).getFirst().getKmsRequests();
    assertEquals(0, after.getRsaKeyPairs(), after::toString);
    assertEquals(2, after.getEccKeyPairs(), after::toString);
  }

  @Test
  void keystore_whoseKeyIsWithdrawn_countsRefusedUnwraps_untilTheyWorkAgain() {
    Instant start = Instant.now().minusSeconds(1);
    String key = account.newKey(BROKER_STATEMENT);
    Keystore keystore = create("calls", key, Duration.ZERO);
    WrapDekResponse wrapped = wrap(keystore);
    unwrap(keystore, wrapped);
    Kek next = rotate(keystore);
    Eventually.holds(() -> assertEquals(1, keystoreUsage(keystore).getKeks(1).getWraps30D()));
    KeystoreUsage used = keystoreUsage(keystore);
    assertEquals(
        List.of(next.getName(), keystore.getActiveKek()),
        used.getKeksList().stream().map(KekUsage::getKek).toList());
    assertEquals(KekState.KEK_STATE_RETIRED, used.getKeks(1).getState());
    assertEquals(1, used.getKeks(1).getUnwraps30D());
    assertTrue(Timestamps.toMillis(used.getKeks(1).getLastDecryptTime()) >= start.toEpochMilli());
    assertFalse(used.getKeks(0).hasLastDecryptTime());
    assertEquals(0, used.getRefusedUnwraps());
    assertFalse(used.hasFirstRefusedTime());

    KeystoreUsage notCounted =
        client
            .keystores()
            .getKeystoreUsage(
                GetKeystoreUsageRequest.newBuilder()
                    .setName(keystore.getName())
                    .setWithoutCounts(true)
                    .build());
    KeystoreUsage.Builder expected = used.toBuilder();
    expected.getKeksBuilderList().forEach(kek -> kek.setWraps30D(-1).setUnwraps30D(-1));
    assertEquals(expected.build(), notCounted);

    account.kms().disableKey(r -> r.keyId(key));
    assertThrows(StatusRuntimeException.class, () -> unwrap(keystore, wrapped));
    assertThrows(StatusRuntimeException.class, () -> unwrap(keystore, wrapped));
    Eventually.holds(() -> assertEquals(2, keystoreUsage(keystore).getRefusedUnwraps()));
    KeystoreUsage withdrawn = keystoreUsage(keystore);
    assertTrue(
        Timestamps.compare(withdrawn.getFirstRefusedTime(), withdrawn.getLastRefusedTime()) < 0);
    assertTrue(
        Timestamps.compare(used.getKeks(1).getLastDecryptTime(), withdrawn.getFirstRefusedTime())
            < 0);

    account.kms().enableKey(r -> r.keyId(key));
    Eventually.holds(() -> unwrap(keystore, wrapped));
    assertEquals(0, keystoreUsage(keystore).getRefusedUnwraps());
  }

  private KeystoreUsage keystoreUsage(Keystore keystore) {
    return client
        .keystores()
        .getKeystoreUsage(GetKeystoreUsageRequest.newBuilder().setName(keystore.getName()).build());
  }

  private Keystore create(String id, String keyArn) {
    return create(id, keyArn, Duration.ofSeconds(60));
  }

  private Keystore create(String id, String keyArn, Duration lifetime) {
    return client
        .keystores()
        .createKeystore(
            CreateKeystoreRequest.newBuilder()
                .setParent(tenant)
                .setKeystoreId(id)
                .setKeystore(
                    withKey(
                        Keystore.newBuilder()
                            .setKeyPairSpec(KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256)
                            .setPrivateKekLifetime(Durations.fromSeconds(lifetime.toSeconds())),
                        keyArn))
                .build());
  }

  private static Keystore.Builder withKey(Keystore.Builder keystore, String keyArn) {
    return keystore.setRootKey(
        RootKey.newBuilder().setAwsKms(AwsKmsKey.newBuilder().setKeyArn(keyArn)));
  }

  private List<KeyUsage> usage(String keyArn) {
    return client
        .keystores()
        .getRootKeyUsage(
            GetRootKeyUsageRequest.newBuilder().setParent(tenant).setKeyArn(keyArn).build())
        .getKeysList();
  }

  private Kek rotate(Keystore keystore) {
    return client
        .keystores()
        .rotateKek(RotateKekRequest.newBuilder().setName(keystore.getName()).build());
  }

  private String rotateAndReturnPrevious(Keystore keystore) {
    String previous = rotate(keystore).getName();
    rotate(keystore);
    return previous;
  }

  private Kek schedule(String kek, boolean force) {
    return client
        .keystores()
        .scheduleKekDestruction(
            ScheduleKekDestructionRequest.newBuilder().setName(kek).setForce(force).build());
  }

  private WrapDekResponse wrap(Keystore keystore) {
    return client
        .broker()
        .wrapDek(WrapDekRequest.newBuilder().setKeystore(keystore.getName()).build());
  }

  private void unwrap(Keystore keystore, WrapDekResponse wrapped) {
    client
        .broker()
        .unwrapDek(
            UnwrapDekRequest.newBuilder()
                .setKeystore(keystore.getName())
                .setWrappedDek(wrapped.getWrappedDek())
                .build());
  }
}
