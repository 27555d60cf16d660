package dev.keybroker.audit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/// The fake of unit tests behaves as a log does.
class MemoryAuditStoreTest extends AuditStoreContract {
  private final MemoryAuditStore log = new MemoryAuditStore();

  @Override
  AuditStore log() {
    return log;
  }

  @Override
  AutoCloseable refusing(boolean isInDoubt) {
    log.fail(isInDoubt ? MemoryAuditStore.Fault.ANSWER_LOST : MemoryAuditStore.Fault.REJECTED);
    return () -> {};
  }

  @Override
  AutoCloseable holdingQueries() {
    CompletableFuture<Void> held = log.holdQueries();
    return () -> held.complete(null);
  }

  private List<ChainedRecord> first(int number) {
    return List.of(RecordHash.of(null).next(chain, ChainHead.START, AuditEvents.granted(number)));
  }

  @Test
  void append_thatComesThroughLate_isNothingOnceTheChainWentOn() {
    log.fail(MemoryAuditStore.Fault.LATE);
    assertThrows(RuntimeException.class, () -> await(log.append(ChainHead.START, first(1))));
    assertTrue(await(log.append(ChainHead.START, first(2))));

    log.comeThrough();

    assertEquals(1, log.records().size());
    assertEquals(2, AuditEvents.number(log.records().getFirst()));
  }
}
