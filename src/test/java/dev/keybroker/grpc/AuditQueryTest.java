package dev.keybroker.grpc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.util.concurrent.ListenableFuture;
import com.google.protobuf.ByteString;
import com.google.protobuf.Timestamp;
import com.google.rpc.BadRequest;
import com.google.rpc.RetryInfo;
import com.google.rpc.Status;
import dev.keybroker.access.Caller;
import dev.keybroker.audit.AuditQuery;
import dev.keybroker.audit.AuditStore;
import dev.keybroker.audit.postgres.AuditPartitions;
import dev.keybroker.grpc.TestKeystores.TestKeystore;
import dev.keybroker.v1.AuditEvent;
import dev.keybroker.v1.AuditLogGrpc;
import dev.keybroker.v1.AuditOutcome;
import dev.keybroker.v1.ListAuditEventsRequest;
import dev.keybroker.v1.ListAuditEventsResponse;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.smallrye.mutiny.subscription.Cancellable;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// `ListAuditEvents` over the network.
@QuarkusTest
@TestProfile(AuditRecordsTest.Loggable.class)
@SuppressWarnings("NullAway.Init") // set before each test
class AuditQueryTest extends BrokerTestCase {
  private static final int GRANTED = 12;
  private static final int REFUSED = 3;

  @Inject AuditStore log;
  @Inject AuditPartitions partitions;
  @Inject DataSource database;

  private AuditLogGrpc.AuditLogBlockingStub audit;
  private TestKeystore keystore;
  private String parent;

  @BeforeEach
  void call() {
    audit = AuditLogGrpc.newBlockingStub(channel);
    keystore = keystores.fresh();
    parent = "tenants/" + keystore.keystore().tenant();
    for (int i = 0; i < GRANTED; i++) {
      Map<String, String> context = Map.of("recording-id", "r-" + i % 4);
      ByteString wrapped = broker.wrapDek(wrapRequest(keystore.name(), context)).getWrappedDek();
      broker.unwrapDek(unwrapRequest(keystore.name(), wrapped, context));
      if (i < REFUSED) {
        assertThrows(
            StatusRuntimeException.class,
            () -> broker.unwrapDek(unwrapRequest(keystore.name(), wrapped, Map.of())));
      }
    }
    await(() -> count(request()) >= 2 * GRANTED + REFUSED);
  }

  private ListAuditEventsRequest.Builder request() {
    return ListAuditEventsRequest.newBuilder().setParent(parent).setPageSize(1_000);
  }

  private List<AuditEvent> list(ListAuditEventsRequest.Builder request) {
    return audit.listAuditEvents(request.build()).getEventsList().stream()
        .filter(event -> event.getRpc().endsWith("Dek"))
        .toList();
  }

  private int count(ListAuditEventsRequest.Builder request) {
    return list(request).size();
  }

  @Test
  void events_areListedNewestFirst() {
    List<AuditEvent> events = list(request());

    assertEquals(2 * GRANTED + REFUSED, events.size());
    assertEquals(
        events.stream().sorted(Comparator.comparing(AuditQueryTest::micros).reversed()).toList(),
        events);
    AuditEvent unwrap =
        events.stream().filter(it -> it.getRpc().equals("UnwrapDek")).findFirst().orElseThrow();
    assertEquals(keystore.name(), unwrap.getKeystore());
    assertEquals("ANONYMOUS", unwrap.getCallerKind());
    assertEquals(32, unwrap.getEncryptionContextSha256().size());
    assertEquals(32, unwrap.getHash().size());
    assertTrue(unwrap.getSequenceNumber() > 0);
  }

  @Test
  void digest_ofAWholeContext_findsItsEventsWithoutTheValues() {
    ListAuditEventsResponse whole =
        audit.listAuditEvents(
            request()
                .setWholeEncryptionContext(true)
                .putEncryptionContext("recording-id", "r-1")
                .build());
    ByteString digest = whole.getEncryptionContextSha256();

    assertEquals(32, digest.size());
    assertEquals(GRANTED / 4 * 2, whole.getEventsCount());
    assertEquals(
        whole.getEventsList(),
        audit
            .listAuditEvents(request().setEncryptionContextSha256(digest).build())
            .getEventsList());
    assertEquals(0, count(request().setEncryptionContextSha256(ByteString.copyFrom(new byte[32]))));
    assertEquals(0, audit.listAuditEvents(request().build()).getEncryptionContextSha256().size());
  }

  private static long micros(AuditEvent event) {
    return event.getTime().getSeconds() * 1_000_000 + event.getTime().getNanos() / 1_000;
  }

  @Test
  void filters_keepWhatTheySay() {
    assertEquals(REFUSED, count(request().setOutcome(AuditOutcome.AUDIT_OUTCOME_REFUSED)));
    assertEquals(2 * GRANTED, count(request().setOutcome(AuditOutcome.AUDIT_OUTCOME_GRANTED)));
    assertEquals(2 * GRANTED / 4, count(request().putEncryptionContext("recording-id", "r-3")));
    assertEquals(
        2 * GRANTED + REFUSED, count(request().setKeystoreId(keystore.keystore().keystore())));
    assertEquals(0, count(request().setKeystoreId("another")));
    assertEquals(2 * GRANTED + REFUSED, count(request().setCaller("anonymous")));
    assertEquals(0, count(request().setCaller("somebody")));
    assertEquals(0, count(request().setParent("tenants/nobody")));
  }

  @Test
  void times_boundTheList() {
    List<AuditEvent> events = list(request());
    Timestamp sixth = events.get(5).getTime();

    assertEquals(
        events.stream().filter(it -> micros(it) >= micros(events.get(5))).toList(),
        list(request().setStartTime(sixth)));
    assertEquals(
        events.stream().filter(it -> micros(it) < micros(events.get(5))).toList(),
        list(request().setEndTime(sixth)));
  }

  @Test
  void times_thatCannotBeAskedFor_areRefused() {
    List<Timestamp> bad =
        List.of(
            time(Long.MIN_VALUE, 0),
            time(-1, 0),
            time(253_402_300_800L, 0),
            time(9_223_372_036_854L, 0),
            time(Long.MAX_VALUE, Integer.MAX_VALUE));
    for (Timestamp time : bad) {
      assertInvalid("start_time", request().setStartTime(time));
      assertInvalid("end_time", request().setEndTime(time));
    }
  }

  @Test
  void times_thatAreTheEarliestAndTheLatest_areAskedFor() {
    Timestamp first = time(0, 0);
    Timestamp last = time(253_402_300_799L, 0);
    assertEquals(2 * GRANTED + REFUSED, count(request().setStartTime(first).setEndTime(last)));
    assertEquals(0, count(request().setStartTime(last)));
    assertEquals(0, count(request().setEndTime(first)));
  }

  /// They are no times, but can be read as some.
  @Test
  void times_withNanosOutOfBounds_failNoCall() {
    for (int nanos : new int[] {Integer.MIN_VALUE, -1, 1_000_000_000, Integer.MAX_VALUE}) {
      for (long seconds : new long[] {0, 1, 253_402_300_799L}) {
        ListAuditEventsRequest.Builder request = request().setStartTime(time(seconds, nanos));
        try {
          list(request);
        } catch (StatusRuntimeException e) {
          assertInvalid("start_time", request);
        }
      }
    }
  }

  private static Timestamp time(long seconds, int nanos) {
    return Timestamp.newBuilder().setSeconds(seconds).setNanos(nanos).build();
  }

  /// The record holds U+FFFD in its place; PostgreSQL can hold neither in a text nor in JSON.
  @Test
  void filterWithNul_findsWhatWasCalledWithNul() {
    Map<String, String> context = Map.of("recording-id", "r-\u0000");
    broker.wrapDek(wrapRequest(keystore.name(), context));

    await(() -> count(request().putAllEncryptionContext(context)) == 1);
    assertEquals(
        Map.of("recording-id", "r-\uFFFD"),
        list(request().putAllEncryptionContext(context)).getFirst().getEncryptionContextMap());
    assertEquals(0, count(request().putEncryptionContext("recording-id", "r-9\u0000")));
    assertInvalid(
        "encryption_context", request().putEncryptionContext("recording-id\u0000", "r-3"));
    assertEquals(0, count(request().setCaller("anonymous\u0000")));
    assertInvalid("keystore_id", request().setKeystoreId("calls\u0000"));
    assertInvalid("parent", request().setParent(parent + "\u0000"));
    assertInvalid("page_token", request().setPageToken("\u0000"));
  }

  private void assertInvalid(String field, ListAuditEventsRequest.Builder request) {
    Status status =
        assertRefused(
            io.grpc.Status.Code.INVALID_ARGUMENT,
            "REQUEST_INVALID",
            () -> audit.listAuditEvents(request.build()));
    assertEquals(field, detail(status, BadRequest.class).getFieldViolations(0).getField());
  }

  @Test
  void pages_togetherAreTheList() {
    List<AuditEvent> all = list(request().setOutcome(AuditOutcome.AUDIT_OUTCOME_GRANTED));
    List<AuditEvent> paged = new ArrayList<>();
    // What this test itself leaves on record is newer than the first page.
    ListAuditEventsRequest.Builder request =
        request().setOutcome(AuditOutcome.AUDIT_OUTCOME_GRANTED).setPageSize(5);
    ListAuditEventsResponse page;
    do {
      page = audit.listAuditEvents(request.build());
      assertTrue(page.getEventsCount() <= 5);
      page.getEventsList().stream()
          .filter(event -> event.getRpc().endsWith("Dek"))
          .forEach(paged::add);
      request.setPageToken(page.getNextPageToken());
    } while (!page.getNextPageToken().isEmpty());

    assertEquals(all, paged);
  }

  /// No event shows the value of such a key: to answer that there is none would be wrong.
  @Test
  void filterOnAKeyThatIsNotLoggable_isRefused_unlessTheWholeContextIsGiven() {
    Map<String, String> context = Map.of("recording-id", "r-1", "agent", "Ada");
    ByteString wrapped = broker.wrapDek(wrapRequest(keystore.name(), context)).getWrappedDek();
    broker.unwrapDek(unwrapRequest(keystore.name(), wrapped, context));
    await(
        () ->
            count(request().putAllEncryptionContext(context).setWholeEncryptionContext(true)) == 2);

    assertInvalid("encryption_context", request().putEncryptionContext("agent", "Ada"));
    assertInvalid("encryption_context", request().putAllEncryptionContext(context));
    assertEquals(
        0, count(request().putEncryptionContext("agent", "Ada").setWholeEncryptionContext(true)));
    assertEquals(
        2 * GRANTED / 4,
        count(
            request().putEncryptionContext("recording-id", "r-1").setWholeEncryptionContext(true)));
    assertEquals(2 * GRANTED / 4 + 2, count(request().putEncryptionContext("recording-id", "r-1")));
    assertEquals(REFUSED, count(request().setWholeEncryptionContext(true)));
  }

  @Test
  void listWithoutAStart_looksBackForTheWindow_andSaysSo() {
    Timestamp end = time(4_000_000_000L, 0);
    ListAuditEventsResponse page = audit.listAuditEvents(request().setEndTime(end).build());
    assertEquals(time(4_000_000_000L - Duration.ofDays(31).toSeconds(), 0), page.getStartTime());
    assertEquals(0, page.getEventsCount());
    assertEquals(
        time(5, 0),
        audit.listAuditEvents(request().setStartTime(time(5, 0)).build()).getStartTime());
    assertEquals(
        time(0, 0), audit.listAuditEvents(request().setEndTime(time(7, 0)).build()).getStartTime());

    ListAuditEventsResponse first = audit.listAuditEvents(request().setPageSize(1).build());
    ListAuditEventsResponse second =
        audit.listAuditEvents(
            request().setPageSize(1).setPageToken(first.getNextPageToken()).build());
    assertEquals(first.getStartTime(), second.getStartTime());
  }

  @Test
  void pageToken_ofAnotherFilter_isRefused() {
    String token = audit.listAuditEvents(request().setPageSize(1).build()).getNextPageToken();
    assertInvalid("page_token", request().setCaller("anonymous").setPageToken(token));
    assertInvalid(
        "page_token", request().putEncryptionContext("recording-id", "r-1").setPageToken(token));
  }

  /// The heaviest queries there are: they wait for a lock, and would for ever.
  @Test
  void queriesThatNeverEnd_delayNoReadOfAKek_andEndWithTheirCallers() throws Exception {
    partitions.run().await().atMost(Duration.ofSeconds(20));
    AuditQuery query =
        new AuditQuery(
            keystore.keystore().tenant(), Instant.EPOCH, null, null, null, null, null, Map.of());
    List<Cancellable> queries = new ArrayList<>();
    // A call that its client cancels has no status of the broker.
    ManagedChannel leaving = channelTo(address.grpcPort()).build();
    try (Connection connection = database.getConnection();
        Statement on = connection.createStatement()) {
      connection.setAutoCommit(false);
      on.execute("lock table audit_record_default in access exclusive mode");
      // More readers than any pool has connections.
      for (int i = 0; i < 60; i++) {
        queries.add(
            log.list(new Caller(Caller.Kind.DNS, "reader-" + i), query, null, 1)
                .subscribe()
                .with(found -> {}, failure -> {}));
      }
      await(() -> waiting() > 0);

      // Neither Redis nor memory knows it: it is read from PostgreSQL.
      TestKeystore another = keystores.fresh();
      broker.wrapDek(wrapRequest(another.name(), Map.of()));
      assertTrue(waiting() <= 2, "more connections than they have");

      queries.forEach(Cancellable::cancel);
      await(() -> waiting() == 0);

      ListenableFuture<ListAuditEventsResponse> heavy =
          AuditLogGrpc.newFutureStub(leaving).listAuditEvents(request().build());
      await(() -> waiting() == 1);
      Status busy =
          assertRefused(
              io.grpc.Status.Code.RESOURCE_EXHAUSTED,
              "AUDIT_QUERY_BUSY",
              () -> audit.listAuditEvents(request().build()));
      assertTrue(detail(busy, RetryInfo.class).getRetryDelay().getSeconds() > 0);
      heavy.cancel(true);
      await(() -> waiting() == 0);
      connection.rollback();
      connection.setAutoCommit(true);
    } finally {
      leaving.shutdownNow();
    }
    await(() -> count(request().setOutcome(AuditOutcome.AUDIT_OUTCOME_REFUSED)) == REFUSED);
  }

  /// The queries that wait for the lock.
  private int waiting() {
    try (Connection connection = database.getConnection();
        Statement on = connection.createStatement();
        ResultSet rows =
            on.executeQuery(
                "select count(*) from pg_stat_activity where state = 'active'"
                    + " and wait_event_type = 'Lock' and query like 'select chain,%'")) {
      rows.next();
      return rows.getInt(1);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void pageToken_ofAnotherTenant_isRefused() {
    String token = audit.listAuditEvents(request().setPageSize(1).build()).getNextPageToken();
    for (String bad : List.of(token, token + "x", "x")) {
      assertRefused(
          io.grpc.Status.Code.INVALID_ARGUMENT,
          "REQUEST_INVALID",
          () ->
              audit.listAuditEvents(
                  request().setParent("tenants/another").setPageToken(bad).build()));
    }
  }
}
