package dev.keybroker.faults;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.util.Durations;
import dev.keybroker.PackagedBroker;
import dev.keybroker.v1.KeyPairSpec;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/// Two brokers for an hour or more at half of what they can do, with changes of keys, tenants who
/// come and go, and faults: nothing grows, and every answer is right.
///
/// `./mvnw -Pfaults verify -Dit.test=SoakIT -Dkeybroker.it.soak-minutes=60`; never part of a gate.
/// `-Dkeybroker.it.soak-rate` gives the calls per second instead of half the capacity.
@Tag("faults")
@EnabledIfSystemProperty(named = "keybroker.it.soak-minutes", matches = "[0-9]+")
class SoakIT {
  private static final int MINUTES = Integer.getInteger("keybroker.it.soak-minutes", 60);
  private static final int RATE = Integer.getInteger("keybroker.it.soak-rate", 0);
  private static final Duration WARM_UP = Duration.ofSeconds(60);
  private static final Duration MEASURED = Duration.ofSeconds(20);
  private static final int STAYING = 8;

  /// The code is compiled and the caches are full by then.
  private static final int SETTLED_MINUTES = Math.min(15, MINUTES / 3);

  private static final long MIB = 1024 * 1024;

  @Test
  void brokers_forHours_holdNoMore_andAnswerRight() throws Exception {
    FaultsTable table = new FaultsTable("soak", SoakMinutes.HEADER);
    try (Deployment deployment = new Deployment();
        SoakLoad load =
            new SoakLoad(deployment.brokers().stream().map(it -> it.client().channel()).toList())) {
      SoakEvents events = new SoakEvents(deployment, load, keystores(deployment, load));
      load.start();
      double rate = RATE > 0 ? RATE : capacity(load) / 2;
      load.pace(rate);
      System.out.printf("%.0f calls per second from now on%n", rate);
      SoakMinutes minutes = new SoakMinutes(deployment, events, table);
      try (ScheduledExecutorService timers = events.begin()) {
        load.mark();
        long started = System.nanoTime();
        for (int minute = 1; minute <= MINUTES; minute++) {
          long end = started + Duration.ofMinutes(minute).toNanos();
          Thread.sleep(Duration.ofNanos(Math.max(0, end - System.nanoTime())));
          minutes.add(minute, load.mark());
        }
        timers.shutdownNow();
      }
      FaultCase.healAll(deployment);
      load.close();
      Outcomes kept = load.unwrapAll();
      System.out.printf("kept: %s%n%s%n", kept, events);
      table.publish();
      assertAll(
          () -> assertEquals(0, minutes.wrong(), "wrong answers"),
          () -> assertEquals(Map.of(), minutes.undocumented(), "refusals without a reason"),
          () -> assertEquals(kept.calls(), kept.right(), "wrapped DEKs kept"),
          () -> assertEquals(0, deployment.keystoresWithoutOneActiveKek()),
          () -> assertFlat(minutes.footprints()));
    }
  }

  private static List<String> keystores(Deployment deployment, SoakLoad load) {
    List<String> keystores = new ArrayList<>();
    PackagedBroker broker = deployment.brokers().getFirst();
    for (int i = 0; i < STAYING; i++) {
      KeyPairSpec spec =
          i == 0 ? KeyPairSpec.KEY_PAIR_SPEC_RSA_3072 : KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256;
      FaultServices services = deployment.services();
      keystores.add(
          services.keystore(
              broker, "staying-" + i, Durations.fromSeconds(60), services.key(), spec));
    }
    keystores.forEach(load::add);
    return keystores;
  }

  private static double capacity(SoakLoad load) throws InterruptedException {
    Thread.sleep(WARM_UP);
    load.mark();
    Thread.sleep(MEASURED);
    return load.mark().right() / (double) MEASURED.toSeconds();
  }

  /// No broker holds more at the end than it did when it had settled.
  private static void assertFlat(Map<Integer, List<Footprint>> footprints) {
    TreeMap<Integer, List<Footprint>> sorted = new TreeMap<>(footprints);
    List<Footprint> settled = sorted.ceilingEntry(SETTLED_MINUTES).getValue();
    List<Footprint> last = sorted.lastEntry().getValue();
    for (int i = 0; i < last.size(); i++) {
      Footprint then = settled.get(i);
      Footprint now = last.get(i);
      assertTrue(now.heap() <= then.heap() * 1.15 + 4 * MIB, "heap: " + then + ", " + now);
      assertTrue(now.direct() <= then.direct() * 1.15 + 4 * MIB, "direct: " + then + ", " + now);
      assertTrue(now.resident() <= then.resident() * 1.15, "resident: " + then + ", " + now);
      assertTrue(now.threads() <= then.threads() + 4, "threads: " + then + ", " + now);
      assertTrue(now.handles() <= then.handles() + 16, "handles: " + then + ", " + now);
      assertTrue(now.sockets() <= then.sockets() + 8, "sockets: " + then + ", " + now);
    }
  }
}
