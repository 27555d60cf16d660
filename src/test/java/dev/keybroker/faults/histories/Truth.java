package dev.keybroker.faults.histories;

import dev.keybroker.faults.histories.Script.Made;
import dev.keybroker.faults.histories.Tally.Count;
import dev.keybroker.v1.Kek;
import dev.keybroker.v1.KekState;
import dev.keybroker.v1.Keystore;
import dev.keybroker.v1.UnwrapDekResponse;
import dev.keybroker.v1.WrapDekResponse;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// What is there after a history, against what its clients were told.
///
/// Brokers may be late by their caches' freshness, and one of them may be away: what does not fit
/// is looked at again until it does, or for so long that it is wrong.
final class Truth {
  /// A broker that starts on a busy machine refuses calls for a while.
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Duration BETWEEN_LOOKS = Duration.ofMillis(200);

  private final Script script;
  private final Told told;
  private final Client client;
  private final Database database;
  private final Tally tally;

  Truth(Script script, Told told, Client client, Database database, Tally tally) {
    this.script = script;
    this.told = told;
    this.client = client;
    this.database = database;
    this.tally = tally;
  }

  /// Checks all; faults must have ended.
  void check() throws InterruptedException, SQLException {
    for (Made made : script.keystores()) {
      long deadline = System.nanoTime() + PATIENCE.toNanos();
      List<String> problems = look(made.name());
      while (!problems.isEmpty() && System.nanoTime() - deadline < 0) {
        Thread.sleep(BETWEEN_LOOKS);
        problems = look(made.name());
      }
      problems.forEach(told::wrong);
    }
    checkLives();
    for (String keystore : database.withoutOneActiveKek(script.tenant())) {
      if (told.isThere("tenants/" + keystore.replace("/", "/keystores/"))) {
        told.wrong("in the database: not one ACTIVE KEK of " + keystore);
      }
    }
  }

  private void checkLives() {
    for (Made made : script.keystores()) {
      for (String kek : told.keks(made.name())) {
        if (!KekLife.isExplained(told.events(kek))) {
          told.wrong("no order explains what happened to " + kek + ": " + told.events(kek));
        }
      }
    }
  }

  /// What does not fit at this time.
  private List<String> look(String name) {
    Answer<Keystore> keystore = client.keystores().get(name, 0);
    if (keystore.isRefusedWith("KEYSTORE_NOT_FOUND") && !told.isThere(name)) {
      return List.of();
    }
    if (!keystore.isOk()) {
      return List.of("no answer for " + name);
    }
    if (!told.isThere(name)) {
      // Nobody was told that it is there. That it has its KEK in the end, the campaign checks.
      return List.of();
    }
    List<Kek> keks = client.keks().list(name, 1);
    if (keks == null) {
      return List.of("no history of " + name);
    }
    List<String> problems = new ArrayList<>();
    Keystore found = keystore.get();
    if (!told.settings(name).mayBe(found.getDisplayName())) {
      problems.add("a lost update: " + name + " is called " + found.getDisplayName());
    }
    Map<String, KekState> states = new HashMap<>();
    keks.forEach(kek -> states.put(kek.getName(), kek.getState()));
    if (states.get(found.getActiveKek()) != KekState.KEK_STATE_ACTIVE) {
      problems.add("active_kek is " + found.getActiveKek() + " among " + states);
    }
    for (String kek : told.keks(name)) {
      KekState state = states.get(kek);
      if (state == null || state == KekState.KEK_STATE_PENDING_GENERATION) {
        problems.add("not in the history: " + kek);
      }
    }
    KekChain chain = new KekChain(keks);
    problems.addAll(chain.problems());
    for (int broker = 0; broker < Brokers.NUMBER; broker++) {
      problems.addAll(wrapNow(name, found.getActiveKek(), broker));
      problems.addAll(unwrapAll(name, states, broker));
    }
    if (problems.isEmpty()) {
      chain.tellSuccessors(told);
      count(name, keks, states);
    }
    return problems;
  }

  private List<String> wrapNow(String name, String activeKek, int broker) {
    Answer<WrapDekResponse> wrapped = client.deks().wrap(name, broker);
    if (!wrapped.isOk()) {
      return List.of("broker " + broker + " does not wrap: " + wrapped.refusal());
    }
    return wrapped.get().getKek().equals(activeKek)
        ? List.of()
        : List.of("broker " + broker + " wraps under " + wrapped.get().getKek());
  }

  private List<String> unwrapAll(String name, Map<String, KekState> states, int broker) {
    List<WrappedDek> deks = deks(name);
    List<Answer<UnwrapDekResponse>> answers = client.deks().batchUnwrap(deks, broker);
    if (answers.isEmpty()) {
      return List.of("broker " + broker + " unwraps nothing of " + name);
    }
    List<String> problems = new ArrayList<>();
    for (int i = 0; i < deks.size(); i++) {
      String expected = expected(states.get(deks.get(i).kek()));
      Refusal refusal = answers.get(i).refusal();
      String found = refusal == null ? "" : refusal.reason();
      if (!found.equals(expected)) {
        problems.add(
            "broker %d: unwrap ends with '%s', not '%s', the KEK being %s: %s"
                .formatted(
                    broker, found, expected, states.get(deks.get(i).kek()), deks.get(i).kek()));
      }
    }
    return problems;
  }

  private List<WrappedDek> deks(String keystore) {
    return told.deks().stream().filter(it -> it.keystore().equals(keystore)).toList();
  }

  /// The reason with which an unwrap is refused; empty where it is not.
  private static String expected(@Nullable KekState state) {
    return switch (state) {
      case KEK_STATE_ACTIVE, KEK_STATE_RETIRED -> "";
      case KEK_STATE_DISABLED, KEK_STATE_DESTROY_SCHEDULED -> "KEK_DISABLED";
      case KEK_STATE_DESTROYED -> "KEK_DESTROYED";
      case null, default -> "another state";
    };
  }

  private void count(String name, List<Kek> keks, Map<String, KekState> states) {
    tally.add(Count.KEYSTORES);
    tally.add(Count.KEKS, keks.size());
    for (WrappedDek dek : deks(name)) {
      switch (expected(states.get(dek.kek()))) {
        case "" -> tally.add(Count.RIGHT);
        case "KEK_DISABLED" -> tally.add(Count.DISABLED);
        default -> tally.add(Count.DESTROYED);
      }
    }
  }
}
