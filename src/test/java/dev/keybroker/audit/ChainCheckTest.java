package dev.keybroker.audit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.audit.Finding.Kind;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class ChainCheckTest {
  private static final UUID CHAIN = UUID.fromString("00000000-0000-0000-0000-000000000001");
  private static final int SIZE = 20;

  private final RecordHash hash = RecordHash.of(null);
  private final List<ChainedRecord> records = chain(hash, SIZE);
  private final ChainHead head = headOf(records);
  private final List<DroppedRange> dropped = new ArrayList<>();
  private final Map<Long, byte[]> checkpoints = new HashMap<>();

  private static List<ChainedRecord> chain(RecordHash hash, int size) {
    List<ChainedRecord> records = new ArrayList<>();
    ChainHead last = ChainHead.START;
    for (int i = 1; i <= size; i++) {
      ChainedRecord next = hash.next(CHAIN, last, AuditEvents.granted(i));
      records.add(next);
      last = new ChainHead(next.sequence(), next.hash());
    }
    return records;
  }

  private static ChainHead headOf(List<ChainedRecord> records) {
    return new ChainHead(records.getLast().sequence(), records.getLast().hash());
  }

  private List<Finding> verify() {
    return verify(head);
  }

  private List<Finding> verify(ChainHead end) {
    ChainCheck check = new ChainCheck(CHAIN, RecordHash.of(null), dropped, checkpoints);
    records.stream().sorted(Comparator.comparing(ChainedRecord::sequence)).forEach(check::accept);
    return check.end(end);
  }

  private void assertFirst(Kind kind, long sequence, List<Finding> findings) {
    assertFalse(findings.isEmpty(), "nothing found");
    assertEquals(kind, findings.getFirst().kind(), findings::toString);
    assertEquals(sequence, findings.getFirst().sequence(), findings::toString);
  }

  private void drop(int first, int last, byte[] hash) {
    dropped.add(
        new DroppedRange(
            CHAIN, first, last, records.get(first - 1).previousHash(), hash, LocalDate.EPOCH));
  }

  private static ChainedRecord with(ChainedRecord record, AuditEvent event) {
    return new ChainedRecord(
        record.chain(), record.sequence(), record.previousHash(), event, record.hash());
  }

  private static ChainedRecord at(long sequence, ChainedRecord record) {
    return new ChainedRecord(
        record.chain(), sequence, record.previousHash(), record.event(), record.hash());
  }

  @Test
  void wholeChain_verifies() {
    assertEquals(List.of(), verify());
  }

  @Test
  void emptyChain_verifies() {
    records.clear();
    assertEquals(List.of(), verify(ChainHead.START));
  }

  @Test
  void alteredRecord_isNamed() {
    records.set(6, with(records.get(6), AuditEvents.refused(7)));
    assertFirst(Kind.ALTERED, 7, verify());
  }

  @Test
  void alteredRecord_withItsHashMadeAnew_isNamed() {
    ChainedRecord before = records.get(5);
    records.set(
        6,
        hash.next(CHAIN, new ChainHead(before.sequence(), before.hash()), AuditEvents.refused(7)));
    assertFirst(Kind.ALTERED, 7, verify());
  }

  @Test
  void lastRecord_withItsHashMadeAnew_isNamed() {
    ChainedRecord before = records.get(SIZE - 2);
    records.set(
        SIZE - 1,
        hash.next(CHAIN, new ChainHead(before.sequence(), before.hash()), AuditEvents.refused(7)));
    assertFirst(Kind.ALTERED, SIZE, verify());
  }

  @Test
  void removedRecord_isNamed() {
    records.remove(9);
    assertFirst(Kind.MISSING, 10, verify());
  }

  @Test
  void removedRecords_areNamedWithTheirNumber() {
    records.subList(9, 12).clear();
    assertFirst(Kind.MISSING, 10, verify());
    assertTrue(verify().getFirst().detail().startsWith("3 records, to seq 12"), verify()::toString);
  }

  @Test
  void removedStart_isNamed() {
    records.subList(0, 3).clear();
    assertFirst(Kind.MISSING, 1, verify());
  }

  @Test
  void cutTail_isNamed() {
    records.subList(15, SIZE).clear();
    assertFirst(Kind.MISSING, 16, verify());
  }

  @Test
  void cutTail_withTheHeadMovedBack_isKnownToACheckpoint() {
    checkpoints.put(18L, records.get(17).hash());
    records.subList(15, SIZE).clear();
    assertFirst(Kind.MISSING, 16, verify(headOf(records)));
  }

  @Test
  void insertedRecord_withANumberThatIsTaken_isNamed() {
    records.add(at(8, records.get(3)));
    assertFirst(Kind.INSERTED, 8, verify());
    assertEquals(1, verify().size(), verify()::toString);
  }

  @Test
  void insertedRecord_thatChains_isNamed() {
    ChainedRecord before = records.get(6);
    records.add(
        hash.next(CHAIN, new ChainHead(before.sequence(), before.hash()), AuditEvents.granted(99)));
    assertFirst(Kind.INSERTED, 8, verify());
    assertEquals(1, verify().size(), verify()::toString);
  }

  @Test
  void insertedRecord_afterTheHead_isNamed() {
    records.add(hash.next(CHAIN, head, AuditEvents.granted(99)));
    assertFirst(Kind.INSERTED, SIZE + 1, verify());
  }

  @Test
  void insertedRecord_afterTheClosingOne_isNamed() {
    records.add(
        hash.next(
            CHAIN,
            head,
            AuditEvent.ofBroker(records.getLast().event().time(), AuditEvent.CLOSE_CHAIN, null)));
    records.add(hash.next(CHAIN, headOf(records), AuditEvents.granted(99)));
    assertFirst(Kind.INSERTED, SIZE + 2, verify(headOf(records)));
  }

  @Test
  void swappedContents_areNamed() {
    ChainedRecord third = records.get(2);
    ChainedRecord ninth = records.get(8);
    records.set(2, with(third, ninth.event()));
    records.set(8, with(ninth, third.event()));
    assertFirst(Kind.ALTERED, 3, verify());
  }

  @Test
  void swappedNumbers_areNamed() {
    ChainedRecord third = records.get(2);
    ChainedRecord ninth = records.get(8);
    records.set(2, at(3, ninth));
    records.set(8, at(9, third));
    assertFirst(Kind.ALTERED, 3, verify());
  }

  @Test
  void chainMadeAnewFromARecordOn_isKnownToACheckpoint() {
    checkpoints.put((long) SIZE, head.hash());
    ChainHead last = headOf(records.subList(0, 9));
    for (int i = 9; i < SIZE; i++) {
      ChainedRecord forged = hash.next(CHAIN, last, AuditEvents.refused(i + 1));
      records.set(i, forged);
      last = new ChainHead(forged.sequence(), forged.hash());
    }
    assertFirst(Kind.ALTERED, SIZE, verify(last));
  }

  @Test
  void chainMadeAnewWithoutTheMacKey_doesNotVerify() {
    byte[] key = new byte[32];
    ChainCheck check = new ChainCheck(CHAIN, RecordHash.of(key), dropped, checkpoints);
    records.forEach(check::accept);
    assertFirst(Kind.ALTERED, 1, check.end(head));
  }

  @Test
  void chain_underAMacKey_verifiesWithIt() {
    RecordHash mac = RecordHash.of(new byte[32]);
    List<ChainedRecord> keyed = chain(mac, SIZE);
    ChainCheck check = new ChainCheck(CHAIN, RecordHash.of(new byte[32]), dropped, checkpoints);
    keyed.forEach(check::accept);
    assertEquals(List.of(), check.end(headOf(keyed)));
  }

  @Test
  void startDroppedByRetention_verifiesFromThereOn() {
    drop(1, 5, records.get(4).hash());
    records.subList(0, 5).clear();
    assertEquals(List.of(), verify());
  }

  @Test
  void startDroppedByRetention_withMoreMissing_isNamed() {
    drop(1, 5, records.get(4).hash());
    records.subList(0, 7).clear();
    assertFirst(Kind.MISSING, 6, verify());
  }

  @Test
  void firstRecordAfterTheDroppedOnes_alteredWithItsHash_isNamed() {
    drop(1, 5, new byte[32]);
    records.subList(0, 5).clear();
    assertFirst(Kind.ALTERED, 5, verify());
  }

  @Test
  void chainDroppedWhole_verifies() {
    drop(1, SIZE, head.hash());
    records.clear();
    assertEquals(List.of(), verify());
  }

  @Test
  void middleDroppedByRetention_hidesNothingElse() {
    drop(4, 6, records.get(5).hash());
    drop(9, 9, records.get(8).hash());
    records.subList(3, 6).clear();
    records.remove(5);
    assertEquals(List.of(), verify());

    records.remove(3);
    assertFirst(Kind.MISSING, 7, verify());
  }

  @Test
  void recordBeforeTheDroppedOnes_madeAnew_isNamed() {
    drop(4, 6, records.get(5).hash());
    records.subList(3, 6).clear();
    ChainedRecord second = records.get(1);
    records.set(
        2,
        hash.next(CHAIN, new ChainHead(second.sequence(), second.hash()), AuditEvents.refused(3)));
    assertFirst(Kind.ALTERED, 3, verify());
  }

  @Test
  void droppedRange_withAnotherHashThanACheckpoint_isNamed() {
    drop(1, 5, records.get(4).hash());
    checkpoints.put(5L, new byte[32]);
    records.subList(0, 5).clear();
    assertFirst(Kind.ALTERED, 5, verify());
  }

  @Test
  void tailBeyondTheDroppedOnes_cut_isNamed() {
    drop(1, 15, records.get(14).hash());
    records.clear();
    assertFirst(Kind.MISSING, 16, verify());
  }

  @Test
  void chainWithoutItsEntry_isNamed() {
    ChainCheck check = new ChainCheck(CHAIN, RecordHash.of(null), dropped, checkpoints);
    records.forEach(check::accept);
    assertFirst(Kind.MISSING, SIZE, check.end(null));
  }

  private void append(AuditEvent event) {
    records.add(hash.next(CHAIN, headOf(records), event));
  }

  private static AuditEvent change(int number, Outcome outcome, long refersTo) {
    AuditEvent granted = AuditEvents.granted(number);
    return new AuditEvent(
        granted.time(),
        "RotateKek",
        granted.actor(),
        granted.tenant(),
        granted.keystore(),
        granted.detail(),
        granted.peer(),
        granted.traceId(),
        outcome,
        null,
        refersTo);
  }

  @Test
  void intent_withoutAnOutcome_isNamed_andIsNoFaultOfTheChain() {
    append(change(21, Outcome.INTENDED, 0));
    append(change(22, Outcome.INTENDED, 0));
    append(change(23, Outcome.INTENDED, 0));
    append(change(24, Outcome.FAILED, SIZE + 3));
    append(change(25, Outcome.GRANTED, SIZE + 1));
    ChainCheck check = new ChainCheck(CHAIN, RecordHash.of(null), dropped, checkpoints);
    records.forEach(check::accept);

    assertEquals(List.of(), check.end(headOf(records)));
    assertEquals(Set.of(SIZE + 2L), check.openIntents());
  }
}
