package dev.keybroker.faults.histories;

import dev.keybroker.faults.histories.Script.Made;
import dev.keybroker.faults.histories.Tally.Count;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/// One history under way: its clients side by side, then the check.
final class History {
  private static final Duration LONGEST_CREATION = Duration.ofMinutes(5);
  private static final Duration BETWEEN_ATTEMPTS = Duration.ofMillis(200);

  private final Script script;
  private final RootKeys keys;
  private final Told told = new Told();
  private final Trace trace = new Trace();
  private final Tally tally;
  private final List<Client> clients = new ArrayList<>();
  private final Truth truth;

  History(Script script, Brokers brokers, RootKeys keys, Database database, Tally tally) {
    this.script = script;
    this.keys = keys;
    this.tally = tally;
    for (int i = 0; i < script.clients().size(); i++) {
      clients.add(client("client-" + i, brokers, database));
    }
    this.truth = new Truth(script, told, client("check", brokers, database), database, tally);
  }

  private Client client(String name, Brokers brokers, Database database) {
    Judge judge = new Judge(script, brokers, keys, told);
    Line line = new Line(name, brokers, told, trace, judge, tally);
    return new Client(
        script,
        keys,
        told,
        line,
        new DekSteps(line, told, tally),
        new KeystoreSteps(name, line, told, keys),
        new KekSteps(line, told, database));
  }

  /// Runs it to its end. What is wrong is among what was told.
  void run() throws InterruptedException, ExecutionException, SQLException {
    if (script.faultAtFirst()) {
      keys.fault((int) (script.seed() & Integer.MAX_VALUE), 0);
    }
    List<Callable<Void>> creations = new ArrayList<>();
    for (Client client : clients.subList(0, script.creators())) {
      creations.add(() -> create(client));
    }
    atOnce(creations);
    List<Callable<Void>> work = new ArrayList<>();
    for (int i = 0; i < clients.size(); i++) {
      Client client = clients.get(i);
      List<Step> steps = script.clients().get(i);
      work.add(
          () -> {
            for (Step step : steps) {
              client.make(step);
            }
            return null;
          });
    }
    atOnce(work);
    tally.add(Count.STEPS, script.steps());
    keys.mend();
    truth.check();
  }

  private Void create(Client client) throws InterruptedException {
    Made first = script.keystores().getFirst();
    long deadline = System.nanoTime() + LONGEST_CREATION.toNanos();
    int broker = (int) (script.seed() & 1);
    while (!client.keystores().create(first, broker).isOk()) {
      if (System.nanoTime() - deadline > 0) {
        told.wrong("it cannot be created: " + first.name());
        break;
      }
      broker = 1 - broker;
      Thread.sleep(BETWEEN_ATTEMPTS);
    }
    return null;
  }

  private static void atOnce(List<Callable<Void>> work)
      throws InterruptedException, ExecutionException {
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (Future<Void> each : threads.invokeAll(work)) {
        each.get();
      }
    }
  }

  Told told() {
    return told;
  }

  /// All of it, for people.
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder("history " + script.seed() + "\n");
    script.keystores().forEach(made -> text.append("  ").append(made).append('\n'));
    text.append("  key 0: ").append(keys.arn(0)).append(", key 1: ").append(keys.arn(1));
    return text.append('\n').append(trace).toString();
  }
}
