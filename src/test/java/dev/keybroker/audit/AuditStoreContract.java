package dev.keybroker.audit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.access.Caller;
import dev.keybroker.grpc.Eventually;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The guarantees of [AuditStore], which hold wherever the records are kept.
abstract class AuditStoreContract {
  static final Duration LIMIT = Duration.ofSeconds(30);

  private static final Instant NOW = Instant.now().truncatedTo(ChronoUnit.MICROS);
  private static final Caller ADA = new Caller(Caller.Kind.DNS, "ada.example");
  private static final Caller BOB = new Caller(Caller.Kind.DNS, "bob.example");
  private static final byte[] DIGEST = new byte[32];
  private static final int WRITERS = 8;
  private static final int MANY = 250;

  private final RecordHash hash = RecordHash.of(null);
  private final String tenant = "t-" + UUID.randomUUID();
  final UUID chain = UUID.randomUUID();

  /// The implementation under test, the same one throughout a test.
  abstract AuditStore log();

  /// Makes appends to the chain fail until this is closed.
  ///
  /// @param isInDoubt whether the failure leaves open what became of them
  abstract AutoCloseable refusing(boolean isInDoubt);

  /// Makes queries wait until this is closed.
  abstract AutoCloseable holdingQueries();

  static <T> T await(Uni<T> answer) {
    return answer.await().atMost(LIMIT);
  }

  @BeforeEach
  void open() {
    await(log().open(chain, null, NOW));
  }

  private AuditEvent event(Instant time, String keystore, Outcome outcome) {
    return new AuditEvent(
        time,
        "UnwrapDek",
        AuditEvent.Actor.of(ADA),
        tenant,
        keystore,
        new AuditEvent.Detail(
            new UUID(1, 2), "elsewhere", DIGEST, Map.of("call", "7", "site", "b"), "request-1"),
        "/10.0.0.1:4711",
        "trace-1",
        outcome,
        outcome == Outcome.GRANTED ? null : "PERMISSION_DENIED",
        0);
  }

  private AuditEvent event(int millis) {
    return event(NOW.plusMillis(millis), "calls", Outcome.GRANTED);
  }

  private List<ChainedRecord> after(UUID of, ChainHead head, AuditEvent... events) {
    List<ChainedRecord> records = new ArrayList<>();
    ChainHead last = head;
    for (AuditEvent event : events) {
      ChainedRecord record = hash.next(of, last, event);
      records.add(record);
      last = new ChainHead(record.sequence(), record.hash());
    }
    return records;
  }

  private static ChainHead head(List<ChainedRecord> records) {
    return new ChainHead(records.getLast().sequence(), records.getLast().hash());
  }

  /// Appends events to a chain that has none.
  private List<ChainedRecord> append(UUID to, AuditEvent... events) {
    List<ChainedRecord> records = after(to, ChainHead.START, events);
    await(log().open(to, null, NOW));
    assertTrue(await(log().append(ChainHead.START, records)));
    return records;
  }

  private AuditQuery everything() {
    return new AuditQuery(tenant, NOW.minusSeconds(60), null, null, null, null, null, Map.of());
  }

  private Uni<List<ChainedRecord>> list(AuditQuery query, AuditCursor before, int limit) {
    return log().list(ADA, query, before, limit);
  }

  private List<ChainedRecord> list(AuditQuery query) {
    return await(list(query, null, MANY + 1));
  }

  private static List<ChainedRecord> newestFirst(List<ChainedRecord> records) {
    // PostgreSQL orders UUIDs by their bytes.
    Comparator<ChainedRecord> order =
        Comparator.<ChainedRecord, Instant>comparing(it -> it.event().time())
            .thenComparing(it -> it.chain().toString())
            .thenComparing(ChainedRecord::sequence);
    return records.stream().sorted(order.reversed()).toList();
  }

  /// Each is what was appended, to the last field: its hash is over all of them.
  private void assertSame(List<ChainedRecord> expected, List<ChainedRecord> listed) {
    assertEquals(
        expected.stream().map(it -> it.chain() + " " + it.sequence()).toList(),
        listed.stream().map(it -> it.chain() + " " + it.sequence()).toList());
    for (int i = 0; i < expected.size(); i++) {
      assertTrue(Arrays.equals(expected.get(i).hash(), listed.get(i).hash()));
      assertTrue(hash.isOf(listed.get(i)));
    }
  }

  @Test
  void chain_thatWasNotOpened_hasNoHeadAndTakesNoRecord() {
    UUID unknown = UUID.randomUUID();

    assertNull(await(log().head(unknown)));
    assertFalse(await(log().append(ChainHead.START, after(unknown, ChainHead.START, event(1)))));
    assertNull(await(log().head(unknown)));
    assertEquals(List.of(), list(everything()));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, MANY})
  void append_atTheHead_commitsAllAndMovesTheHead(int size) {
    assertEquals(ChainHead.START, await(log().head(chain)));

    List<ChainedRecord> records =
        append(chain, IntStream.range(0, size).mapToObj(this::event).toArray(AuditEvent[]::new));

    assertEquals(head(records), await(log().head(chain)));
    assertSame(records.reversed(), list(everything()));
    List<ChainedRecord> next = after(chain, head(records), event(MANY));
    assertTrue(await(log().append(head(records), next)));
    assertEquals(head(next), await(log().head(chain)));
  }

  @Test
  void append_elsewhere_commitsNothing() {
    List<ChainedRecord> records = append(chain, event(1));
    ChainHead forged = new ChainHead(1, new byte[RecordHash.SIZE]);

    assertFalse(await(log().append(ChainHead.START, records)));
    assertFalse(await(log().append(ChainHead.START, after(chain, ChainHead.START, event(2)))));
    assertFalse(await(log().append(forged, after(chain, forged, event(3)))));

    assertEquals(head(records), await(log().head(chain)));
    assertSame(records, list(everything()));
  }

  @Test
  void open_again_changesNothing() {
    List<ChainedRecord> records = append(chain, event(1));

    await(log().open(chain, "another", NOW.plusSeconds(1)));

    assertEquals(head(records), await(log().head(chain)));
  }

  @Test
  void appends_atOnce_oneOnlyComesNext() {
    List<Uni<Boolean>> appends =
        IntStream.range(0, WRITERS)
            .mapToObj(i -> log().append(ChainHead.START, after(chain, ChainHead.START, event(i))))
            .toList();

    List<Boolean> committed = await(Uni.join().all(appends).andFailFast());

    assertEquals(1, committed.stream().filter(it -> it).count());
    assertEquals(1, list(everything()).size());
  }

  @Test
  void append_thatIsRejected_commitsNothing_neitherNowNorLater() throws Exception {
    List<ChainedRecord> records = after(chain, ChainHead.START, event(1));
    try (AutoCloseable ignored = refusing(false)) {
      assertThrows(AppendRejected.class, () -> await(log().append(ChainHead.START, records)));
      assertEquals(ChainHead.START, await(log().head(chain)));
    }

    assertTrue(await(log().append(ChainHead.START, records)));
    assertSame(records, list(everything()));
  }

  @Test
  void append_inDoubt_isToldApart_andTheHeadDecides() throws Exception {
    List<ChainedRecord> records = after(chain, ChainHead.START, event(1));
    try (AutoCloseable ignored = refusing(true)) {
      RuntimeException failure =
          assertThrows(RuntimeException.class, () -> await(log().append(ChainHead.START, records)));
      assertFalse(failure instanceof AppendRejected, failure::toString);
    }

    boolean wasCommitted = !ChainHead.START.equals(await(log().head(chain)));
    assertEquals(!wasCommitted, await(log().append(ChainHead.START, records)));
    assertEquals(head(records), await(log().head(chain)));
    assertSame(records, list(everything()));
  }

  @Test
  void checkpoint_again_changesNothing() {
    List<ChainedRecord> records = append(chain, event(1));

    await(log().checkpoint(chain, head(records), NOW));
    await(log().checkpoint(chain, head(records), NOW.plusSeconds(1)));

    assertEquals(head(records), await(log().head(chain)));
  }

  @Test
  void abandon_leavesTheNextCallFree() {
    List<ChainedRecord> records = append(chain, event(1));

    log().abandon();

    assertEquals(head(records), await(log().head(chain)));
  }

  /// Events of one time are in the order of their chains, then of their places there.
  @Test
  void list_isNewestFirst_andItsPagesAreTogetherTheWhole() {
    List<ChainedRecord> all = new ArrayList<>(append(chain, event(5), event(5), event(1)));
    all.addAll(append(UUID.randomUUID(), event(5), event(7), event(5)));
    all.addAll(append(UUID.randomUUID(), event(5)));
    List<ChainedRecord> expected = newestFirst(all);

    assertSame(expected, list(everything()));
    for (int limit = 1; limit <= expected.size(); limit++) {
      List<ChainedRecord> pages = new ArrayList<>();
      AuditCursor before = null;
      while (true) {
        List<ChainedRecord> page = await(list(everything(), before, limit));
        assertTrue(page.size() <= limit);
        if (page.isEmpty()) {
          break;
        }
        pages.addAll(page);
        ChainedRecord last = page.getLast();
        before = new AuditCursor(last.event().time(), last.chain(), last.sequence());
      }
      assertSame(expected, pages);
    }
  }

  private AuditQuery query(
      Instant from, Instant until, String keystore, String caller, Outcome outcome) {
    return new AuditQuery(tenant, from, until, keystore, caller, outcome, null, Map.of());
  }

  private AuditQuery query(byte[] digest, Map<String, String> values) {
    return new AuditQuery(tenant, NOW.minusSeconds(60), null, null, null, null, digest, values);
  }

  @Test
  void list_keepsWhatTheQuerySays() {
    AuditEvent refused = event(NOW.plusMillis(2), "screens", Outcome.REFUSED);
    List<ChainedRecord> records = append(chain, event(1), refused, event(3));
    List<ChainedRecord> all = records.reversed();
    Instant second = NOW.plusMillis(2);
    Instant first = NOW.plusMillis(1);

    assertSame(all.subList(0, 2), list(query(second, null, null, null, null)));
    assertSame(all.subList(2, 3), list(query(first, second, null, null, null)));
    assertSame(all.subList(1, 2), list(query(first, null, "screens", null, null)));
    assertSame(all, list(query(first, null, null, ADA.subject(), null)));
    assertSame(List.of(), list(query(first, null, null, BOB.subject(), null)));
    assertSame(all.subList(1, 2), list(query(first, null, null, null, Outcome.REFUSED)));
    assertSame(
        List.of(all.getFirst(), all.getLast()),
        list(query(first, null, null, null, Outcome.GRANTED)));
    assertSame(all, list(query(DIGEST, Map.of())));
    assertSame(List.of(), list(query(new byte[] {1}, Map.of())));
    assertSame(all, list(query(null, Map.of("call", "7"))));
    assertSame(all, list(query(null, Map.of("call", "7", "site", "b"))));
    assertSame(List.of(), list(query(null, Map.of("call", "7", "site", "c"))));
    assertSame(List.of(), list(query(null, Map.of("other", "7"))));
  }

  /// Neither another tenant's nor the broker's own, which are no tenant's.
  @Test
  void list_isOfOneTenant() {
    append(chain, event(1), AuditEvent.ofBroker(NOW, AuditEvent.CLOSE_CHAIN, null));
    AuditQuery others =
        new AuditQuery("t-other", NOW.minusSeconds(60), null, null, null, null, null, Map.of());

    assertEquals(1, list(everything()).size());
    assertEquals(List.of(), list(others));
  }

  @Test
  void reader_hasOneQueryAtATime_andOthersHaveTheirs() throws Exception {
    List<ChainedRecord> records = append(chain, event(1));
    CompletableFuture<List<ChainedRecord>> first;
    CompletableFuture<List<ChainedRecord>> ofAnother;
    try (AutoCloseable ignored = holdingQueries()) {
      first = list(everything(), null, 10).subscribeAsCompletionStage();
      assertThrows(AuditFailure.Busy.class, () -> list(everything()));
      ofAnother = log().list(BOB, everything(), null, 10).subscribeAsCompletionStage();
      assertFalse(first.isDone());
      assertFalse(ofAnother.isDone());
    }

    for (CompletableFuture<List<ChainedRecord>> each : List.of(first, ofAnother)) {
      assertSame(records, await(Uni.createFrom().completionStage(each)));
    }
    assertSame(records, list(everything()));
  }

  @Test
  void query_thatIsCancelled_endsInTheStoreToo() throws Exception {
    List<ChainedRecord> records = append(chain, event(1));
    List<CompletableFuture<List<ChainedRecord>>> next = new ArrayList<>();
    try (AutoCloseable ignored = holdingQueries()) {
      list(everything(), null, 10).subscribe().with(it -> {}, failure -> {}).cancel();

      // While it went on, the reader's next query would be refused at once.
      Eventually.holds(
          LIMIT,
          () -> {
            next.add(list(everything(), null, 10).subscribeAsCompletionStage());
            assertFalse(next.getLast().isCompletedExceptionally());
          });
    }

    assertSame(records, await(Uni.createFrom().completionStage(next.getLast())));
  }
}
