package dev.keybroker.boot;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.FieldMask;
import com.google.protobuf.util.Durations;
import dev.keybroker.PackagedBroker;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.kms.ActiveFault;
import dev.keybroker.embedded.kms.Fault;
import dev.keybroker.grpc.BrokerClient;
import dev.keybroker.grpc.Eventually;
import dev.keybroker.keystore.TenantAccount;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.GetKeystoreRequest;
import dev.keybroker.v1.GetOnboardingRequest;
import dev.keybroker.v1.GetRootKeyUsageRequest;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.KeyUsage;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.ReEncryptKeksRequest;
import dev.keybroker.v1.ReEncryption;
import dev.keybroker.v1.RootKey;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.TestKeystoreRequest;
import dev.keybroker.v1.UnwrapDekRequest;
import dev.keybroker.v1.UpdateKeystoreRequest;
import dev.keybroker.v1.WrapDekRequest;
import dev.keybroker.v1.WrapDekResponse;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// A tenant moves a keystore with 21 KEKs to another key, and the packaged broker is killed while
/// it re-encrypts them.
///
/// PostgreSQL holds the broker when it has moved a given number of private keys, so each kill is in
/// the middle, whatever the speed of the machine.
@Tag("deployment")
@SuppressWarnings("NullAway.Init") // set before each test
class KilledReEncryptionIT {
  private static final Duration LONGEST = Duration.ofSeconds(90);
  private static final int ROTATIONS = 20;
  private static final String TENANT = "tenants/moving";
  private static final String NAME = TENANT + "/keystores/calls";
  private static final long HOLD = 7_739_299;

  private static final Pattern CREATE_GRANT =
      Pattern.compile(
          ".* --grantee-principal (\\S+) .* --operations (.+) --constraints"
              + " '\\{\"EncryptionContextSubset\":\\{\"(.+)\":\"(.+)\"}}' --key-id (\\S+)");

  private Path folder;
  private EmbeddedServices services;
  private TenantAccount account;
  private PackagedBroker broker;
  private int starts;
  private String first;
  private String second;
  private String alias;
  private final List<WrapDekResponse> wrapped = new ArrayList<>();

  @BeforeEach
  void start() throws Exception {
    Path parent = Files.createDirectories(Path.of("target", "embedded-services"));
    folder = Files.createTempDirectory(parent, "moving-");
    services = EmbeddedServices.start(folder);
    account = new TenantAccount(services, "555566667777");
    first = account.newKey();
    second = account.newKey();
    alias = account.alias("calls", first);
    startBroker();
  }

  @AfterEach
  void stop() {
    broker.close();
    account.close();
    services.close();
  }

  @Test
  void keyChange_killedTwice_completes_andTheFirstKeyMayGo() throws Exception {
    onboardAndRotate();
    try (Connection held = holdAfter(6)) {
      moveToSecondKey();
      awaitHeld();
      ActiveFault fault =
          services.kms().faults().add(Fault.of(Fault.Kind.HANG).onOperation("ReEncrypt"));
      held.close();
      Eventually.holds(LONGEST, () -> assertTrue(fault.struck() > 0));
      // PostgreSQL may have ended a transaction that was held for too long: then it is one less.
      assertTrue(moved() == 6 || moved() == 7, "in the middle");
      kill();
      fault.close();
    }
    try (Connection held = holdAfter(12)) {
      startBroker();
      awaitHeld();
      assertEquals(12, moved());
      assertFalse(usage(first).getFirst().getSafeToDisable());
      unwrapAll();
      kill();
      held.close();
    }
    startBroker();

    ReEncryption end = ended();
    assertEquals(ReEncryption.State.STATE_COMPLETED, end.getState(), end::toString);
    assertEquals(List.of(first), end.getReleasedRootKeyArnsList());
    assertEquals(ROTATIONS + 2, end.getTotal());
    assertEquals(ROTATIONS + 2, end.getDone());
    assertSafeToDisable(first);
    account.kms().disableKey(request -> request.keyId(first));
    unwrapAll();
  }

  @Test
  void firstKey_disabledTooEarly_failsWithTheReason_andLosesNothing() throws Exception {
    onboardAndRotate();
    try (Connection held = holdAfter(5)) {
      moveToSecondKey();
      awaitHeld();
      account.kms().disableKey(request -> request.keyId(first));
      kill();
      held.close();
    }
    startBroker();

    ReEncryption failed = ended();
    assertEquals(ReEncryption.State.STATE_FAILED, failed.getState(), failed::toString);
    assertEquals("DisabledException", failed.getLastError().getCode());
    assertEquals("kms:ReEncrypt", failed.getLastError().getAction());
    assertTrue(failed.getLastError().getHint().contains(first + " is disabled"), failed::toString);
    assertEquals(6, failed.getDone(), "five, and the KEK that the update made");
    assertEquals(ROTATIONS - 4, failed.getFailed());
    assertEquals(List.of(), failed.getReleasedRootKeyArnsList());
    KeyUsage needed = usage(first).getFirst();
    assertFalse(needed.getSafeToDisable());
    assertTrue(needed.getNeededByCount() > 0, needed::toString);

    account.kms().enableKey(request -> request.keyId(first));
    Eventually.holds(LONGEST, this::unwrapAll);
    ReEncryption again =
        client().keystores().reEncryptKeks(ReEncryptKeksRequest.newBuilder().setName(NAME).build());
    assertEquals(6, again.getDone());
    assertEquals(0, again.getFailed());
    ReEncryption end = ended();
    assertEquals(ReEncryption.State.STATE_COMPLETED, end.getState(), end::toString);
    assertSafeToDisable(first);
    account.kms().disableKey(request -> request.keyId(first));
    unwrapAll();
  }

  private void startBroker() throws IOException, InterruptedException {
    broker =
        PackagedBroker.in(folder)
            .named("broker-" + ++starts)
            .with(services.configuration())
            .with("keybroker.kek.freshness", "1s")
            // No call and no replacement that is held may fail because the machine is slow.
            .with("keybroker.postgres.timeout", "20s")
            .with("keybroker.postgres.transaction-timeout", "20s")
            .startAndAwaitReady();
  }

  private void kill() throws IOException, InterruptedException {
    broker.signal("KILL");
    broker.awaitEnd(Duration.ofSeconds(10));
    broker.close();
  }

  private BrokerClient client() {
    return broker.client();
  }

  /// From the documents to 21 DEKs that are each wrapped under another KEK.
  private void onboardAndRotate() {
    RootKey key = byGrant(first);
    Keystore keystore =
        Keystore.newBuilder()
            .setName(NAME)
            .setRootKey(key)
            .setKeyPairSpec(KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256)
            .setPrivateKekLifetime(Durations.ZERO)
            .build();
    assertTrue(
        client()
            .keystores()
            .testKeystore(TestKeystoreRequest.newBuilder().setKeystore(keystore).build())
            .getPassed());
    client()
        .keystores()
        .createKeystore(
            CreateKeystoreRequest.newBuilder()
                .setParent(TENANT)
                .setKeystoreId("calls")
                .setKeystore(keystore)
                .build());
    wrapUnder(get().getActiveKek());
    for (int i = 0; i < ROTATIONS; i++) {
      wrapUnder(
          client()
              .keystores()
              .rotateKek(RotateKekRequest.newBuilder().setName(NAME).build())
              .getName());
    }
    assertEquals(ROTATIONS + 1, wrapped.stream().map(WrapDekResponse::getKek).distinct().count());
  }

  /// The tenant runs the command of the onboarding for a key, and names the grant.
  private RootKey byGrant(String key) {
    String command =
        client()
            .keystores()
            .getOnboarding(
                GetOnboardingRequest.newBuilder()
                    .setParent(TENANT)
                    .setKey(AwsKmsKey.newBuilder().setKeyArn(key))
                    .build())
            .getCreateGrantCommand();
    Matcher parts = CREATE_GRANT.matcher(command);
    assertTrue(parts.matches(), command);
    assertEquals(key, parts.group(5));
    String grant =
        account
            .kms()
            .createGrant(
                request ->
                    request
                        .keyId(key)
                        .granteePrincipal(parts.group(1))
                        .operationsWithStrings(parts.group(2).split(" "))
                        .constraints(
                            it ->
                                it.encryptionContextSubset(Map.of(parts.group(3), parts.group(4)))))
            .grantId();
    return RootKey.newBuilder()
        .setAwsKms(AwsKmsKey.newBuilder().setKeyArn(alias).setGrantId(grant))
        .build();
  }

  private void wrapUnder(String kek) {
    Eventually.holds(
        () -> {
          WrapDekResponse response =
              client().broker().wrapDek(WrapDekRequest.newBuilder().setKeystore(NAME).build());
          assertEquals(kek, response.getKek());
          wrapped.add(response);
        });
  }

  private void moveToSecondKey() {
    account.alias("calls", second);
    Keystore updated =
        client()
            .keystores()
            .updateKeystore(
                UpdateKeystoreRequest.newBuilder()
                    .setKeystore(Keystore.newBuilder().setName(NAME).setRootKey(byGrant(second)))
                    .setUpdateMask(FieldMask.newBuilder().addPaths("root_key"))
                    .setReEncryptKeks(true)
                    .build());
    assertEquals(ReEncryption.State.STATE_IN_PROGRESS, updated.getReEncryption().getState());
    assertEquals(second, updated.getReEncryption().getRootKeyArn());
  }

  /// With a lifetime of zero, each asks KMS.
  private void unwrapAll() {
    for (WrapDekResponse dek : wrapped) {
      assertEquals(
          dek.getDek(),
          client()
              .broker()
              .unwrapDek(
                  UnwrapDekRequest.newBuilder()
                      .setKeystore(NAME)
                      .setWrappedDek(dek.getWrappedDek())
                      .build())
              .getDek());
    }
  }

  private Keystore get() {
    return client().keystores().getKeystore(GetKeystoreRequest.newBuilder().setName(NAME).build());
  }

  private ReEncryption ended() {
    Eventually.holds(LONGEST, () -> assertTrue(get().getReEncryption().hasEndTime()));
    return get().getReEncryption();
  }

  private List<KeyUsage> usage(String key) {
    return client()
        .keystores()
        .getRootKeyUsage(
            GetRootKeyUsageRequest.newBuilder().setParent(TENANT).setKeyArn(key).build())
        .getKeysList();
  }

  private void assertSafeToDisable(String key) {
    List<KeyUsage> usage = usage(key);
    assertTrue(usage.stream().allMatch(KeyUsage::getSafeToDisable), usage::toString);
  }

  /// Holds the broker in the replacement of the private key after this many, with PostgreSQL's
  /// locks of that transaction, until the connection releases it.
  private Connection holdAfter(int moved) throws SQLException {
    Connection connection =
        DriverManager.getConnection(
            services.configuration().get("quarkus.datasource.jdbc.url"), "postgres", "postgres");
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          """
          create or replace function hold() returns trigger language plpgsql as $$
          begin
            if (select count(*) from former_private_key) >= %d then
              perform pg_advisory_xact_lock_shared(%d);
            end if;
            return new;
          end
          $$;
          create or replace trigger hold before insert on former_private_key
            for each row execute function hold();
          select pg_advisory_lock(%d);
          """
              .formatted(moved, HOLD, HOLD));
    }
    return connection;
  }

  private void awaitHeld() {
    String waiting =
        "pg_locks where locktype = 'advisory' and objid = " + HOLD + " and not granted";
    Eventually.holds(LONGEST, () -> assertTrue(count(waiting) > 0));
  }

  private long moved() {
    return count("former_private_key");
  }

  private long count(String rows) {
    try (Connection connection =
            DriverManager.getConnection(
                services.configuration().get("quarkus.datasource.jdbc.url"),
                "postgres",
                "postgres");
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery("select count(*) from " + rows)) {
      result.next();
      return result.getLong(1);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}
