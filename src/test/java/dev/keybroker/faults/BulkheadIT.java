package dev.keybroker.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.protobuf.ByteString;
import com.google.protobuf.util.Durations;
import dev.keybroker.PackagedBroker;
import dev.keybroker.embedded.kms.Fault;
import dev.keybroker.grpc.BrokerClient;
import dev.keybroker.grpc.Eventually;
import dev.keybroker.v1.KeyBrokerGrpc.KeyBrokerBlockingStub;
import dev.keybroker.v1.KeyPairSpec;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Fifty tenants, each with a KMS key of its own; the key of one hangs while he calls ten times as
/// much as he uses to. The others do not notice.
///
/// Undisturbed and disturbed seconds take turns; compared are the medians of the rounds. Every
/// second tenant's unwraps ask KMS each time, the others' private KEKs are in memory.
@Tag("faults")
class BulkheadIT {
  private static final int TENANTS = 50;
  private static final int ROUNDS = Integer.getInteger("keybroker.it.bulkhead-rounds", 7);
  private static final Duration ROUND = Duration.ofSeconds(8);
  private static final double CALLS_OF_A_TENANT = 6;
  private static final Duration DEADLINE = Duration.ofSeconds(5);
  private static final double MOST = 1.5;

  private record Tenant(String keyArn, KnownDek dek, ByteString wrappedDek) {}

  /// What became of the calls of a part of a round.
  private record Part(Times cold, Times warm, Outcomes others, Outcomes hanging) {
    Part() {
      this(new Times(), new Times(), new Outcomes(), new Outcomes());
    }
  }

  @Test
  void tenants_besideOneWhoseKmsHangs_seeNothingOfIt() throws Exception {
    FaultsTable table =
        new FaultsTable(
            "bulkhead",
            """
            | unwraps of the 49 others | undisturbed: p50, p99 | one hangs, at 10 times its load: p50, p99 | p99 ratio, smallest to largest | errors |
            | --- | --- | --- | --- | --- |
            """);
    try (FaultServices services = FaultServices.start();
        PackagedBroker broker = services.broker("bulkhead").startAndAwaitReady()) {
      List<Tenant> tenants = tenants(services, broker);
      run(broker, tenants, 1); // The code gets warm.
      run(broker, tenants, 1);
      List<Part> alone = new ArrayList<>();
      List<Part> beside = new ArrayList<>();
      for (int i = 0; i < ROUNDS; i++) {
        alone.add(run(broker, tenants, 1));
        services
            .services()
            .kms()
            .faults()
            .add(Fault.of(Fault.Kind.HANG).onResource(tenants.getFirst().keyArn()));
        beside.add(run(broker, tenants, 10));
        String health = broker.get("/q/health/ready");
        assertTrue(health.contains(tenants.getFirst().keyArn()), health);
        services.services().kms().faults().clear();
        Eventually.holds(
            Duration.ofSeconds(5),
            () -> assertTrue(right(broker, tenants.getFirst()), "the tenant himself"));
      }
      double cold = row(table, "asking KMS", alone, beside, true);
      double warm = row(table, "from memory", alone, beside, false);
      table.publish();
      long refused = beside.stream().mapToLong(it -> it.hanging().refused()).sum();
      System.out.printf("the one: %d refused%n", refused);
      for (Part part : alone) {
        assertEquals(Map.of(), part.hanging().refusals());
      }
      for (List<Part> parts : List.of(alone, beside)) {
        for (Part part : parts) {
          assertEquals(Map.of(), part.others().refusals());
          assertEquals(0, part.others().wrong() + part.hanging().wrong());
        }
      }
      assertTrue(refused > 0, "the fault struck nobody");
      assertTrue(cold <= MOST, () -> "p99 of unwraps that ask KMS: " + cold);
      assertTrue(warm <= MOST, () -> "p99 of unwraps from memory: " + warm);
    }
  }

  private static List<Tenant> tenants(FaultServices services, PackagedBroker broker) {
    List<Tenant> tenants = new ArrayList<>();
    for (int i = 0; i < TENANTS; i++) {
      String key = services.newKey();
      String keystore =
          services.keystore(
              broker,
              "tenants/t" + i,
              "recordings",
              i % 2 == 0 ? Durations.ZERO : Durations.fromMinutes(15),
              key,
              KeyPairSpec.KEY_PAIR_SPEC_ECC_NIST_P256);
      KnownDek dek = KnownDek.random(keystore);
      tenants.add(
          new Tenant(key, dek, broker.client().broker().wrapDek(dek.wrap()).getWrappedDek()));
    }
    return tenants;
  }

  /// @param times how much the first tenant calls, in times of what the others do
  private static Part run(PackagedBroker broker, List<Tenant> tenants, int times)
      throws InterruptedException {
    Part part = new Part();
    AtomicInteger number = new AtomicInteger();
    OpenLoop.run(
        CALLS_OF_A_TENANT * (TENANTS - 1 + times),
        ROUND,
        due -> {
          int turn = number.getAndIncrement() % (TENANTS - 1 + times);
          int tenant = Math.max(0, turn - times + 1);
          Outcomes outcomes = tenant == 0 ? part.hanging() : part.others();
          Times kept = tenant % 2 == 0 ? part.cold() : part.warm();
          try {
            boolean right = right(broker, tenants.get(tenant));
            long nanos = System.nanoTime() - due;
            if (!right) {
              outcomes.addWrong();
              return;
            }
            outcomes.addRight(nanos);
            if (tenant != 0) {
              kept.add(nanos);
            }
          } catch (StatusRuntimeException e) {
            outcomes.addRefused(BrokerClient.reasonOrCode(e), due, System.nanoTime() - due);
          }
        });
    return part;
  }

  private static boolean right(PackagedBroker broker, Tenant tenant) {
    KeyBrokerBlockingStub stub = broker.client().broker().withDeadlineAfter(DEADLINE);
    return stub.unwrapDek(tenant.dek().unwrap(tenant.wrappedDek()))
        .getDek()
        .equals(tenant.dek().dek());
  }

  /// @return the median of the rounds' ratios of p99
  private static double row(
      FaultsTable table, String name, List<Part> alone, List<Part> beside, boolean isCold) {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < ROUNDS; i++) {
      ratios.add(
          times(beside.get(i), isCold).millis(0.99) / times(alone.get(i), isCold).millis(0.99));
    }
    ratios.sort(null);
    double ratio = ratios.get(ROUNDS / 2);
    long errors = beside.stream().mapToLong(it -> it.others().refused()).sum();
    table.add(
        "| %s | %.1f ms, %.1f ms | %.1f ms, %.1f ms | **%.2f**, %.2f to %.2f | %d of %d |%n"
            .formatted(
                name,
                median(alone, isCold, 0.5),
                median(alone, isCold, 0.99),
                median(beside, isCold, 0.5),
                median(beside, isCold, 0.99),
                ratio,
                ratios.getFirst(),
                ratios.getLast(),
                errors,
                beside.stream().mapToLong(it -> it.others().calls()).sum()));
    return ratio;
  }

  private static Times times(Part part, boolean isCold) {
    return isCold ? part.cold() : part.warm();
  }

  private static double median(List<Part> parts, boolean isCold, double share) {
    List<Double> all = new ArrayList<>();
    for (Part part : parts) {
      all.add(times(part, isCold).millis(share));
    }
    all.sort(null);
    return all.get(all.size() / 2);
  }
}
