package dev.keybroker.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import com.google.protobuf.util.Durations;
import dev.keybroker.PackagedBroker;
import dev.keybroker.embedded.kms.Fault;
import io.grpc.ManagedChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Two brokers at addresses that stay, restarted in turn while clients with the service config of
/// `src/docs/restarts.md` call them: no call fails.
///
/// After each restart as long is waited as the broker was away, and two seconds: what that page
/// tells operators, since a client's reconnect backoff is below that.
/// `-Dkeybroker.it.restarts=10` restarts ten times.
@Tag("deployment")
class RollingRestartIT {
  private static final int RESTARTS = Integer.getInteger("keybroker.it.restarts", 2);
  private static final Duration DELAY = Duration.ofSeconds(3);

  /// A JVM that starts takes all of a small machine for a while. That calls become slow then is not
  /// what is looked for here; what is slowest is printed.
  private static final Duration DEADLINE = Duration.ofSeconds(10);

  /// A call that is under way lasts half a second; the rest is for a slow machine. Far below the
  /// grace of 20 s, which a drain would take whole if a client's watch of health kept it open.
  private static final Duration LONGEST_DRAIN = DELAY.plusSeconds(8);

  private static final Pattern SERVICE_CONFIG =
      Pattern.compile("```json\\n(\\{\\n {2}\"loadBalancingConfig\".*?)```", Pattern.DOTALL);

  @Test
  void callers_whileTwoBrokersAreRestartedInTurn_seeNoFailure() throws Exception {
    try (FaultServices services = FaultServices.start()) {
      PackagedBroker[] brokers = {
        broker(services, "first").start(), broker(services, "second").start()
      };
      brokers[0].awaitReady();
      brokers[1].awaitReady();
      ManagedChannel channel =
          new BrokerList(brokers[0].grpcPort(), brokers[1].grpcPort()).channel(serviceConfig());
      String warm = services.keystore(brokers[0], "warm", Durations.fromSeconds(60));
      String slow = services.keystore(brokers[0], "slow", Durations.ZERO);
      services
          .services()
          .kms()
          .faults()
          .add(Fault.latency(Duration.ofMillis(500)).onOperation("Decrypt"));
      try (Load quick = new Load(channel, warm, DEADLINE);
          Load underWay = new Load(channel, slow, DEADLINE)) {
        quick.start(4, 4);
        underWay.start(1, 4);
        for (int i = 0; i < RESTARTS; i++) {
          brokers[i % 2] = restart(services, brokers[i % 2], i % 2 == 0 ? "first" : "second");
          System.out.printf("restart %d: %s; %s%n", i + 1, quick.wraps(), underWay.unwraps());
        }
        for (Load load : new Load[] {quick, underWay}) {
          load.close();
          for (Outcomes outcomes : new Outcomes[] {load.wraps(), load.unwraps()}) {
            System.out.printf("%s, slowest %d ms%n", outcomes, outcomes.slowest().toMillis());
            assertEquals(Map.of(), outcomes.refusals());
            assertEquals(0, outcomes.wrong());
            assertTrue(outcomes.right() > 0);
          }
        }
        Outcomes wrapped = quick.unwrapAll();
        assertEquals(wrapped.calls(), wrapped.right(), wrapped::toString);
      } finally {
        channel.shutdownNow();
        for (PackagedBroker broker : brokers) {
          broker.close();
        }
      }
    }
  }

  private static PackagedBroker.Launch broker(FaultServices services, String name) {
    return services.broker(name).with("keybroker.shutdown.delay", DELAY.toSeconds() + "s");
  }

  /// Ends a broker, starts it again at the same address, and waits as `src/docs/restarts.md` says.
  private static PackagedBroker restart(FaultServices services, PackagedBroker broker, String name)
      throws Exception {
    long told = System.nanoTime();
    broker.signal("TERM");
    assertEquals(0, broker.awaitEnd(LONGEST_DRAIN), broker::log);
    long ended = System.nanoTime();
    broker.close();
    PackagedBroker next =
        broker(services, name)
            .with("quarkus.grpc.server.port", Integer.toString(broker.grpcPort()))
            .startAndAwaitReady();
    // From its GOAWAY on: the end of the delay.
    Duration away = Duration.ofNanos(System.nanoTime() - told).minus(DELAY);
    System.out.printf(
        "%s: drained in %d ms, away for %d ms%n",
        name, Duration.ofNanos(ended - told).toMillis(), away.toMillis());
    Thread.sleep(away.plusSeconds(2));
    return next;
  }

  private static Map<String, ?> serviceConfig() throws Exception {
    Matcher block = SERVICE_CONFIG.matcher(Files.readString(Path.of("src/docs/restarts.md")));
    assertTrue(block.find(), "the service config of restarts.md");
    @SuppressWarnings("unchecked")
    Map<String, ?> config = new Gson().fromJson(block.group(1), Map.class);
    return config;
  }
}
