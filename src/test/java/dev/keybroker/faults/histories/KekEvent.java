package dev.keybroker.faults.histories;

import dev.keybroker.v1.Kek;
import org.jspecify.annotations.Nullable;

/// Something that happened to one KEK between two moments, as a client saw it.
///
/// @param started by `System.nanoTime`, as all times here
/// @param state what the answer says: after a change that was made, or found by one that was
///     refused; null where it says nothing of it
record KekEvent(Kind kind, Outcome outcome, @Nullable String state, long started, long ended) {

  enum Kind {
    READ,
    /// A later KEK was seen: this one is not ACTIVE any more.
    SUCCEEDED,
    DISABLE,
    ENABLE,
    SCHEDULE,
    RESTORE,
    /// The time of the scheduled destruction has come.
    HASTEN
  }

  enum Outcome {
    DONE,
    REFUSED,
    /// The answer was lost: made at any time since, or never.
    OPEN
  }

  static KekEvent read(Kek kek, long started, long ended) {
    return new KekEvent(Kind.READ, Outcome.DONE, state(kek), started, ended);
  }

  static KekEvent readActive(long started, long ended) {
    return new KekEvent(Kind.READ, Outcome.DONE, "ACTIVE", started, ended);
  }

  static KekEvent succeeded(long started, long ended) {
    return new KekEvent(Kind.SUCCEEDED, Outcome.DONE, null, started, ended);
  }

  static String state(Kek kek) {
    return kek.getState().name().substring("KEK_STATE_".length());
  }
}
