package dev.keybroker.boot;

import static dev.keybroker.keystore.TenantAccount.BROKER_STATEMENT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.PackagedBroker;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.grpc.BrokerClient;
import dev.keybroker.grpc.Eventually;
import dev.keybroker.keystore.TenantAccount;
import dev.keybroker.v1.AwsKmsKey;
import dev.keybroker.v1.CreateKeystoreRequest;
import dev.keybroker.v1.GetKeystoreRequest;
import dev.keybroker.v1.Kek;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.RootKey;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.WrapDekRequest;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Two processes of the packaged broker over one PostgreSQL, Redis and KMS.
///
/// `-Dkeybroker.it.keystores=10000` rotates ten thousand keystores that are due at once.
@Tag("deployment")
@SuppressWarnings("NullAway.Init") // set before all tests
class TwoBrokersIT {
  private static final int KEYSTORES = Integer.getInteger("keybroker.it.keystores", 300);

  /// Half of the quota that the brokers are told: what scheduled rotations may use.
  private static final int PER_SECOND = 100;

  private static final String NAME = "tenants/two/keystores/calls";
  private static EmbeddedServices services;
  private static Map<String, String> configuration;
  private static PackagedBroker first;
  private static PackagedBroker second;

  @BeforeAll
  static void start() throws Exception {
    Path parent = Files.createDirectories(Path.of("target", "embedded-services"));
    Path folder = Files.createTempDirectory(parent, "two-");
    services = EmbeddedServices.start(folder);
    configuration = new LinkedHashMap<>(services.configuration());
    configuration.put("keybroker.rotation.jitter", "0s");
    configuration.put("keybroker.kms-quota.ecc", Integer.toString(2 * PER_SECOND));
    configuration.put("keybroker.kms-quota.use", "1");
    first = start("first", folder);
    second = start("second", folder);
    for (PackagedBroker broker : new PackagedBroker[] {first, second}) {
      Eventually.holds(
          Duration.ofSeconds(90),
          () -> {
            assertTrue(broker.isAlive());
            assertEquals(
                "NOT_FOUND/KEYSTORE_NOT_FOUND",
                BrokerClient.reason(assertThrows(StatusRuntimeException.class, () -> get(broker))));
          });
    }
    try (TenantAccount account = new TenantAccount(services, "555566667777")) {
      create(account.newKey(BROKER_STATEMENT));
    }
  }

  @AfterAll
  static void stop() {
    second.close();
    first.close();
    services.close();
  }

  @Test
  void rotation_byOneBroker_isSeenByTheOtherWithinASecond() {
    wrap(second);
    for (int i = 0; i < 5; i++) {
      Kek rotated =
          first.client().keystores().rotateKek(RotateKekRequest.newBuilder().setName(NAME).build());
      Eventually.holds(Duration.ofSeconds(1), () -> assertEquals(rotated.getName(), wrap(second)));
    }
  }

  @Test
  void rotations_dueAtOnce_areMadeOnceEachAtTheAllowedRate() throws SQLException {
    execute(
        "insert into keystore (tenant, id, display_name, root_key_kind, kms_key_arn, key_pair_spec,"
            + " rotation_period, private_kek_lifetime_millis, on_kms_outage, version, create_time,"
            + " update_time, next_rotation_time, kek_wanted, rotation_attempt_time)"
            + " select tenant, 'due-' || n, '', root_key_kind, kms_key_arn, key_pair_spec,"
            + " 'YEARLY', 60000, on_kms_outage, 1, now(), now(), now(), false, null"
            + " from keystore, generate_series(1, "
            + KEYSTORES
            + ") n where id = 'calls'");
    execute(
        "insert into kek (id, tenant, keystore, state, spec, origin, root_key_arn, kms_context,"
            + " public_key, public_key_sha256, encrypted_private_key, create_time, active_time)"
            + " select gen_random_uuid(), tenant, 'due-' || n, state, spec, origin, root_key_arn,"
            + " kms_context, public_key, public_key_sha256, encrypted_private_key, create_time,"
            + " active_time from kek, generate_series(1, "
            + KEYSTORES
            + ") n where keystore = 'calls' and state = 'ACTIVE'");
    long begin = System.nanoTime();
    execute("update keystore set rotation_attempt_time = now() where id like 'due-%'");
    Eventually.holds(
        Duration.ofSeconds(60 + 2L * KEYSTORES / PER_SECOND),
        () ->
            assertEquals(
                KEYSTORES,
                count(
                    "select count(*) from kek where state = 'ACTIVE' and active_time >"
                        + " (select create_time from keystore where id = 'due-1')"
                        + " and keystore like 'due-%'")));
    Duration took = Duration.ofNanos(System.nanoTime() - begin);
    System.out.printf(
        "%d rotations in %d ms, by the first broker %d, by the second %d%n",
        KEYSTORES, took.toMillis(), first.logged("rotated to"), second.logged("rotated to"));
    assertEquals(2L * KEYSTORES, count("select count(*) from kek where keystore like 'due-%'"));
    assertEquals(
        KEYSTORES,
        count("select count(*) from kek where keystore like 'due-%' and state = 'ACTIVE'"));
    // A broker says so after the commit that was counted above.
    Eventually.holds(
        Duration.ofSeconds(10),
        () -> assertEquals(KEYSTORES, first.logged("rotated to") + second.logged("rotated to")));
    assertTrue(first.logged("rotated to") > 0 && second.logged("rotated to") > 0);
    // Slots are handed out at the rate, beginning at once, and made within the second after.
    assertTrue(took.toMillis() >= 1000L * KEYSTORES / PER_SECOND - 1000, took.toString());
  }

  private static PackagedBroker start(String name, Path folder) throws IOException {
    return PackagedBroker.in(folder).named(name).with(configuration).option("-Xmx300m").start();
  }

  private static void create(String keyArn) {
    first
        .client()
        .keystores()
        .createKeystore(
            CreateKeystoreRequest.newBuilder()
                .setParent("tenants/two")
                .setKeystoreId("calls")
                .setKeystore(
                    Keystore.newBuilder()
                        .setRootKey(
                            RootKey.newBuilder()
                                .setAwsKms(AwsKmsKey.newBuilder().setKeyArn(keyArn)))
                        .setKeyPairSpec(KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256))
                .build());
  }

  private static Keystore get(PackagedBroker broker) {
    return broker
        .client()
        .keystores()
        .getKeystore(GetKeystoreRequest.newBuilder().setName(NAME).build());
  }

  private static String wrap(PackagedBroker broker) {
    return broker
        .client()
        .broker()
        .wrapDek(WrapDekRequest.newBuilder().setKeystore(NAME).build())
        .getKek();
  }

  private static Connection connect() throws SQLException {
    return DriverManager.getConnection(
        configuration.get("quarkus.datasource.jdbc.url"),
        configuration.get("quarkus.datasource.username"),
        configuration.get("quarkus.datasource.password"));
  }

  private static void execute(String sql) throws SQLException {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    }
  }

  private static long count(String sql) {
    try (Connection connection = connect();
        Statement statement = connection.createStatement();
        ResultSet result = statement.executeQuery(sql)) {
      result.next();
      return result.getLong(1);
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
  }
}
