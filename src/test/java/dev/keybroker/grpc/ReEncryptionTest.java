package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.FieldMask;
import com.google.protobuf.util.Durations;
import dev.keybroker.access.Caller;
import dev.keybroker.audit.AuditQuery;
import dev.keybroker.audit.AuditStore;
import dev.keybroker.audit.AuditTrail;
import dev.keybroker.audit.ChainedRecord;
import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.embedded.kms.Fault;
import dev.keybroker.kek.KekCacheConfig;
import dev.keybroker.kek.KekCopies;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.Backoff;
import dev.keybroker.keystore.Diagnosis;
import dev.keybroker.keystore.PrivateKeyMove;
import dev.keybroker.keystore.ReEncryptionConfig;
import dev.keybroker.keystore.ReEncryptionSweep;
import dev.keybroker.keystore.ReEncryptions;
import dev.keybroker.keystore.RotationConfig;
import dev.keybroker.keystore.TenantAccount;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.Kms;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsContext;
import dev.keybroker.kms.KmsKey;
import dev.keybroker.kms.QuotaGate;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.GetKeystoreRequest;
import dev.keybroker.v1.GetOnboardingRequest;
import dev.keybroker.v1.GetRootKeyUsageRequest;
import dev.keybroker.v1.Kek;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.KeyUsage;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.KeystoresGrpc;
import dev.keybroker.v1.ListKeksRequest;
import dev.keybroker.v1.Onboarding;
import dev.keybroker.v1.ReEncryptKeksRequest;
import dev.keybroker.v1.ReEncryption;
import dev.keybroker.v1.RootKey;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.TestKeystoreRequest;
import dev.keybroker.v1.UpdateKeystoreRequest;
import dev.keybroker.v1.WrapDekResponse;
import io.grpc.Status.Code;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.Cancellable;
import jakarta.inject.Inject;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.kms.model.CreateGrantResponse;

/// The move of a keystore's private keys to another root key. The broker under test does not sweep
/// by itself: each test does, and stops where it needs to.
@QuarkusTest
@TestProfile(ReEncryptionTest.NoSweeps.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class ReEncryptionTest extends BrokerTestCase {
  /// A broker that does nothing by itself.
  public static final class NoSweeps implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      return Map.of("keybroker.rotation.every", "1H", "keybroker.kek.freshness", "1s");
    }
  }

  private static final String ACCOUNT = "777788889999";
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int ROTATIONS = 20;
  private static final String[] OPERATIONS = {
    "DescribeKey", "GenerateDataKeyPairWithoutPlaintext", "Decrypt", "ReEncryptFrom", "ReEncryptTo"
  };

  @Inject ReEncryptionSweep sweep;
  @Inject ReEncryptions reEncryptions;
  @Inject Kms kms;
  @Inject QuotaGate gate;
  @Inject KeyCodec codec;
  @Inject KekCopies copies;
  @Inject Diagnosis diagnosis;
  @Inject AuditTrail audit;
  @Inject Backoff backoff;
  @Inject RotationConfig rotations;
  @Inject ReEncryptionConfig config;
  @Inject KekCacheConfig records;
  @Inject Clock clock;
  @Inject MeterRegistry registry;
  @Inject AuditStore log;
  @Inject DataSource database;

  private final String tenant = "t-" + UUID.randomUUID();
  private final KeystoreName name = new KeystoreName(tenant, "calls");
  private KeystoresGrpc.KeystoresBlockingStub control;
  private TenantAccount account;
  private String first;
  private String second;
  private String alias;

  @BeforeEach
  void makeKeys() {
    control = KeystoresGrpc.newBlockingStub(channel);
    account = new TenantAccount(services, ACCOUNT);
    first = account.newKey();
    second = account.newKey();
    alias = account.alias(tenant, first);
  }

  @AfterEach
  void closeAccount() {
    account.close();
  }

  @Test
  void keyChange_killedTwiceInTheMiddle_completes_andTheOldKeyMayGo() {
    List<WrapDekResponse> wrapped = onboardedAndRotated();
    account.alias(tenant, second);
    Keystore updated = moveTo(byGrant(grant(second)));
    assertEquals(ReEncryption.State.STATE_IN_PROGRESS, updated.getReEncryption().getState());
    assertEquals(second, updated.getReEncryption().getRootKeyArn());

    stopAfter(5);
    expireLease();
    stopAfter(7);
    assertEquals(13, moved(), "with the one that the update made");
    assertFalse(usage(first).getSafeToDisable());
    unwrapAll(wrapped);
    expireLease();
    ReEncryption end = finish();

    assertEquals(ReEncryption.State.STATE_COMPLETED, end.getState(), end::toString);
    assertEquals(List.of(first), end.getReleasedRootKeyArnsList());
    assertEquals(ROTATIONS + 2, end.getTotal());
    assertEquals(ROTATIONS + 2, end.getDone());
    assertEquals(0, end.getFailed());
    assertTrue(end.hasEndTime());
    assertFalse(end.hasLastError());
    assertEquals(List.of(), usages(first));
    KeyUsage present = usage(second);
    assertEquals(ROTATIONS + 1, present.getRetiredKeks());
    account.kms().disableKey(r -> r.keyId(first));
    unwrapAll(wrapped);
    Eventually.holds(() -> assertEquals(ROTATIONS + 1, onRecord("IN_KMS")));
    assertTrue(keks().stream().allMatch(kek -> kek.getRootKeyArn().equals(second)));
  }

  @Test
  void oldKey_disabledTooEarly_failsWithTheReason_losesNothing_andGoesOn() {
    List<WrapDekResponse> wrapped = onboardedAndRotated();
    account.alias(tenant, second);
    moveTo(byGrant(grant(second)));
    stopAfter(5);
    account.kms().disableKey(r -> r.keyId(first));
    expireLease();

    ReEncryption failed = finish();

    assertEquals(ReEncryption.State.STATE_FAILED, failed.getState(), failed::toString);
    assertEquals("DisabledException", failed.getLastError().getCode());
    assertEquals("kms:ReEncrypt", failed.getLastError().getAction());
    assertTrue(failed.getLastError().getHint().contains(first + " is disabled"), failed::toString);
    int before = failed.getDone();
    assertEquals(moved(), before);
    assertEquals(6, before, "with the one that the update made");
    assertEquals(failed.getTotal(), failed.getDone() + failed.getFailed());
    assertEquals(List.of(), failed.getReleasedRootKeyArnsList());

    account.kms().enableKey(r -> r.keyId(first));
    Eventually.holds(() -> unwrapAll(wrapped));
    ReEncryption again = control.reEncryptKeks(request().build());
    assertEquals(before, again.getDone());
    assertEquals(0, again.getFailed());
    ReEncryption end = finish();
    assertEquals(ReEncryption.State.STATE_COMPLETED, end.getState(), end::toString);
    account.kms().disableKey(r -> r.keyId(first));
    unwrapAll(wrapped);
  }

  @Test
  void newKey_thatIsDisabledAfterwards_isLeftByTheKeptCiphertexts() {
    created(first);
    WrapDekResponse wrapped = wrapUnder(get().getActiveKek());
    moveTo(byPolicy(second));
    assertEquals(ReEncryption.State.STATE_COMPLETED, finish().getState());
    WrapDekResponse underSecond = wrapUnder(get().getActiveKek());
    account.kms().disableKey(r -> r.keyId(second));

    moveTo(byPolicy(first));
    ReEncryption back = finish();

    assertEquals(ReEncryption.State.STATE_FAILED, back.getState(), back::toString);
    assertEquals(2, back.getDone(), "the first KEK and the newest");
    assertEquals(1, back.getFailed(), "the one that was never under the first key");
    assertTrue(back.getLastError().getHint().contains(second + " is disabled"), back::toString);
    Eventually.holds(() -> unwrapAll(List.of(wrapped)));
    account.kms().enableKey(r -> r.keyId(second));
    control.reEncryptKeks(request().build());
    assertEquals(ReEncryption.State.STATE_COMPLETED, finish().getState());
    account.kms().disableKey(r -> r.keyId(second));
    unwrapAll(List.of(wrapped, underSecond));
    assertEquals(0, moved());
  }

  @Test
  void formerCiphertexts_endWithTheWaitingPeriod_andWithTheirKek() {
    created(first);
    String kek = get().getActiveKek();
    moveTo(byPolicy(second));
    finish();
    assertEquals(1, formerCiphertexts());
    assertEquals(
        1,
        query(
            "select count(*) from former_private_key f join kek k on k.id = f.kek"
                + " where k.tenant = ? and f.erase_time between now() + interval '6 days 23 hours'"
                + " and now() + interval '7 days'",
            tenant));

    execute(
        "update kek set state = 'DESTROYED', encrypted_private_key = null where id = ?", id(kek));
    assertEquals(0, formerCiphertexts());

    moveTo(byPolicy(first));
    finish();
    assertEquals(1, formerCiphertexts());
    sweep.run().await().atMost(LIMIT);
    assertEquals(1, formerCiphertexts());
    execute(
        "update former_private_key set erase_time = now() where kek in"
            + " (select id from kek where tenant = ?)",
        tenant);
    sweep.run().await().atMost(LIMIT);
    assertEquals(0, formerCiphertexts());
  }

  @Test
  void keyOfARole_isReachedThroughMemory_andTheRecordSaysSo() {
    created(first);
    WrapDekResponse wrapped = wrapUnder(get().getActiveKek());
    String role = "arn:aws:iam::" + ACCOUNT + ":role/" + tenant;
    Onboarding documents =
        control.getOnboarding(
            GetOnboardingRequest.newBuilder()
                .setParent("tenants/" + tenant)
                .setCustomKeyStore(true)
                .setKey(AwsKmsKey.newBuilder().setKeyArn(second).setRoleArn(role))
                .build());
    account.role(tenant, documents.getTrustPolicy(), documents.getPermissionsPolicy());
    account.putKeyPolicy(
        second,
        """
        {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"kms:*",\
        "Resource":"*"}\
        """
            .formatted(ACCOUNT));

    moveTo(byPolicy(second).setRoleArn(role));

    ReEncryption end = finish();
    assertEquals(ReEncryption.State.STATE_COMPLETED, end.getState(), end::toString);
    account.kms().disableKey(r -> r.keyId(first));
    unwrapAll(List.of(wrapped));
    Eventually.holds(() -> assertEquals(1, onRecord("IN_MEMORY")));
  }

  @Test
  void privateKey_thatIsNotOfThePublicKey_isNotReplaced() {
    created(first);
    String damaged = get().getActiveKek();
    control.rotateKek(RotateKekRequest.newBuilder().setName(name.toString()).build());
    execute(
        "update kek set public_key = (select public_key from kek where tenant = ? and state ="
            + " 'ACTIVE') where id = ?",
        tenant,
        id(damaged));

    moveTo(byPolicy(second));
    ReEncryption end = finish();

    assertEquals(ReEncryption.State.STATE_FAILED, end.getState(), end::toString);
    assertEquals(2, end.getDone());
    assertEquals(1, end.getFailed());
    assertEquals("PrivateKeyMismatch", end.getLastError().getCode());
    assertEquals(
        first,
        keks().stream()
            .filter(kek -> kek.getName().equals(damaged))
            .findFirst()
            .get()
            .getRootKeyArn());
  }

  @Test
  void oldKey_whosePolicyLacksReEncryptFrom_isExplained() {
    created(first);
    account.putKeyPolicy(
        first,
        TenantAccount.BROKER_STATEMENT.replace(
            "\"kms:*\"", "[\"kms:Decrypt\",\"kms:DescribeKey\"]"));

    moveTo(byPolicy(second));
    ReEncryption end = finish();

    assertEquals(ReEncryption.State.STATE_COMPLETED, end.getState(), "both keys allow two calls");
    account.putKeyPolicy(
        second,
        TenantAccount.BROKER_STATEMENT.replace(
            "\"kms:*\"", "[\"kms:Decrypt\",\"kms:DescribeKey\"]"));
    account.putKeyPolicy(
        first,
        TenantAccount.BROKER_STATEMENT.replace(
            "\"kms:*\"",
            "[\"kms:Decrypt\",\"kms:ReEncryptTo\",\"kms:GenerateDataKeyPairWithoutPlaintext\"]"));
    execute("delete from former_private_key");
    moveTo(byPolicy(first));
    ReEncryption failed = finish();

    assertEquals(ReEncryption.State.STATE_FAILED, failed.getState(), failed::toString);
    assertEquals("AccessDeniedException", failed.getLastError().getCode());
    String hint = failed.getLastError().getHint();
    assertTrue(hint.contains(second) && hint.contains("kms:ReEncryptFrom"), hint);
  }

  @Test
  void request_withTheSameId_isTheSame_andAValidationStartsNothing() {
    created(first);
    String requestId = UUID.randomUUID().toString();
    ReEncryption validated = control.reEncryptKeks(request().setValidateOnly(true).build());
    assertEquals(1, validated.getTotal());
    assertEquals(1, validated.getDone());
    assertFalse(get().hasReEncryption());
    Keystore previewed =
        control.updateKeystore(update(byPolicy(second)).setValidateOnly(true).build());
    assertEquals(second, previewed.getReEncryption().getRootKeyArn());
    assertEquals(0, previewed.getReEncryption().getDone());
    assertFalse(get().hasReEncryption());
    account.kms().disableKey(r -> r.keyId(first));
    assertRefused(
        Code.FAILED_PRECONDITION,
        "KMS_KEY_DISABLED",
        () -> control.updateKeystore(update(byPolicy(second)).setValidateOnly(true).build()));
    account.kms().enableKey(r -> r.keyId(first));

    ReEncryption started = control.reEncryptKeks(request().setRequestId(requestId).build());
    assertEquals(started, control.reEncryptKeks(request().build()), "one at a time");
    ReEncryption end = finish();
    assertEquals(end, control.reEncryptKeks(request().setRequestId(requestId).build()));
    assertEquals(ReEncryption.State.STATE_COMPLETED, end.getState());
    assertEquals(
        ReEncryption.State.STATE_IN_PROGRESS,
        control
            .reEncryptKeks(request().setRequestId(UUID.randomUUID().toString()).build())
            .getState());
  }

  @Test
  void contextNames_thatChanged_areThoseOfThePrivateKeysAfterwards() {
    created(first);
    WrapDekResponse wrapped = wrapUnder(get().getActiveKek());
    KmsContext renamed =
        new KmsContext(Map.of("genesys-cloud-organization-id", tenant, "purpose", "calls"));

    reEncryptions
        .start(name, new KeyUse(new KmsKey(KmsArn.parse(first), null), renamed), null)
        .await()
        .atMost(LIMIT);
    ReEncryption end = finish();

    assertEquals(ReEncryption.State.STATE_COMPLETED, end.getState(), end::toString);
    assertEquals(List.of(), end.getReleasedRootKeyArnsList());
    assertEquals(
        1,
        query(
            "select count(*) from kek where tenant = ? and kms_context = ?",
            tenant,
            "{\"genesys-cloud-organization-id\":\"" + tenant + "\",\"purpose\":\"calls\"}"));
    unwrapAll(List.of(wrapped));
  }

  @Test
  void kms_thatDoesNotAnswer_isAskedAgain() {
    created(first);
    moveTo(byPolicy(second));
    services.kms().faults().add(Fault.of(Fault.Kind.INTERNAL_ERROR).onOperation("ReEncrypt"));

    sweep.run().await().atMost(LIMIT);

    ReEncryption paused = get().getReEncryption();
    assertEquals(ReEncryption.State.STATE_IN_PROGRESS, paused.getState());
    assertEquals("KMSInternalException", paused.getLastError().getCode());
    assertEquals(
        1,
        query(
            "select count(*) from re_encryption where tenant = ? and failures = 1"
                + " and attempt_time > now() + interval '20 seconds'",
            tenant));
    services.kms().faults().clear();
    expireLease();
    assertEquals(ReEncryption.State.STATE_COMPLETED, finish().getState());
  }

  private void created(String key) {
    account.putKeyPolicy(first, TenantAccount.BROKER_STATEMENT);
    account.putKeyPolicy(second, TenantAccount.BROKER_STATEMENT);
    control.createKeystore(
        CreateKeystoreRequest.newBuilder()
            .setParent("tenants/" + tenant)
            .setKeystoreId(name.keystore())
            .setKeystore(keystore(byPolicy(key)))
            .build());
  }

  private static AwsKmsKey.Builder byPolicy(String key) {
    return AwsKmsKey.newBuilder().setKeyArn(key);
  }

  private static UUID id(String kek) {
    return KekName.parse(kek).id();
  }

  private long formerCiphertexts() {
    return query(
        "select count(*) from former_private_key f join kek k on k.id = f.kek"
            + " where k.tenant = ? and f.encrypted_private_key is not null",
        tenant);
  }

  /// Onboards by grant, tests, creates, and wraps one DEK under each of 21 KEKs.
  private List<WrapDekResponse> onboardedAndRotated() {
    AwsKmsKey.Builder key = byGrant(grant(first));
    assertTrue(
        control
            .testKeystore(TestKeystoreRequest.newBuilder().setKeystore(keystore(key)).build())
            .getPassed());
    control.createKeystore(
        CreateKeystoreRequest.newBuilder()
            .setParent("tenants/" + tenant)
            .setKeystoreId(name.keystore())
            .setKeystore(keystore(key))
            .build());
    List<WrapDekResponse> wrapped = new ArrayList<>();
    wrapped.add(wrapUnder(get().getActiveKek()));
    for (int i = 0; i < ROTATIONS; i++) {
      Kek kek = control.rotateKek(RotateKekRequest.newBuilder().setName(name.toString()).build());
      wrapped.add(wrapUnder(kek.getName()));
    }
    assertEquals(ROTATIONS + 1, wrapped.stream().map(WrapDekResponse::getKek).distinct().count());
    return wrapped;
  }

  private WrapDekResponse wrapUnder(String kek) {
    List<WrapDekResponse> last = new ArrayList<>();
    Eventually.holds(
        () -> {
          WrapDekResponse response = broker.wrapDek(wrapRequest(name.toString(), Map.of()));
          assertEquals(kek, response.getKek());
          last.add(response);
        });
    return last.getLast();
  }

  /// With a lifetime of zero, each asks KMS.
  private void unwrapAll(List<WrapDekResponse> wrapped) {
    for (WrapDekResponse dek : wrapped) {
      ByteString opened =
          broker.unwrapDek(unwrapRequest(name.toString(), dek.getWrappedDek(), Map.of())).getDek();
      assertEquals(dek.getDek(), opened);
    }
  }

  private Keystore moveTo(AwsKmsKey.Builder key) {
    return control.updateKeystore(update(key).build());
  }

  private UpdateKeystoreRequest.Builder update(AwsKmsKey.Builder key) {
    return UpdateKeystoreRequest.newBuilder()
        .setKeystore(Keystore.newBuilder().setName(name.toString()).setRootKey(rootKey(key)))
        .setUpdateMask(FieldMask.newBuilder().addPaths("root_key"))
        .setReEncryptKeks(true);
  }

  /// Moves this many KEKs and stops there, while it waits for KMS, as a broker that is killed does:
  /// nobody goes on with what it has started, and its lease stays.
  private void stopAfter(int count) {
    AtomicInteger calls = new AtomicInteger();
    Kms dying =
        (Kms)
            Proxy.newProxyInstance(
                Kms.class.getClassLoader(),
                new Class<?>[] {Kms.class},
                (proxy, method, arguments) ->
                    method.getName().equals("reEncryptPrivateKey")
                            && calls.incrementAndGet() > count
                        ? Uni.createFrom().nothing()
                        : method.invoke(kms, arguments));
    Cancellable broker =
        new ReEncryptionSweep(
                reEncryptions,
                new PrivateKeyMove(dying, gate, codec),
                copies,
                diagnosis,
                audit,
                backoff,
                rotations,
                config,
                records,
                clock,
                registry)
            .run()
            .subscribe()
            .with(done -> {}, failure -> {});
    await(() -> calls.get() > count);
    broker.cancel();
  }

  private void expireLease() {
    execute("update re_encryption set attempt_time = now() where attempt_time is not null");
  }

  /// Sweeps until the re-encryption has ended.
  private ReEncryption finish() {
    await(
        () -> {
          sweep.run().await().atMost(LIMIT);
          return get().getReEncryption().getState() != ReEncryption.State.STATE_IN_PROGRESS;
        });
    return get().getReEncryption();
  }

  private long moved() {
    return query("select count(*) from kek where tenant = ? and root_key_arn = ?", tenant, second);
  }

  private CreateGrantResponse grant(String key) {
    return account
        .kms()
        .createGrant(
            r ->
                r.keyId(key)
                    .granteePrincipal(services.brokerPrincipal())
                    .operationsWithStrings(OPERATIONS)
                    .constraints(
                        it -> it.encryptionContextSubset(Map.of("keybroker:tenant", tenant))));
  }

  private AwsKmsKey.Builder byGrant(CreateGrantResponse grant) {
    return AwsKmsKey.newBuilder().setKeyArn(alias).setGrantId(grant.grantId());
  }

  private static RootKey rootKey(AwsKmsKey.Builder key) {
    return RootKey.newBuilder().setAwsKms(key).build();
  }

  private Keystore keystore(AwsKmsKey.Builder key) {
    return Keystore.newBuilder()
        .setName(name.toString())
        .setRootKey(rootKey(key))
        .setKeyPairSpec(KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256)
        .setPrivateKekLifetime(Durations.fromSeconds(0))
        .build();
  }

  private ReEncryptKeksRequest.Builder request() {
    return ReEncryptKeksRequest.newBuilder().setName(name.toString());
  }

  private Keystore get() {
    return control.getKeystore(GetKeystoreRequest.newBuilder().setName(name.toString()).build());
  }

  private List<Kek> keks() {
    return control
        .listKeks(ListKeksRequest.newBuilder().setParent(name.toString()).setPageSize(100).build())
        .getKeksList();
  }

  private List<KeyUsage> usages(String key) {
    return control
        .getRootKeyUsage(
            GetRootKeyUsageRequest.newBuilder()
                .setParent("tenants/" + tenant)
                .setKeyArn(key)
                .build())
        .getKeysList();
  }

  private KeyUsage usage(String key) {
    return usages(key).getFirst();
  }

  /// How many KEKs the audit trail has as moved in this way, by the broker itself.
  private long onRecord(String way) {
    AuditQuery all = new AuditQuery(tenant, Instant.EPOCH, null, null, null, null, null, Map.of());
    return log.list(Caller.ANONYMOUS, all, null, 1_000).await().atMost(LIMIT).stream()
        .map(ChainedRecord::event)
        .filter(
            event ->
                event.action().equals("ReEncryptKek")
                    && way.equals(event.reason())
                    && second.equals(event.detail().destination())
                    && event.actor() == null
                    && event.detail().kmsRequestId() != null)
        .map(event -> event.detail().kek())
        .distinct()
        .count();
  }

  private void execute(String sql, Object... parameters) {
    try (Connection connection = database.getConnection();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setObject(i + 1, parameters[i]);
      }
      statement.execute();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private long query(String sql, Object... parameters) {
    try (Connection connection = database.getConnection();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      for (int i = 0; i < parameters.length; i++) {
        statement.setObject(i + 1, parameters[i]);
      }
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
