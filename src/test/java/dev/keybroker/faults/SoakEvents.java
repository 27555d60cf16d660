package dev.keybroker.faults;

import com.google.protobuf.util.Durations;
import dev.keybroker.PackagedBroker;
import dev.keybroker.grpc.BrokerClient;
import dev.keybroker.v1.KeyPairSpec;
import dev.keybroker.v1.RotateKekRequest;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/// What happens during a soak: a change of key each ten seconds, a tenant who comes and one who
/// goes each minute, a fault of four seconds each two minutes.
final class SoakEvents {
  private static final Duration FAULT = Duration.ofSeconds(4);
  private static final int STAYS_MINUTES = 5;
  private static final long SEED = 20261126;

  private final Deployment deployment;
  private final SoakLoad load;
  private final List<String> staying;
  private final Queue<Guest> guests = new ArrayDeque<>();
  private final Random random = new Random(SEED);
  private final AtomicInteger rotations = new AtomicInteger();
  private final AtomicInteger refusedRotations = new AtomicInteger();
  private final AtomicInteger came = new AtomicInteger();
  private final AtomicInteger left = new AtomicInteger();
  private final List<String> faults = new ArrayList<>();
  private final Set<String> reasons = new HashSet<>();

  private record Guest(String keystore, String keyArn) {}

  /// @param staying keystores whose keys are changed
  SoakEvents(Deployment deployment, SoakLoad load, List<String> staying) {
    this.deployment = deployment;
    this.load = load;
    this.staying = List.copyOf(staying);
  }

  /// Lets it all happen until the timers end.
  ScheduledExecutorService begin() {
    ScheduledExecutorService timers = Executors.newScheduledThreadPool(3);
    timers.scheduleAtFixedRate(noted(this::rotate), 10, 10, TimeUnit.SECONDS);
    timers.scheduleAtFixedRate(noted(this::changeGuests), 35, 60, TimeUnit.SECONDS);
    timers.scheduleAtFixedRate(noted(this::strike), 90, 120, TimeUnit.SECONDS);
    return timers;
  }

  /// An event.
  private interface Event {
    void happen() throws Exception;
  }

  private static Runnable noted(Event event) {
    return () -> {
      try {
        event.happen();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      } catch (Exception e) {
        System.out.printf("an event did not take place: %s%n", e);
      }
    };
  }

  private PackagedBroker broker(int number) {
    return deployment.brokers().get(number % deployment.brokers().size());
  }

  private void rotate() {
    int number = rotations.getAndIncrement();
    try {
      broker(number)
          .client()
          .keystores()
          .rotateKek(
              RotateKekRequest.newBuilder().setName(staying.get(number % staying.size())).build());
    } catch (StatusRuntimeException e) {
      refusedRotations.incrementAndGet();
      System.out.printf("rotation %d: %s%n", number, BrokerClient.reasonOrCode(e));
    }
  }

  private void changeGuests() {
    if (guests.size() >= STAYS_MINUTES) {
      Guest leaving = guests.remove();
      load.remove(leaving.keystore());
      deployment
          .services()
          .account()
          .kms()
          .scheduleKeyDeletion(it -> it.keyId(leaving.keyArn()).pendingWindowInDays(7));
      left.incrementAndGet();
    }
    String key = deployment.services().newKey();
    int number = came.get();
    String keystore =
        deployment
            .services()
            .keystore(
                broker(number),
                "guest-" + number,
                Durations.fromSeconds(60),
                key,
                KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256);
    came.incrementAndGet();
    guests.add(new Guest(keystore, key));
    load.add(keystore);
  }

  private void strike() throws Exception {
    // The first case is none.
    FaultCase fault = FaultCase.ALL.get(1 + random.nextInt(FaultCase.ALL.size() - 1));
    synchronized (this) {
      faults.add(fault.name());
      reasons.addAll(fault.ofAll());
      reasons.addAll(fault.ofCold());
    }
    System.out.printf("fault: %s%n", fault.name());
    long started = System.nanoTime();
    try {
      fault.begin().in(deployment);
      Thread.sleep(Duration.ofNanos(Math.max(0, started + FAULT.toNanos() - System.nanoTime())));
    } finally {
      fault.end().in(deployment);
    }
  }

  /// The reasons for which calls may have been refused since the last time.
  synchronized Set<String> takeReasons() {
    Set<String> past = Set.copyOf(reasons);
    reasons.clear();
    return past;
  }

  /// How many faults there were.
  synchronized int faults() {
    return faults.size();
  }

  @Override
  public synchronized String toString() {
    return "%d changes of key, %d of them refused; %d tenants came, %d left; %d faults: %s"
        .formatted(
            rotations.get(),
            refusedRotations.get(),
            came.get(),
            left.get(),
            faults.size(),
            String.join(", ", faults));
  }
}
