package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import dev.keybroker.audit.postgres.AuditVerify;
import dev.keybroker.audit.postgres.AuditVerifyOptions;
import dev.keybroker.grpc.TestKeystores.TestKeystore;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.UnwrapDekRequest;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.QuarkusTestProfile;
import io.quarkus.test.junit.TestProfile;
import jakarta.inject.Inject;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import org.junit.jupiter.api.Test;

/// PostgreSQL ends and hangs under load: no unwrap returns a DEK without a record, and, as long as
/// the broker lives and nobody cancels, every record that is not corrected stands for a DEK.
///
/// `-Dkeybroker.test.outage-calls=100000` for a long run.
@QuarkusTest
@TestProfile(AuditOutageTest.ImpatientAudit.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class AuditOutageTest extends BrokerTestCase {
  private static final int CALLS = Integer.getInteger("keybroker.test.outage-calls", 6_000);
  private static final int CALLERS = 64;
  private static final Duration AWAY = Duration.ofSeconds(2);

  @Inject MeterRegistry registry;

  /// Calls do not wait long for their record.
  public static final class ImpatientAudit implements QuarkusTestProfile {
    @Override
    public Map<String, String> getConfigOverrides() {
      return Map.of("keybroker.audit.commit-timeout", "500ms");
    }
  }

  @Test
  void unwraps_whilePostgresCrashesAndHangs_returnNoDekWithoutARecord() throws Exception {
    TestKeystore keystore = keystores.fresh();
    ByteString wrapped = wrap(keystore).getWrappedDek();
    unwrap(keystore, wrapped);
    UnwrapDekRequest request = unwrapRequest(keystore.name(), wrapped, Map.of());
    AtomicInteger started = new AtomicInteger(1);
    LongAdder deks = new LongAdder();
    deks.increment();
    Map<String, LongAdder> refusals = new ConcurrentSkipListMap<>();
    List<Thread> callers = new ArrayList<>();
    for (int i = 0; i < CALLERS; i++) {
      callers.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    KeyBrokerGrpc.KeyBrokerBlockingStub stub =
                        KeyBrokerGrpc.newBlockingStub(channel);
                    while (started.getAndIncrement() < CALLS) {
                      try {
                        if (stub.unwrapDek(request).getDek().size() == 32) {
                          deks.increment();
                        }
                      } catch (StatusRuntimeException e) {
                        String reason =
                            reasonOf(Objects.requireNonNull(StatusProto.fromThrowable(e)));
                        refusals.computeIfAbsent(reason, first -> new LongAdder()).increment();
                      }
                    }
                  }));
    }
    await(() -> started.get() > CALLS / 3);
    services.postgres().crash(AWAY);
    long answeredBefore = deks.sum();
    await(
        Duration.ofMinutes(1),
        () -> deks.sum() > answeredBefore + CALLS / 10 || started.get() > CALLS);
    services.postgres().freeze(AWAY);
    for (Thread caller : callers) {
      caller.join();
    }

    await(
        Duration.ofMinutes(1),
        () ->
            registry.get("keybroker.audit.queue").gauge().value() == 0
                && registry.get("keybroker.audit.lag").gauge().value() == 0);
    Map<String, Long> records = records(keystore.keystore().tenant());
    double lost = registry.counter("keybroker.audit.lost").count();
    System.out.printf(
        "%d calls, DEKs %d, refusals %s, records %s, lost %.0f%n",
        CALLS, deks.sum(), refusals, records, lost);
    assertTrue(refusals.containsKey("AUDIT_UNAVAILABLE"), "no call met the outage");
    assertEquals(
        deks.sum(),
        records.getOrDefault("GRANTED", 0L) - records.getOrDefault("WITHHELD", 0L),
        () -> "DEKs returned against " + records);
    assertEquals(
        CALLS,
        records.getOrDefault("GRANTED", 0L)
            + records.getOrDefault("FAILED", 0L)
            + records.getOrDefault("REFUSED", 0L)
            + (long) lost,
        () -> "one record for each call: " + records);
    assertVerified();
  }

  private static void await(Duration longest, java.util.function.BooleanSupplier condition) {
    Eventually.holds(longest, () -> assertTrue(condition));
  }

  private Connection connection() throws SQLException {
    Properties properties = new Properties();
    properties.setProperty("user", "postgres");
    properties.setProperty("password", "postgres");
    return DriverManager.getConnection(
        Objects.requireNonNull(services.configuration().get("quarkus.datasource.jdbc.url")),
        properties);
  }

  private Map<String, Long> records(String tenant) throws SQLException {
    Map<String, Long> records = new TreeMap<>();
    try (Connection connection = connection();
        PreparedStatement statement =
            connection.prepareStatement(
                "select outcome, count(*) from audit_record"
                    + " where tenant = ? and action = 'UnwrapDek' group by outcome")) {
      statement.setString(1, tenant);
      try (ResultSet rows = statement.executeQuery()) {
        while (rows.next()) {
          records.put(rows.getString(1), rows.getLong(2));
        }
      }
    }
    return records;
  }

  private void assertVerified() throws SQLException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try (Connection connection = connection();
        PrintStream printed = new PrintStream(out, true, StandardCharsets.UTF_8)) {
      assertTrue(
          new AuditVerify(
                  connection,
                  AuditVerifyOptions.parse(List.of()),
                  null,
                  printed,
                  printed,
                  java.time.Clock.systemUTC())
              .run(),
          () -> out.toString(StandardCharsets.UTF_8));
    }
  }
}
