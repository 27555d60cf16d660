package dev.keybroker.faults.histories;

import dev.keybroker.v1.Kek;
import dev.keybroker.v1.KekState;
import dev.keybroker.v1.Keystore;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What the clients of a history were told: the model that the truth is checked against.
/// Thread-safe.
final class Told {
  private final List<WrappedDek> deks = new ArrayList<>();
  private final Map<String, Set<String>> keks = new HashMap<>();
  private final Map<String, List<KekEvent>> events = new HashMap<>();
  private final Set<String> disabling = new HashSet<>();
  private final Set<String> destroying = new HashSet<>();
  private final Map<String, Long> thereSince = new HashMap<>();
  private final Map<String, Settings> settings = new HashMap<>();
  private final Map<String, Audited> audited = new TreeMap<>();
  private final List<String> wrong = new ArrayList<>();

  /// What must be on record of one rpc.
  ///
  /// @param open so many calls may be on record as granted besides: their answers were lost
  record Audited(long granted, long open) {}

  /// Something that must not be.
  synchronized void wrong(String what) {
    wrong.add(what);
  }

  synchronized List<String> allWrong() {
    return List.copyOf(wrong);
  }

  synchronized void wrapped(WrappedDek dek, long ended) {
    if (!dek.namesItsKek()) {
      wrong("wrapped under another KEK than the answer says: " + dek);
    }
    deks.add(dek);
    kek(dek.keystore(), dek.kek());
    isThere(dek.keystore(), ended);
  }

  synchronized List<WrappedDek> deks() {
    return List.copyOf(deks);
  }

  /// A KEK that is generated.
  synchronized void kek(String keystore, String kek) {
    keks.computeIfAbsent(keystore, first -> new LinkedHashSet<>()).add(kek);
  }

  synchronized List<String> keks(String keystore) {
    return List.copyOf(keks.getOrDefault(keystore, Set.of()));
  }

  /// What an answer of the control plane says of a KEK.
  synchronized void saw(String keystore, Kek kek, long started, long ended) {
    if (kek.getState() != KekState.KEK_STATE_PENDING_GENERATION) {
      kek(keystore, kek.getName());
      event(kek.getName(), KekEvent.read(kek, started, ended));
    }
  }

  /// What an answer of the control plane says of a keystore.
  synchronized void saw(Keystore keystore, long started, long ended) {
    if (!keystore.getActiveKek().isEmpty()) {
      isThere(keystore.getName(), ended);
      kek(keystore.getName(), keystore.getActiveKek());
      event(keystore.getActiveKek(), KekEvent.readActive(started, ended));
    }
  }

  synchronized void event(String kek, KekEvent event) {
    events.computeIfAbsent(kek, first -> new ArrayList<>()).add(event);
  }

  synchronized List<KekEvent> events(String kek) {
    return List.copyOf(events.getOrDefault(kek, List.of()));
  }

  /// From now on unwraps under it may be refused.
  synchronized void disabling(String kek) {
    disabling.add(kek);
  }

  synchronized boolean mayBeDisabled(String kek) {
    return disabling.contains(kek);
  }

  /// From now on it may be destroyed.
  synchronized void destroying(String kek) {
    destroying.add(kek);
  }

  synchronized boolean mayBeDestroyed(String kek) {
    return destroying.contains(kek);
  }

  /// The keystore is there, and has an ACTIVE KEK, at this time.
  synchronized void isThere(String keystore, long time) {
    thereSince.merge(keystore, time, (known, given) -> known - given < 0 ? known : given);
  }

  synchronized boolean wasThere(String keystore, long time) {
    @Nullable Long since = thereSince.get(keystore);
    return since != null && since - time < 0;
  }

  synchronized boolean isThere(String keystore) {
    return thereSince.containsKey(keystore);
  }

  synchronized Settings settings(String keystore) {
    return settings.computeIfAbsent(keystore, first -> new Settings());
  }

  /// How a recorded call, or an item of a batch, ended.
  synchronized void audited(String rpc, Answer<?> answer) {
    if (answer.isOk()) {
      audited(rpc, 1, 0);
    } else if (answer.leavesOpen()) {
      audited(rpc, 0, 1);
    }
  }

  synchronized void audited(String rpc, long granted, long open) {
    audited.merge(
        rpc,
        new Audited(granted, open),
        (known, more) -> new Audited(known.granted + more.granted, known.open + more.open));
  }

  synchronized Map<String, Audited> audited() {
    return new TreeMap<>(audited);
  }
}
