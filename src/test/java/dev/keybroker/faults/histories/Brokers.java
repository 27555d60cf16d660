package dev.keybroker.faults.histories;

import dev.keybroker.PackagedBroker;
import dev.keybroker.faults.FaultServices;
import dev.keybroker.grpc.BrokerClient;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// Two packaged brokers at ports that stay, to be killed and started again. Thread-safe.
final class Brokers implements AutoCloseable {
  static final int NUMBER = 2;

  private static final Duration LONGEST_END = Duration.ofSeconds(10);

  /// Histories are short: what the broker remembers for minutes it remembers for seconds here, and
  /// one caller makes all calls.
  private static final Map<String, String> SETTINGS =
      Map.of(
          "keybroker.rate-limit.caller-control", "0",
          "keybroker.rate-limit.tenant-control", "0",
          "keybroker.kek.freshness", "1s",
          "keybroker.root-key.freshness", "2s",
          "keybroker.aws.key-pair-timeout", "3S",
          "keybroker.rotation.first-retry", "1s",
          "keybroker.rotation.longest-retry", "5s");

  private final FaultServices services;
  private final PackagedBroker[] processes = new PackagedBroker[NUMBER];
  private final int[] starts = new int[NUMBER];
  private final List<Absence> absences = new ArrayList<>();

  /// @param ended by `System.nanoTime`; MAX_VALUE while it lasts
  private record Absence(int broker, long started, long ended) {}

  Brokers(FaultServices services) throws IOException, InterruptedException {
    this.services = services;
    for (int i = 0; i < NUMBER; i++) {
      processes[i] = launch(i).start();
    }
    for (PackagedBroker process : processes) {
      process.awaitReady();
    }
  }

  private PackagedBroker.Launch launch(int broker) {
    starts[broker]++;
    return services.broker("broker-" + broker + "-" + starts[broker]).with(SETTINGS);
  }

  /// The preferred broker, or the other one where it is known to be away.
  synchronized int serving(int preferred) {
    boolean isAway =
        absences.stream().anyMatch(it -> it.broker == preferred && it.ended == Long.MAX_VALUE);
    return isAway ? 1 - preferred : preferred;
  }

  synchronized BrokerClient client(int broker) {
    return processes[broker].client();
  }

  /// Whether a broker was away at some time of a call.
  synchronized boolean wasAway(int broker, long started, long ended) {
    return absences.stream()
        .anyMatch(it -> it.broker == broker && it.started <= ended && it.ended >= started);
  }

  /// Kills a broker, leaves it dead for a while, and starts it again.
  void kill(int broker, Duration rest) throws IOException, InterruptedException {
    PackagedBroker victim;
    Absence absence = new Absence(broker, System.nanoTime(), Long.MAX_VALUE);
    synchronized (this) {
      victim = processes[broker];
      absences.add(absence);
    }
    victim.signal("KILL");
    victim.awaitEnd(LONGEST_END);
    Thread.sleep(rest);
    PackagedBroker next =
        launch(broker)
            .with("quarkus.grpc.server.port", Integer.toString(victim.grpcPort()))
            .startAndAwaitReady();
    synchronized (this) {
      processes[broker] = next;
      absences.remove(absence);
      absences.add(new Absence(broker, absence.started, System.nanoTime()));
    }
    victim.close();
  }

  /// Ends the brokers in order.
  @Override
  public void close() {
    for (PackagedBroker process : processes) {
      process.close();
    }
  }
}
