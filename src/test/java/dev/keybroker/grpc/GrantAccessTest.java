package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.FieldMask;
import com.google.protobuf.util.Durations;
import com.google.rpc.PreconditionFailure;
import dev.keybroker.access.Caller;
import dev.keybroker.audit.AuditQuery;
import dev.keybroker.audit.AuditStore;
import dev.keybroker.audit.ChainedRecord;
import dev.keybroker.audit.Outcome;
import dev.keybroker.embedded.kms.ActiveFault;
import dev.keybroker.embedded.kms.Fault;
import dev.keybroker.grpc.TestKeystores.TestKeystore;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.keystore.RotationSweep;
import dev.keybroker.keystore.TenantAccount;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.DeleteKeystoreRequest;
import dev.keybroker.v1.GetKeystoreRequest;
import dev.keybroker.v1.GetOnboardingRequest;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.KeystoresGrpc;
import dev.keybroker.v1.Onboarding;
import dev.keybroker.v1.RestoreKeystoreRequest;
import dev.keybroker.v1.RootKey;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.TestKeystoreRequest;
import dev.keybroker.v1.TestKeystoreResponse;
import dev.keybroker.v1.TestStep;
import dev.keybroker.v1.UpdateKeystoreRequest;
import io.grpc.Status.Code;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import software.amazon.awssdk.services.kms.model.CreateGrantResponse;
import software.amazon.awssdk.services.kms.model.GrantListEntry;

/// A key whose policy admits nobody but its administrator, used by a grant.
@QuarkusTest
@SuppressWarnings("NullAway.Init") // set before each test
class GrantAccessTest extends BrokerTestCase {
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final String ACCOUNT = "777788889999";
  private static final String[] OPERATIONS = {
    "DescribeKey", "GenerateDataKeyPairWithoutPlaintext", "Decrypt"
  };

  @Inject AuditStore log;
  @Inject RotationSweep sweep;
  @Inject DataSource database;

  private final String tenant = "t-" + UUID.randomUUID();
  private final KeystoreName name = new KeystoreName(tenant, "calls");
  private KeystoresGrpc.KeystoresBlockingStub control;
  private TenantAccount account;
  private String key;

  @BeforeEach
  void makeKey() {
    control = KeystoresGrpc.newBlockingStub(channel);
    account = new TenantAccount(services, ACCOUNT);
    key = account.newKey();
  }

  @AfterEach
  void closeAccount() {
    services.kms().consistencyDelay(Duration.ZERO);
    account.close();
  }

  private CreateGrantResponse grant(String toTenant, String... operations) {
    return account
        .kms()
        .createGrant(
            r ->
                r.keyId(key)
                    .granteePrincipal(services.brokerPrincipal())
                    .operationsWithStrings(operations)
                    .constraints(
                        it -> it.encryptionContextSubset(Map.of("keybroker:tenant", toTenant))));
  }

  private AwsKmsKey.Builder byGrant(String id) {
    return AwsKmsKey.newBuilder().setKeyArn(key).setGrantId(id);
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

  private CreateKeystoreRequest.Builder creation(AwsKmsKey.Builder key) {
    return CreateKeystoreRequest.newBuilder()
        .setParent("tenants/" + tenant)
        .setKeystoreId(name.keystore())
        .setKeystore(keystore(key));
  }

  private Keystore create(AwsKmsKey.Builder key) {
    return control.createKeystore(creation(key).build());
  }

  private TestKeystoreResponse test(AwsKmsKey.Builder key) {
    return control.testKeystore(
        TestKeystoreRequest.newBuilder().setKeystore(keystore(key)).build());
  }

  private TestStep failedStep(AwsKmsKey.Builder key) {
    TestKeystoreResponse response = test(key);
    assertFalse(response.getPassed(), response::toString);
    return response.getSteps(response.getStepsCount() - 1);
  }

  private TestKeystore saved() {
    return new TestKeystore(name, key);
  }

  private Keystore get() {
    return control.getKeystore(GetKeystoreRequest.newBuilder().setName(name.toString()).build());
  }

  private List<String> grantIds() {
    return account.kms().listGrants(r -> r.keyId(key)).grants().stream()
        .map(GrantListEntry::grantId)
        .toList();
  }

  /// Of the newest unwrap with this outcome.
  private String kmsRequestId(Outcome outcome) {
    AuditQuery all = new AuditQuery(tenant, Instant.EPOCH, null, null, null, null, null, Map.of());
    return log.list(Caller.ANONYMOUS, all, null, 100).await().atMost(LIMIT).stream()
        .map(ChainedRecord::event)
        .filter(event -> event.action().equals("UnwrapDek") && event.outcome() == outcome)
        .map(event -> String.valueOf(event.detail().kmsRequestId()))
        .findFirst()
        .orElse("not on record");
  }

  @Test
  void grant_isEnoughForTestCreationRotationAndUnwraps_andOnRecord() {
    String id = grant(tenant, OPERATIONS).grantId();

    assertTrue(test(byGrant(id)).getPassed());
    assertEquals(rootKey(byGrant(id)), create(byGrant(id)).getRootKey());
    ByteString wrapped = wrap(saved()).getWrappedDek();
    control.rotateKek(RotateKekRequest.newBuilder().setName(name.toString()).build());

    assertEquals(32, unwrap(saved(), wrapped).size());
    assertTrue(kmsRequestId(Outcome.GRANTED).endsWith(" by grant"), kmsRequestId(Outcome.GRANTED));
    assertTrue(
        control
            .testKeystore(TestKeystoreRequest.newBuilder().setName(name.toString()).build())
            .getPassed());
  }

  @Test
  void grant_notSpreadYet_isExplained_andUsedWithItsToken() {
    services.kms().consistencyDelay(Duration.ofMinutes(5));
    CreateGrantResponse grant = grant(tenant, OPERATIONS);
    AwsKmsKey.Builder withToken = byGrant(grant.grantId()).setGrantToken(grant.grantToken());

    TestStep failed = failedStep(byGrant(grant.grantId()));
    assertEquals("generate_key_pair", failed.getName());
    assertTrue(failed.getError().getHint().contains("not spread"), failed::toString);

    Keystore keystore = create(withToken);
    assertEquals(rootKey(byGrant(grant.grantId())), keystore.getRootKey());
    assertEquals(32, unwrap(saved(), wrap(saved()).getWrappedDek()).size());
    assertEquals(keystore.getRootKey(), get().getRootKey());
  }

  @Test
  void token_thatIsNone_isExplainedAndForgotten() {
    String id = grant(tenant, OPERATIONS).grantId();

    TestKeystoreResponse response = test(byGrant(id).setGrantToken("AQpAnone"));

    TestStep described = response.getSteps(0);
    assertEquals("InvalidGrantTokenException", described.getWarning().getCode());
    assertTrue(described.getWarning().getHint().contains("grant_token"), described::toString);
    assertTrue(response.getPassed());
  }

  @Test
  void constraint_ofAnotherTenant_isExplained() {
    TestStep failed = failedStep(byGrant(grant("other", OPERATIONS).grantId()));

    assertEquals("generate_key_pair", failed.getName());
    assertTrue(
        failed.getError().getHint().contains("constraint on the encryption context"),
        failed::toString);
    assertTrue(
        failed.getError().getHint().contains("keybroker:tenant = " + tenant), failed::toString);
  }

  @Test
  void operation_thatIsMissing_isNamed() {
    TestStep failed =
        failedStep(
            byGrant(grant(tenant, "DescribeKey", "GenerateDataKeyPairWithoutPlaintext").grantId()));

    assertEquals("decrypt_private_key", failed.getName());
    assertTrue(failed.getError().getHint().contains("lack Decrypt"), failed::toString);
  }

  /// With a lifetime of zero the next unwrap asks KMS.
  @Test
  void revokedGrant_endsUnwraps_untilThereIsANewOne() {
    String id = grant(tenant, OPERATIONS).grantId();
    create(byGrant(id));
    ByteString wrapped = wrap(saved()).getWrappedDek();
    assertEquals(32, unwrap(saved(), wrapped).size());

    account.kms().revokeGrant(r -> r.keyId(key).grantId(id));

    assertRefused(Code.FAILED_PRECONDITION, "KMS_ACCESS_DENIED", () -> unwrap(saved(), wrapped));
    Eventually.holds(
        LIMIT, () -> assertTrue(kmsRequestId(Outcome.REFUSED).endsWith(" by grant"), "recorded"));
    Eventually.holds(
        LIMIT,
        () ->
            assertTrue(
                get().getLastError().getHint().contains("retired or revoked"),
                () -> get().toString()));

    String another = grant(tenant, OPERATIONS).grantId();
    control.updateKeystore(
        UpdateKeystoreRequest.newBuilder()
            .setKeystore(
                Keystore.newBuilder()
                    .setName(name.toString())
                    .setRootKey(rootKey(byGrant(another))))
            .setUpdateMask(FieldMask.newBuilder().addPaths("root_key"))
            .build());
    assertEquals(32, unwrap(saved(), wrapped).size());
  }

  private AwsKmsKey.Builder byNewGrant(boolean mayGrant) {
    Onboarding onboarding =
        control.getOnboarding(
            GetOnboardingRequest.newBuilder()
                .setParent("tenants/" + tenant)
                .setKey(AwsKmsKey.newBuilder().setKeyArn(key))
                .build());
    String policy = onboarding.getGrantPermissionPolicy();
    String role =
        account.role(
            "grants-" + UUID.randomUUID(),
            onboarding.getTrustPolicy(),
            mayGrant ? policy : policy.replace("kms:CreateGrant", "kms:ListGrants"));
    account.putKeyPolicy(
        key,
        """
        {"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"kms:*",\
        "Resource":"*"}\
        """
            .formatted(ACCOUNT));
    return AwsKmsKey.newBuilder().setKeyArn(key).setRoleArn(role).setCreateGrant(true);
  }

  @Test
  void createGrant_byTheTenantsRole_isUsedByTheBrokersPrincipal_andRetiredInTheEnd()
      throws SQLException {
    AwsKmsKey.Builder request = byNewGrant(true);

    Keystore keystore = create(request);

    AwsKmsKey root = keystore.getRootKey().getAwsKms();
    assertEquals(List.of(root.getGrantId()), grantIds());
    assertFalse(root.getCreateGrant());
    GrantListEntry entry = account.kms().listGrants(r -> r.keyId(key)).grants().getFirst();
    assertEquals(services.brokerPrincipal(), entry.granteePrincipal());
    assertEquals(services.brokerPrincipal(), entry.retiringPrincipal());
    assertEquals(
        Map.of("keybroker:tenant", tenant, "keybroker:keystore", "calls"),
        entry.constraints().encryptionContextSubset());
    assertEquals(32, unwrap(saved(), wrap(saved()).getWrappedDek()).size());
    assertTrue(kmsRequestId(Outcome.GRANTED).endsWith(" by grant"), kmsRequestId(Outcome.GRANTED));

    assertEquals(keystore, create(request), "the same call again");
    assertTrue(test(request).getPassed());
    control.createKeystore(creation(request).setValidateOnly(true).build());
    assertEquals(List.of(root.getGrantId()), grantIds());
    assertEquals(32, unwrap(saved(), wrap(saved()).getWrappedDek()).size());

    execute("update keystore set delete_time = now() where tenant = ?");
    execute("update kek set state = 'DESTROYED', encrypted_private_key = null where tenant = ?");
    Eventually.holds(() -> assertEquals(List.of(), grantIds()));
  }

  @Test
  void deletedKeystore_keepsItsGrantUntilItsLastKekIsErased() throws SQLException {
    create(byNewGrant(true));
    assertEquals(1, grantIds().size());
    control.deleteKeystore(
        DeleteKeystoreRequest.newBuilder().setName(name.toString()).setForce(true).build());
    sweep.run().await().atMost(LIMIT);
    assertEquals(1, grantIds().size());
    control.restoreKeystore(RestoreKeystoreRequest.newBuilder().setName(name.toString()).build());
    control.rotateKek(RotateKekRequest.newBuilder().setName(name.toString()).build());
    control.deleteKeystore(
        DeleteKeystoreRequest.newBuilder().setName(name.toString()).setForce(true).build());

    execute("update keystore set delete_time = now() where tenant = ?");
    execute("update kek set destroy_time = now() where tenant = ?");

    Eventually.holds(() -> assertEquals(List.of(), grantIds()));
  }

  @Test
  void formerKeysGrant_isRetired_onceTheKeptCiphertextsAreErased() throws SQLException {
    create(byNewGrant(true));
    ByteString wrapped = wrap(saved()).getWrappedDek();
    String second = account.newKey(TenantAccount.BROKER_STATEMENT);
    control.updateKeystore(
        UpdateKeystoreRequest.newBuilder()
            .setKeystore(
                Keystore.newBuilder()
                    .setName(name.toString())
                    .setRootKey(rootKey(AwsKmsKey.newBuilder().setKeyArn(second))))
            .setUpdateMask(FieldMask.newBuilder().addPaths("root_key"))
            .setReEncryptKeks(true)
            .build());
    String kept =
        "from former_private_key where encrypted_private_key is not null and kek in"
            + " (select id from kek where tenant = ?)";
    Eventually.holds(LIMIT, () -> assertEquals(1, count(kept)));
    sweep.run().await().atMost(LIMIT);
    assertEquals(1, grantIds().size());

    execute(
        "update former_private_key set erase_time = now() where kek in"
            + " (select id from kek where tenant = ?)");

    Eventually.holds(LIMIT, () -> assertEquals(List.of(), grantIds()));
    assertEquals(0, count(kept));
    assertEquals(32, unwrap(saved(), wrapped).size());
    Eventually.holds(() -> assertEquals(0, count("from grant_retirement where tenant = ?")));
  }

  @Test
  void grant_thatCouldNotBeRetired_isRetiredLater() throws SQLException {
    AwsKmsKey.Builder request = byNewGrant(true);
    try (ActiveFault fault =
        services
            .kms()
            .faults()
            .add(Fault.of(Fault.Kind.INTERNAL_ERROR).onOperation("RetireGrant"))) {
      assertTrue(test(request).getPassed());
      Eventually.holds(
          LIMIT,
          () -> assertEquals(1, count("from grant_retirement where tenant = ? and failures > 0")));
      assertEquals(1, grantIds().size());
      assertTrue(fault.struck() > 0);
    }

    execute("update grant_retirement set attempt_time = now() where tenant = ?");

    Eventually.holds(LIMIT, () -> assertEquals(List.of(), grantIds()));
    Eventually.holds(() -> assertEquals(0, count("from grant_retirement where tenant = ?")));
  }

  private long count(String rows) {
    try (Connection connection = database.getConnection();
        PreparedStatement statement = connection.prepareStatement("select count(*) " + rows)) {
      statement.setString(1, tenant);
      try (ResultSet row = statement.executeQuery()) {
        row.next();
        return row.getLong(1);
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private void execute(String sql) throws SQLException {
    try (Connection connection = database.getConnection();
        PreparedStatement statement = connection.prepareStatement(sql)) {
      statement.setString(1, tenant);
      statement.executeUpdate();
    }
  }

  @Test
  void createGrant_thatSavesNothing_leavesNoGrant() {
    AwsKmsKey.Builder request = byNewGrant(true);
    assertTrue(test(request).getPassed());
    assertEquals(List.of(), grantIds());

    create(request);
    List<String> used = grantIds();
    assertRefused(
        Code.ALREADY_EXISTS,
        "KEYSTORE_ALREADY_EXISTS",
        () ->
            control.createKeystore(
                creation(request)
                    .setKeystore(keystore(request).toBuilder().setDisplayName("another"))
                    .build()));
    assertEquals(used, grantIds());
  }

  @Test
  void createGrant_thatTheRoleMayNot_isAFailedStep() {
    AwsKmsKey.Builder request = byNewGrant(false);

    TestStep failed = failedStep(request);
    assertEquals("create_grant", failed.getName());
    assertEquals("kms:CreateGrant", failed.getError().getAction());
    var status =
        assertRefused(Code.FAILED_PRECONDITION, "KEYSTORE_TEST_FAILED", () -> create(request));
    assertTrue(
        detail(status, PreconditionFailure.class).toString().contains("create_grant"),
        status::toString);
    assertEquals(List.of(), grantIds());
  }

  @Test
  void grantFields_thatContradictEachOther_areRefused() {
    AwsKmsKey.Builder withoutRole = AwsKmsKey.newBuilder().setKeyArn(key).setCreateGrant(true);
    assertRefused(Code.INVALID_ARGUMENT, "REQUEST_INVALID", () -> create(withoutRole));
    AwsKmsKey.Builder withoutGrant = AwsKmsKey.newBuilder().setKeyArn(key).setGrantToken("token");
    assertRefused(Code.INVALID_ARGUMENT, "REQUEST_INVALID", () -> create(withoutGrant));
    assertRefused(Code.INVALID_ARGUMENT, "REQUEST_INVALID", () -> create(byGrant("g g")));
  }
}
