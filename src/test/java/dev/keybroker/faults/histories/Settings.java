package dev.keybroker.faults.histories;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// The changes of one keystore's settings, told apart by the display name that each of them sets.
/// Thread-safe.
final class Settings {
  /// The display name that a keystore is created with.
  static final String MADE = "made";

  private final List<Change> changes = new ArrayList<>();
  private final Set<String> etags = new HashSet<>();

  private record Change(String displayName, boolean isDone, long started, long ended) {}

  /// A change that was made between these moments.
  synchronized void done(String displayName, long started, long ended) {
    changes.add(new Change(displayName, true, started, ended));
  }

  /// A change whose answer was lost.
  synchronized void open(String displayName, long started) {
    changes.add(new Change(displayName, false, started, Long.MAX_VALUE));
  }

  /// Whether no change was made before upon this etag.
  synchronized boolean isFirst(String etag) {
    return etags.add(etag);
  }

  /// Whether a display name may be the last one: it was set, and by none that was surely replaced.
  synchronized boolean mayBe(String displayName) {
    if (displayName.equals(MADE)) {
      return changes.stream().noneMatch(Change::isDone);
    }
    return changes.stream()
        .filter(it -> it.displayName.equals(displayName))
        .anyMatch(
            it -> changes.stream().noneMatch(other -> other.isDone && other.started > it.ended));
  }
}
