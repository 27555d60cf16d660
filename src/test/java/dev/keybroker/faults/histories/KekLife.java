package dev.keybroker.faults.histories;

import dev.keybroker.faults.histories.KekEvent.Kind;
import dev.keybroker.faults.histories.KekEvent.Outcome;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Whether there is an order of what happened to one KEK, from ACTIVE on, that keeps to real time
/// and to the states of the contract, and explains each answer (linearizability, after Wing and
/// Gong).
final class KekLife {
  private static final int MOST_EVENTS = 62;

  /// The states of a KEK that is generated, as this model tells them apart.
  private enum State {
    ACTIVE,
    RETIRED,
    DISABLED,
    DESTROY_SCHEDULED,
    /// As before, and the time has come.
    DUE,
    DESTROYED;

    String apiName() {
      return this == DUE ? DESTROY_SCHEDULED.name() : name();
    }

    /// What happens by itself; null where nothing does.
    @Nullable State byItself() {
      return switch (this) {
        case ACTIVE -> RETIRED;
        case DUE -> DESTROYED;
        case RETIRED, DISABLED, DESTROY_SCHEDULED, DESTROYED -> null;
      };
    }

    /// The state after; null where it is refused.
    @Nullable State after(Kind kind) {
      return switch (kind) {
        case READ -> this;
        case SUCCEEDED -> this == ACTIVE ? null : this;
        case DISABLE -> this == RETIRED || this == DISABLED ? DISABLED : null;
        case ENABLE ->
            switch (this) {
              case ACTIVE, RETIRED -> this;
              case DISABLED -> RETIRED;
              case DESTROY_SCHEDULED, DUE, DESTROYED -> null;
            };
        case SCHEDULE -> this == RETIRED || this == DISABLED ? DESTROY_SCHEDULED : null;
        case RESTORE -> this == DESTROY_SCHEDULED || this == DUE ? DISABLED : null;
        case HASTEN -> this == DESTROY_SCHEDULED || this == DUE ? DUE : null;
      };
    }
  }

  private record Point(long made, State state) {}

  private final List<KekEvent> events;
  private final long definite;
  private final Set<Point> tried = new HashSet<>();

  private KekLife(List<KekEvent> events) {
    this.events = events;
    long bits = 0;
    for (int i = 0; i < events.size(); i++) {
      bits |= events.get(i).outcome() == Outcome.OPEN ? 0 : 1L << i;
    }
    this.definite = bits;
  }

  /// Whether the events can be explained. More than can be tried are not looked at.
  static boolean isExplained(List<KekEvent> events) {
    return events.size() > MOST_EVENTS
        || new KekLife(new ArrayList<>(events)).goesOn(0, State.ACTIVE);
  }

  private boolean goesOn(long made, State state) {
    if ((made & definite) == definite) {
      return true;
    }
    if (!tried.add(new Point(made, state))) {
      return false;
    }
    State byItself = state.byItself();
    if (byItself != null && goesOn(made, byItself)) {
      return true;
    }
    for (int i = 0; i < events.size(); i++) {
      if ((made & 1L << i) == 0 && mayBeNext(made, events.get(i))) {
        State next = next(state, events.get(i));
        if (next != null && goesOn(made | 1L << i, next)) {
          return true;
        }
      }
    }
    return false;
  }

  /// Whether nothing that is still to come had ended before this began.
  private boolean mayBeNext(long made, KekEvent event) {
    for (int i = 0; i < events.size(); i++) {
      KekEvent other = events.get(i);
      if ((made & 1L << i) == 0
          && other.outcome() != Outcome.OPEN
          && other.ended() < event.started()) {
        return false;
      }
    }
    return true;
  }

  /// The state after an event; null where its answer does not fit this state.
  private static @Nullable State next(State state, KekEvent event) {
    State after = state.after(event.kind());
    return switch (event.outcome()) {
      case OPEN -> after;
      case DONE -> after != null && says(event, after) ? after : null;
      case REFUSED -> after == null && says(event, state) ? state : null;
    };
  }

  private static boolean says(KekEvent event, State state) {
    return event.state() == null || event.state().equals(state.apiName());
  }
}
