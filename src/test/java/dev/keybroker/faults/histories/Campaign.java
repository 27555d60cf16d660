package dev.keybroker.faults.histories;

import dev.keybroker.faults.FaultServices;
import dev.keybroker.faults.histories.Tally.Count;
import dev.keybroker.faults.histories.Told.Audited;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntToLongFunction;

/// Many histories side by side on one deployment, and what holds of all of them together.
final class Campaign implements AutoCloseable {
  private static final int MOST_WRONG = 20;
  private static final Duration BETWEEN_REPORTS = Duration.ofSeconds(10);

  /// Longer than the lease of a broker that was killed while it made a KEK.
  private static final Duration LONGEST_SWEEP = Duration.ofMinutes(3);

  private final FaultServices services;
  private final Brokers brokers;
  private final Database database;
  private final Tally tally = new Tally();
  private final List<RootKeys> slots = new ArrayList<>();
  private final Map<String, Map<String, Audited>> audited = new ConcurrentSkipListMap<>();
  private final List<String> problems = new ArrayList<>();

  /// What happened, by tenant, for what shows in the end only.
  private final Map<String, String> traces = new ConcurrentHashMap<>();

  private final boolean isTold;
  private String audit = "";
  private int undone;

  /// @param width how many histories run side by side
  /// @param isTold whether each history is printed, not only what is wrong
  Campaign(int width, boolean isTold) throws IOException, InterruptedException, SQLException {
    this.isTold = isTold;
    services = FaultServices.start();
    brokers = new Brokers(services);
    database = new Database(services.services().configuration());
    for (int i = 0; i < width; i++) {
      slots.add(new RootKeys(services, i, tally));
    }
  }

  Tally tally() {
    return tally;
  }

  /// Runs so many histories, then checks what is there in the end.
  ///
  /// @param seed of the kills
  /// @param seeds of the histories, by their number
  /// @return what is wrong
  List<String> run(int number, long seed, IntToLongFunction seeds) throws Exception {
    Killer killer = new Killer(seed, brokers, tally);
    AtomicInteger next = new AtomicInteger();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<Void> kills =
          threads.submit(
              () -> {
                killer.run();
                return null;
              });
      Future<Void> reports = threads.submit(this::report);
      List<Future<Void>> work = new ArrayList<>();
      for (RootKeys keys : slots) {
        work.add(
            threads.submit(
                () -> {
                  for (int i = next.getAndIncrement(); i < number; i = next.getAndIncrement()) {
                    if (tally.get(Count.WRONG) < MOST_WRONG) {
                      run(Script.of(seeds.applyAsLong(i)), keys);
                    }
                  }
                  return null;
                }));
      }
      try {
        for (Future<Void> each : work) {
          each.get();
        }
      } finally {
        killer.end();
        reports.cancel(true);
      }
      kills.get();
    }
    System.out.println(tally.progress());
    awaitSweep();
    brokers.close();
    AuditTruth trail = new AuditTruth(services, database);
    problems.addAll(trail.problems(audited));
    audit = trail.summary();
    return List.copyOf(problems);
  }

  /// How many keystores did not have exactly one ACTIVE KEK, the wanted one, in the end.
  int withoutWantedKek() {
    return undone;
  }

  /// What `audit-verify` says in the end.
  String audit() {
    return audit;
  }

  private void run(Script script, RootKeys keys)
      throws InterruptedException, ExecutionException, SQLException {
    History history = new History(script, brokers, keys, database, tally);
    history.run();
    keys.reset();
    List<String> wrong = history.told().allWrong();
    if (isTold || !wrong.isEmpty()) {
      System.out.println(history);
      wrong.forEach(each -> System.out.println("  WRONG: " + each));
    }
    if (!wrong.isEmpty()) {
      tally.add(Count.WRONG);
      synchronized (problems) {
        wrong.forEach(each -> problems.add("history " + script.seed() + ": " + each));
      }
    }
    traces.put(script.tenant(), history.toString());
    // A seed that is replayed often has one tenant.
    audited.merge(script.tenant(), history.told().audited(), Campaign::sum);
    tally.add(Count.HISTORIES);
  }

  private static Map<String, Audited> sum(Map<String, Audited> known, Map<String, Audited> more) {
    Map<String, Audited> sum = new TreeMap<>(known);
    more.forEach(
        (rpc, it) ->
            sum.merge(
                rpc, it, (a, b) -> new Audited(a.granted() + b.granted(), a.open() + b.open())));
    return sum;
  }

  private Void report() {
    try {
      while (true) {
        Thread.sleep(BETWEEN_REPORTS);
        System.out.println(tally.progress());
      }
    } catch (InterruptedException e) {
      return null;
    }
  }

  /// What killed brokers left undone, the others do: every keystore has its KEK in the end.
  private void awaitSweep() throws SQLException, InterruptedException {
    long deadline = System.nanoTime() + LONGEST_SWEEP.toNanos();
    List<String> left = undone();
    while (!left.isEmpty() && System.nanoTime() - deadline < 0) {
      Thread.sleep(Duration.ofSeconds(1));
      left = undone();
    }
    undone = left.size();
    for (String each : left) {
      problems.add("in the end: " + each);
      System.out.println("WRONG in the end: " + each);
      traces.forEach(
          (tenant, trace) -> {
            if (each.contains(" " + tenant.substring("tenants/".length()) + "/")) {
              System.out.println(trace);
            }
          });
    }
  }

  private List<String> undone() throws SQLException {
    List<String> undone = new ArrayList<>();
    database.withoutOneActiveKek().forEach(it -> undone.add("not one ACTIVE KEK of " + it));
    database.ofOtherSettings().forEach(it -> undone.add("not the wanted KEK of " + it));
    return undone;
  }

  @Override
  public void close() {
    brokers.close();
    try {
      database.close();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    } finally {
      services.close();
    }
  }
}
