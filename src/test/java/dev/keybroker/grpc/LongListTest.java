package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.KeystoresGrpc;
import dev.keybroker.v1.ListKeystoresRequest;
import dev.keybroker.v1.ListKeystoresResponse;
import io.quarkus.scheduler.Scheduler;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A tenant with 10,000 keystores: what a page of them costs does not depend on their number.
@QuarkusTest
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class LongListTest extends BrokerTestCase {
  private static final int KEYSTORES = 10_000;
  private static final Pattern PARAMETER = Pattern.compile("(\\w+(?:=|>|<>)|first )\\$(\\d+)");

  /// Two KEKs each, the newer one ACTIVE under the key that the alias points to.
  private static final List<String> ROWS =
      List.of(
          """
          insert into tenant (id, external_id, create_time) values ('TENANT', 'TENANT', now())
          """,
          """
          insert into keystore (tenant, id, display_name, root_key_kind, kms_key_arn, key_pair_spec,
            rotation_period, private_kek_lifetime_millis, on_kms_outage, version, create_time,
            update_time, kek_wanted, error_code, error_action, error_message, error_hint, error_time)
          select 'TENANT', 'k-' || lpad(i::text, 5, '0'), 'Keystore ' || i, 'AWS_KMS',
            'arn:aws:kms:eu-central-1:111122223333:alias/recordings', 'RSA_3072', 'NEVER', 60000,
            'FAIL_CLOSED', 1, now(), now(), false,
            case when i % 1000 = 0 then 'DisabledException' end,
            case when i % 1000 = 0 then 'kms:Decrypt' end,
            case when i % 1000 = 0 then '' end,
            case when i % 1000 = 0 then '' end,
            case when i % 1000 = 0 then now() end
          from generate_series(1, 10000) i
          """,
          """
          insert into kek (id, tenant, keystore, state, spec, origin, root_key_arn, kms_context,
            public_key, public_key_sha256, encrypted_private_key, create_time, active_time)
          select gen_random_uuid(), 'TENANT', 'k-' || lpad(i::text, 5, '0'), state, 'RSA_3072',
            'KMS_GENERATED', 'arn:aws:kms:eu-central-1:111122223333:key/' || state, '{}', '\\x00',
            '00', '\\x00', now(), now()
          from generate_series(1, 10000) i, unnest(array['RETIRED', 'ACTIVE']) state
          """);

  @Inject DataSource database;
  @Inject Scheduler scheduler;

  private final String tenant = "many-" + UUID.randomUUID();
  private final Statements statements = new Statements();

  /// The SQL of Hibernate.
  private static final class Statements extends Handler {
    private static final Logger SQL = Logger.getLogger("org.hibernate.SQL");

    private final List<String> executed = new ArrayList<>();

    void open() {
      setLevel(Level.ALL);
      SQL.setLevel(Level.ALL);
      SQL.addHandler(this);
    }

    synchronized List<String> ofKeystores() {
      return executed.stream()
          .filter(it -> it.contains("from keystore ") || it.contains("from kek "))
          .toList();
    }

    @Override
    public synchronized void publish(LogRecord record) {
      executed.add(record.getMessage());
    }

    @Override
    public void flush() {}

    @Override
    public void close() {
      SQL.removeHandler(this);
      SQL.setLevel(null);
    }
  }

  private void execute(List<String> sql) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      for (String each : sql) {
        statement.execute(each.replace("TENANT", tenant));
      }
    }
  }

  @BeforeEach
  void fill() throws SQLException {
    execute(ROWS);
    execute(List.of("analyze keystore", "analyze kek"));
  }

  @AfterEach
  void empty() throws SQLException {
    statements.close();
    execute(
        List.of(
            "delete from kek where tenant = 'TENANT'",
            "delete from keystore where tenant = 'TENANT'",
            "delete from tenant where id = 'TENANT'"));
  }

  private ListKeystoresResponse list(String filter, String token, int size) {
    return KeystoresGrpc.newBlockingStub(channel)
        .listKeystores(
            ListKeystoresRequest.newBuilder()
                .setParent("tenants/" + tenant)
                .setFilter(filter)
                .setPageToken(token)
                .setPageSize(size)
                .build());
  }

  @Test
  void page_isOneQueryByTheIndex_howeverManyKeystoresThereAre() throws SQLException {
    String middle = PageToken.afterId("tenants/" + tenant, "", "k-05000");
    // What the broker reads by the clock would be counted too.
    scheduler.pause();
    statements.open();
    ListKeystoresResponse page;
    try {
      page = list("", middle, 0);
    } finally {
      statements.close();
      scheduler.resume();
    }

    assertEquals(50, page.getKeystoresCount());
    Keystore first = page.getKeystores(0);
    assertEquals("tenants/" + tenant + "/keystores/k-05001", first.getName());
    assertTrue(first.hasActiveKekTime());
    assertEquals(
        "arn:aws:kms:eu-central-1:111122223333:key/ACTIVE", first.getActiveKekRootKeyArn());
    List<String> queries = statements.ofKeystores();
    List<String> pages = queries.stream().filter(it -> it.contains("fetch first")).toList();
    assertEquals(1, pages.size(), queries.toString());
    // The broker may read other keystores meanwhile, but not each of these.
    assertTrue(queries.size() < page.getKeystoresCount(), queries.toString());
    String plan = plan(pages.getFirst());
    assertTrue(plan.contains("using keystore_pkey on keystore"), plan);
    assertTrue(plan.contains("using kek_one_active on kek"), plan);
    assertFalse(plan.contains("Seq Scan"), plan);
    assertFalse(plan.contains("Sort"), plan);
    printTimes(middle);
  }

  /// For the eye only: no test depends on the speed of a machine.
  private void printTimes(String middle) {
    long[] millis = new long[20];
    for (int i = 0; i < millis.length; i++) {
      long start = System.nanoTime();
      list("", middle, 0);
      millis[i] = (System.nanoTime() - start) / 1_000_000;
    }
    Arrays.sort(millis);
    System.out.printf(
        "A page of 50 of %d keystores: median %d ms, slowest %d ms of %d%n",
        KEYSTORES, millis[millis.length / 2], millis[millis.length - 1], millis.length);
  }

  /// The plan for a page in the middle.
  private String plan(String query) throws SQLException {
    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute("prepare page as " + query);
      try (ResultSet rows =
          statement.executeQuery("explain execute page (%s)".formatted(values(query)))) {
        StringBuilder plan = new StringBuilder();
        while (rows.next()) {
          plan.append(rows.getString(1)).append('\n');
        }
        return plan.toString();
      } finally {
        statement.execute("deallocate page");
      }
    }
  }

  /// What the page's query compares with, in the order of its parameters.
  private String values(String query) {
    Map<Integer, String> values = new TreeMap<>();
    Matcher parameter = PARAMETER.matcher(query);
    while (parameter.find()) {
      values.put(
          Integer.valueOf(parameter.group(2)),
          switch (parameter.group(1)) {
            case "state=" -> "'ACTIVE'";
            case "state<>" -> "'DESTROYED'";
            case "tenant=" -> "'" + tenant + "'";
            case "id>", "keystore>" -> "'k-05000'";
            default -> "51";
          });
    }
    return String.join(", ", values.values());
  }

  @Test
  void filter_findsItsKeystores_pageByPage() {
    assertEquals(10, list("last_error:*", "", 1000).getKeystoresCount());
    assertEquals(100, list("keystore_id = \"k-042*\"", "", 1000).getKeystoresCount());
    String filter =
        "root_key_arn = \"arn:aws:kms:eu-central-1:111122223333:key/ACTIVE\" AND state = ACTIVE";
    Set<String> all = new HashSet<>();
    String token = "";
    do {
      ListKeystoresResponse page = list(filter, token, 1000);
      assertTrue(page.getKeystoresCount() <= 1000);
      page.getKeystoresList().forEach(it -> all.add(it.getName()));
      token = page.getNextPageToken();
    } while (!token.isEmpty());
    assertEquals(KEYSTORES, all.size());
    assertEquals(
        0,
        list("root_key_arn = \"arn:aws:kms:eu-central-1:111122223333:key/RETIRED\"", "", 1000)
            .getKeystoresCount());
  }
}
