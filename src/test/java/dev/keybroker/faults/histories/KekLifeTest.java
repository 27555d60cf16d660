package dev.keybroker.faults.histories;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.keybroker.faults.histories.KekEvent.Kind;
import dev.keybroker.faults.histories.KekEvent.Outcome;
import java.util.List;
import org.junit.jupiter.api.Test;

/// The rules of the model: what must be explained, and what must not.
class KekLifeTest {
  private static KekEvent done(Kind kind, String state, long started, long ended) {
    return new KekEvent(kind, Outcome.DONE, state, started, ended);
  }

  private static KekEvent refused(Kind kind, String state, long started, long ended) {
    return new KekEvent(kind, Outcome.REFUSED, state, started, ended);
  }

  private static KekEvent open(Kind kind, long started) {
    return new KekEvent(kind, Outcome.OPEN, null, started, Long.MAX_VALUE);
  }

  private static void isExplained(boolean expected, KekEvent... events) {
    assertEquals(expected, KekLife.isExplained(List.of(events)));
  }

  @Test
  void changes_inOrder_areExplained() {
    isExplained(
        true,
        done(Kind.READ, "ACTIVE", 0, 1),
        refused(Kind.DISABLE, "ACTIVE", 2, 3),
        done(Kind.DISABLE, "DISABLED", 4, 5),
        done(Kind.SCHEDULE, "DESTROY_SCHEDULED", 6, 7),
        done(Kind.RESTORE, "DISABLED", 8, 9),
        done(Kind.ENABLE, "RETIRED", 10, 11));
  }

  @Test
  void changes_atOnce_areExplainedByEitherOrder() {
    isExplained(
        true,
        done(Kind.DISABLE, "DISABLED", 0, 9),
        done(Kind.ENABLE, "RETIRED", 1, 8),
        done(Kind.READ, "DISABLED", 10, 11));
    isExplained(
        true,
        done(Kind.DISABLE, "DISABLED", 0, 9),
        done(Kind.ENABLE, "RETIRED", 1, 8),
        done(Kind.READ, "RETIRED", 10, 11));
  }

  @Test
  void change_thatIsUndoneByNobody_isNotExplained() {
    isExplained(false, done(Kind.DISABLE, "DISABLED", 0, 1), done(Kind.READ, "RETIRED", 2, 3));
  }

  @Test
  void change_whoseAnswerIsLost_mayBeMadeLateOrNever() {
    isExplained(
        true,
        open(Kind.DISABLE, 0),
        done(Kind.READ, "RETIRED", 2, 3),
        done(Kind.READ, "DISABLED", 4, 5));
    isExplained(true, open(Kind.DISABLE, 0), done(Kind.READ, "RETIRED", 2, 3));
    isExplained(
        false,
        open(Kind.DISABLE, 4),
        done(Kind.READ, "DISABLED", 2, 3),
        done(Kind.READ, "RETIRED", 5, 6));
  }

  @Test
  void refusal_thatTheStateDoesNotGive_isNotExplained() {
    isExplained(false, done(Kind.READ, "RETIRED", 0, 1), refused(Kind.DISABLE, "ACTIVE", 2, 3));
    isExplained(false, refused(Kind.ENABLE, "RETIRED", 0, 1));
  }

  @Test
  void destruction_onlyWhenItsTimeHasCome_andForGood() {
    isExplained(
        false, done(Kind.SCHEDULE, "DESTROY_SCHEDULED", 0, 1), done(Kind.READ, "DESTROYED", 2, 3));
    isExplained(
        true,
        done(Kind.SCHEDULE, "DESTROY_SCHEDULED", 0, 1),
        new KekEvent(Kind.HASTEN, Outcome.DONE, null, 2, 3),
        done(Kind.READ, "DESTROYED", 4, 5));
    isExplained(
        false,
        done(Kind.SCHEDULE, "DESTROY_SCHEDULED", 0, 1),
        new KekEvent(Kind.HASTEN, Outcome.DONE, null, 2, 3),
        done(Kind.READ, "DESTROYED", 4, 5),
        done(Kind.RESTORE, "DISABLED", 4, 6));
  }

  @Test
  void activeKek_onceALaterOneIsSeen_isActiveNoMore() {
    isExplained(true, done(Kind.READ, "ACTIVE", 0, 1), KekEvent.succeeded(2, 3));
    isExplained(false, KekEvent.succeeded(2, 3), done(Kind.READ, "ACTIVE", 4, 5));
  }
}
