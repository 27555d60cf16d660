package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.FieldMask;
import dev.keybroker.access.Caller;
import dev.keybroker.audit.AuditQuery;
import dev.keybroker.audit.AuditStore;
import dev.keybroker.audit.ChainedRecord;
import dev.keybroker.audit.Outcome;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.grpc.TestKeystores.TestKeystore;
import dev.keybroker.kek.KekName;
import dev.keybroker.v1.DeleteKeystoreRequest;
import dev.keybroker.v1.DisableKekRequest;
import dev.keybroker.v1.EnableKekRequest;
import dev.keybroker.v1.GetKeystoreRequest;
import dev.keybroker.v1.Kek;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.KeystoresGrpc;
import dev.keybroker.v1.ListKeksRequest;
import dev.keybroker.v1.ReEncryptKeksRequest;
import dev.keybroker.v1.RestoreKekRequest;
import dev.keybroker.v1.RestoreKeystoreRequest;
import dev.keybroker.v1.RotateKekRequest;
import dev.keybroker.v1.ScheduleKekDestructionRequest;
import dev.keybroker.v1.TestKeystoreRequest;
import dev.keybroker.v1.UpdateKeystoreRequest;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A change of the control plane is on record before it is made.
@QuarkusTest
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class ChangeRecordsTest extends BrokerTestCase {
  private static final int WAITING_PERIOD_DAYS = 7;

  @Inject AuditStore log;
  private KeystoresGrpc.KeystoresBlockingStub control;

  @BeforeEach
  void controlPlane() {
    control = KeystoresGrpc.newBlockingStub(channel);
  }

  /// The records of a keystore's tenant, oldest first.
  private List<ChainedRecord> records(TestKeystore keystore, String action) {
    return log
        .list(
            Caller.ANONYMOUS,
            new AuditQuery(
                keystore.keystore().tenant(),
                Instant.EPOCH,
                null,
                null,
                null,
                null,
                null,
                Map.of()),
            null,
            1_000)
        .await()
        .atMost(Duration.ofSeconds(10))
        .reversed()
        .stream()
        .filter(it -> it.event().action().equals(action))
        .toList();
  }

  /// One intent, and after it, referring to it, what became of it.
  private void assertIntendedThen(Outcome outcome, TestKeystore keystore, String action) {
    Eventually.holds(() -> assertEquals(2, records(keystore, action).size(), action));
    ChainedRecord intent = records(keystore, action).getFirst();
    ChainedRecord result = records(keystore, action).getLast();
    assertEquals(Outcome.INTENDED, intent.event().outcome(), action);
    assertNull(intent.event().reason(), action);
    assertEquals(outcome, result.event().outcome(), action);
    assertEquals(intent.sequence(), result.event().refersTo(), action);
    assertEquals(intent.event().actor(), result.event().actor(), action);
    assertEquals(keystore.keystore().keystore(), intent.event().keystore(), action);
  }

  private RotateKekRequest rotation(TestKeystore keystore) {
    return RotateKekRequest.newBuilder().setName(keystore.name()).build();
  }

  /// The database itself looks for the intent in each transaction that changes something, so a
  /// broker that is killed at any moment of a change leaves one.
  @Test
  void everyChange_isOnRecordAsIntendedBeforeItIsMade_andAsGrantedAfterwards() throws Exception {
    String tenant = "t-" + UUID.randomUUID();
    String function = "intent_first_" + tenant.substring(2).replace("-", "");
    database(
        """
        create function %s() returns trigger language plpgsql as $$
        begin
          if (select count(*) filter (where outcome = 'INTENDED')
                - count(*) filter (where outcome <> 'WITHHELD' and refers_to <> 0)
              from audit_record where tenant = new.tenant) < 1 then
            raise exception 'no intent is on record';
          end if;
          return new;
        end $$
        """
            .formatted(function),
        guard("keystore", tenant, function),
        guard("kek", tenant, function));
    try {
      changeAll(keystores.create(tenant, KeyPairSpec.ECC_NIST_P256, Duration.ofMinutes(1)));
    } finally {
      database("drop function %s() cascade".formatted(function));
    }
  }

  private static String guard(String table, String tenant, String function) {
    return "create trigger %s before insert or update on %s for each row when (new.tenant = '%s') execute function %s()"
        .formatted(function, table, tenant, function);
  }

  private void changeAll(TestKeystore keystore) {
    String old =
        control
            .getKeystore(GetKeystoreRequest.newBuilder().setName(keystore.name()).build())
            .getActiveKek();
    control.updateKeystore(
        UpdateKeystoreRequest.newBuilder()
            .setKeystore(Keystore.newBuilder().setName(keystore.name()).setDisplayName("Calls"))
            .setUpdateMask(FieldMask.newBuilder().addPaths("display_name"))
            .build());
    control.rotateKek(rotation(keystore));
    control.reEncryptKeks(ReEncryptKeksRequest.newBuilder().setName(keystore.name()).build());
    control.disableKek(DisableKekRequest.newBuilder().setName(old).build());
    control.enableKek(EnableKekRequest.newBuilder().setName(old).build());
    control.scheduleKekDestruction(
        ScheduleKekDestructionRequest.newBuilder()
            .setName(old)
            .setWaitingPeriodDays(WAITING_PERIOD_DAYS)
            .build());
    control.restoreKek(RestoreKekRequest.newBuilder().setName(old).build());
    control.deleteKeystore(
        DeleteKeystoreRequest.newBuilder().setName(keystore.name()).setForce(true).build());
    control.restoreKeystore(RestoreKeystoreRequest.newBuilder().setName(keystore.name()).build());

    for (String action :
        List.of(
            "CreateKeystore",
            "UpdateKeystore",
            "RotateKek",
            "ReEncryptKeks",
            "DisableKek",
            "EnableKek",
            "ScheduleKekDestruction",
            "RestoreKek",
            "DeleteKeystore",
            "RestoreKeystore")) {
      assertIntendedThen(Outcome.GRANTED, keystore, action);
    }
    for (String action :
        List.of("DisableKek", "EnableKek", "ScheduleKekDestruction", "RestoreKek")) {
      for (ChainedRecord record : records(keystore, action)) {
        assertEquals(KekName.parse(old).id(), record.event().detail().kek(), action);
      }
    }
  }

  @Test
  void change_thatIsRefusedByTheState_isOnRecordAsIntendedAndAsRefused() {
    TestKeystore keystore = keystores.fresh();
    String active =
        control
            .getKeystore(GetKeystoreRequest.newBuilder().setName(keystore.name()).build())
            .getActiveKek();
    assertThrows(
        StatusRuntimeException.class,
        () -> control.disableKek(DisableKekRequest.newBuilder().setName(active).build()));

    assertIntendedThen(Outcome.REFUSED, keystore, "DisableKek");
    assertEquals("KEK_ACTIVE", records(keystore, "DisableKek").getLast().event().reason());
  }

  @Test
  void callThatChangesNothing_hasOneRecord() {
    TestKeystore keystore = keystores.fresh();
    control.getKeystore(GetKeystoreRequest.newBuilder().setName(keystore.name()).build());
    control.testKeystore(TestKeystoreRequest.newBuilder().setName(keystore.name()).build());

    for (String action : List.of("GetKeystore", "TestKeystore")) {
      assertEquals(
          List.of(Outcome.GRANTED),
          records(keystore, action).stream().map(it -> it.event().outcome()).toList(),
          action);
    }
  }

  /// As on a full disk: PostgreSQL takes no record, and everything else.
  @Test
  void changes_whileNoRecordCanBeWritten_areRefusedAndChangeNothing() throws Exception {
    TestKeystore keystore = keystores.fresh();
    List<Kek> keks = keks(keystore);
    long asked = pairsMade(keystore);
    database(
        "create function refuse_records() returns trigger language plpgsql as $$ begin"
            + " raise exception 'full' using errcode = '53100'; end $$",
        "create trigger refuse_records before insert on audit_record for each statement"
            + " execute function refuse_records()");
    try {
      assertEquals(
          "AUDIT_UNAVAILABLE", reasonOf(refusal(() -> control.rotateKek(rotation(keystore)))));
    } finally {
      database("drop function refuse_records() cascade");
    }

    assertEquals(asked, pairsMade(keystore), "KMS made a key pair");
    assertEquals(keks, keks(keystore));
    Eventually.holds(() -> assertEquals(1, records(keystore, "RotateKek").size()));
    ChainedRecord record = records(keystore, "RotateKek").getFirst();
    assertEquals(Outcome.FAILED, record.event().outcome());
    assertEquals("AUDIT_UNAVAILABLE", record.event().reason());
  }

  private List<Kek> keks(TestKeystore keystore) {
    return control
        .listKeks(ListKeksRequest.newBuilder().setParent(keystore.name()).build())
        .getKeksList();
  }

  private long pairsMade(TestKeystore keystore) {
    return services.kms().calls().on(keystore.keyArn(), "GenerateDataKeyPair")
        + services.kms().calls().on(keystore.keyArn(), "GenerateDataKeyPairWithoutPlaintext");
  }

  private void database(String... statements) throws SQLException {
    Map<String, String> configuration = services.configuration();
    try (Connection connection =
            DriverManager.getConnection(
                configuration.get("quarkus.datasource.jdbc.url"), "postgres", "postgres");
        Statement statement = connection.createStatement()) {
      for (String each : statements) {
        statement.execute(each);
      }
    }
  }
}
