package dev.keybroker.faults.histories;

import com.google.protobuf.util.Timestamps;
import dev.keybroker.v1.Kek;
import dev.keybroker.v1.KekState;
import java.util.ArrayList;
import java.util.List;

/// The KEKs of a keystore in the order in which they became ACTIVE: without a gap, each retired at
/// the moment in which the next one took its place.
final class KekChain {
  private final List<Kek> keks;

  /// @param listed the whole history
  KekChain(List<Kek> listed) {
    keks =
        listed.stream()
            .filter(kek -> kek.getState() != KekState.KEK_STATE_PENDING_GENERATION)
            .sorted((a, b) -> Timestamps.compare(a.getActiveTime(), b.getActiveTime()))
            .toList();
  }

  /// What is wrong with it.
  List<String> problems() {
    List<String> problems = new ArrayList<>();
    for (int i = 0; i < keks.size(); i++) {
      Kek kek = keks.get(i);
      boolean isLast = i == keks.size() - 1;
      if (!kek.hasActiveTime() || kek.hasRetireTime() == isLast) {
        problems.add("its times do not fit its place in the history: " + kek);
      } else if (!isLast && !kek.getRetireTime().equals(keks.get(i + 1).getActiveTime())) {
        problems.add("a gap in the history after " + kek);
      }
      if ((kek.getState() == KekState.KEK_STATE_ACTIVE) != isLast) {
        problems.add("the last KEK, and no other, is ACTIVE: " + kek);
      }
    }
    return problems;
  }

  /// Adds for each KEK since when a later one is known.
  void tellSuccessors(Told told) {
    KekEvent first = null;
    for (int i = keks.size() - 1; i >= 0; i--) {
      String kek = keks.get(i).getName();
      KekEvent next = first;
      for (KekEvent event : told.events(kek)) {
        if (event.outcome() != KekEvent.Outcome.OPEN
            && (next == null || event.ended() < next.ended())) {
          next = event;
        }
      }
      if (first != null) {
        told.event(kek, KekEvent.succeeded(first.started(), first.ended()));
      }
      first = next;
    }
  }
}
