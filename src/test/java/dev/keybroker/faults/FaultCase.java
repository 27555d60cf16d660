package dev.keybroker.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.keybroker.PackagedBroker;
import dev.keybroker.embedded.kms.Fault;
import dev.keybroker.grpc.BrokerClient;
import dev.keybroker.v1.RotateKekRequest;
import io.grpc.StatusRuntimeException;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/// A fault, and what unwraps may be refused with while it lasts. Wraps are never refused.
///
/// @param ofAll reasons for which any unwrap may be refused
/// @param ofCold reasons for which an unwrap that has to ask KMS may be refused, besides
record FaultCase(String name, Step begin, Step end, Set<String> ofAll, Set<String> ofCold) {
  private static final Set<String> NONE = Set.of();
  private static final Set<String> AUDIT = Set.of("UNAVAILABLE/AUDIT_UNAVAILABLE");
  private static final Set<String> UNREACHABLE = Set.of("UNAVAILABLE/KMS_UNREACHABLE");
  private static final Step NOTHING = deployment -> {};

  /// Something done to a deployment.
  interface Step {
    void in(Deployment deployment) throws Exception;
  }

  static final List<FaultCase> ALL =
      List.of(
          new FaultCase("no fault", NOTHING, NOTHING, NONE, NONE),
          new FaultCase("Redis down", it -> it.redis().cut(), it -> it.redis().pass(), NONE, NONE),
          new FaultCase(
              "Redis hangs", it -> it.redis().stall(), it -> it.redis().pass(), NONE, NONE),
          new FaultCase(
              "Redis slow by 1 s",
              it -> it.redis().slow(Duration.ofSeconds(1)),
              it -> it.redis().pass(),
              NONE,
              NONE),
          new FaultCase("Redis resets connections", it -> it.redis().reset(), NOTHING, NONE, NONE),
          new FaultCase(
              "Redis flushed", it -> it.redisControl().run("FLUSHALL"), NOTHING, NONE, NONE),
          new FaultCase(
              "Redis read-only",
              it -> it.redisControl().run("REPLICAOF 127.0.0.1 1"),
              it -> it.redisControl().run("REPLICAOF NO ONE"),
              NONE,
              NONE),
          new FaultCase(
              "Redis out of memory",
              it -> it.redisControl().run("CONFIG SET maxmemory 1"),
              it -> it.redisControl().run("CONFIG SET maxmemory 0"),
              NONE,
              NONE),
          repeated("Redis entries truncated", it -> it.redisControl().truncate(), NOTHING),
          repeated(
              "Redis entries forged", it -> it.redisControl().forge(), FaultCase::noticedForgery),
          new FaultCase(
              "Redis delivers no message",
              it -> it.redisControl().run("ACL SETUSER default resetchannels"),
              it -> it.redisControl().run("ACL SETUSER default allchannels"),
              NONE,
              NONE),
          new FaultCase(
              "PostgreSQL down",
              it -> it.postgres().cut(),
              it -> it.postgres().pass(),
              AUDIT,
              NONE),
          new FaultCase(
              "PostgreSQL hangs",
              it -> it.postgres().stall(),
              it -> it.postgres().pass(),
              AUDIT,
              NONE),
          new FaultCase(
              "PostgreSQL stopped (SIGSTOP)",
              it -> it.services().services().postgres().freeze(Duration.ofSeconds(4)),
              NOTHING,
              AUDIT,
              NONE),
          new FaultCase(
              "PostgreSQL killed and restarted",
              it -> it.services().services().postgres().crash(Duration.ofSeconds(3)),
              NOTHING,
              AUDIT,
              NONE),
          new FaultCase(
              "PostgreSQL's tables locked for 4 s", FaultCase::lockTables, NOTHING, AUDIT, NONE),
          postgres("PostgreSQL read-only", PostgresControl::readOnly),
          postgres("PostgreSQL's disk full", PostgresControl::full),
          postgres("PostgreSQL has no connection left", PostgresControl::takeAllConnections),
          postgres("PostgreSQL ends a change of key as a deadlock", PostgresControl::deadlock),
          new FaultCase("KMS down", it -> it.kms().cut(), it -> it.kms().pass(), NONE, UNREACHABLE),
          new FaultCase(
              "KMS hangs", it -> it.kms().stall(), it -> it.kms().pass(), NONE, UNREACHABLE),
          kms("KMS answers 500", Fault.of(Fault.Kind.INTERNAL_ERROR), UNREACHABLE),
          kms(
              "KMS throttles",
              Fault.of(Fault.Kind.THROTTLING),
              Set.of("RESOURCE_EXHAUSTED/KMS_THROTTLED")),
          new FaultCase(
              "KMS throttles key pair generation beside playback",
              FaultCase::throttleKeyPairs,
              FaultCase::noticedThrottledKeyPairs,
              NONE,
              NONE),
          kms(
              "KMS denies",
              Fault.of(Fault.Kind.ACCESS_DENIED),
              Set.of("FAILED_PRECONDITION/KMS_ACCESS_DENIED")),
          kms("KMS slow by 2 s", Fault.latency(Duration.ofSeconds(2)), UNREACHABLE),
          kms("KMS answers garbage", Fault.of(Fault.Kind.GARBAGE), UNREACHABLE),
          sts("STS is cut off", Fault.of(Fault.Kind.CONNECTION_RESET), UNREACHABLE),
          sts("STS hangs", Fault.of(Fault.Kind.HANG), UNREACHABLE),
          sts("STS answers 500", Fault.of(Fault.Kind.INTERNAL_ERROR), UNREACHABLE),
          sts(
              "STS throttles",
              Fault.of(Fault.Kind.THROTTLING),
              Set.of("RESOURCE_EXHAUSTED/KMS_THROTTLED")),
          sts(
              "STS denies",
              Fault.of(Fault.Kind.ACCESS_DENIED),
              Set.of("FAILED_PRECONDITION/KMS_ACCESS_DENIED")),
          sts("STS slow by 2 s", Fault.latency(Duration.ofSeconds(2)), UNREACHABLE),
          sts("STS answers garbage", Fault.of(Fault.Kind.GARBAGE), UNREACHABLE),
          new FaultCase(
              "the tenant disables the key",
              it -> it.services().account().kms().disableKey(r -> r.keyId(it.services().key())),
              it -> it.services().account().kms().enableKey(r -> r.keyId(it.services().key())),
              NONE,
              Set.of("FAILED_PRECONDITION/KMS_KEY_DISABLED")),
          new FaultCase(
              "KMS and Redis down",
              it -> {
                it.kms().cut();
                it.redis().cut();
              },
              FaultCase::healAll,
              NONE,
              UNREACHABLE),
          new FaultCase(
              "Redis and PostgreSQL down",
              it -> {
                it.redis().cut();
                it.postgres().cut();
              },
              FaultCase::healAll,
              AUDIT,
              NONE),
          new FaultCase(
              "all three down", FaultCase::cutAll, FaultCase::healAll, AUDIT, UNREACHABLE),
          new FaultCase(
              "all three hang",
              it -> {
                it.kms().stall();
                it.redis().stall();
                it.postgres().stall();
              },
              FaultCase::healAll,
              AUDIT,
              UNREACHABLE));

  static void cutAll(Deployment deployment) {
    deployment.kms().cut();
    deployment.redis().cut();
    deployment.postgres().cut();
  }

  static void healAll(Deployment deployment) {
    deployment.kms().pass();
    deployment.redis().pass();
    deployment.postgres().pass();
  }

  private static FaultCase kms(String name, Fault fault, Set<String> reasons) {
    return new FaultCase(
        name,
        it -> it.services().services().kms().faults().add(fault),
        it -> it.services().services().kms().faults().clear(),
        NONE,
        reasons);
  }

  /// Rotates at each broker until the breaker of key pair generation opens there.
  private static void throttleKeyPairs(Deployment deployment) {
    deployment
        .services()
        .services()
        .kms()
        .faults()
        .add(Fault.of(Fault.Kind.THROTTLING).onOperation("GenerateDataKeyPairWithoutPlaintext"));
    for (PackagedBroker broker : deployment.brokers()) {
      for (int i = 0; i < 6; i++) {
        try {
          broker
              .client()
              .keystores()
              .rotateKek(RotateKekRequest.newBuilder().setName(deployment.cold()).build());
          throw new AssertionError("rotated while key pair generation is throttled");
        } catch (StatusRuntimeException e) {
          assertEquals("RESOURCE_EXHAUSTED/KMS_THROTTLED", BrokerClient.reasonOrCode(e));
        }
      }
    }
  }

  /// Brokers whose breaker never opened would pass the case, too.
  private static void noticedThrottledKeyPairs(Deployment deployment) throws Exception {
    deployment.services().services().kms().faults().clear();
    for (PackagedBroker broker : deployment.brokers()) {
      String metrics = broker.get("/q/metrics");
      String open = "keybroker_kms_breakers_open{operation=\"generate_key_pair\"} ";
      if (!metrics.contains(open) || metrics.contains(open + "0.0")) {
        throw new AssertionError("no breaker of key pair generation is open");
      }
    }
  }

  private static FaultCase sts(String name, Fault fault, Set<String> reasons) {
    return kms(name, fault.onOperation("AssumeRole"), reasons);
  }

  /// Done again and again while the fault lasts: brokers mend what they find.
  private static FaultCase repeated(String name, Step step, Step after) {
    return new FaultCase(
        name,
        it -> {
          long end = System.nanoTime() + Duration.ofSeconds(4).toNanos();
          while (System.nanoTime() < end) {
            step.in(it);
            Thread.sleep(10);
          }
        },
        after,
        NONE,
        NONE);
  }

  /// A broker that never read a forged entry would pass the case, too.
  private static void noticedForgery(Deployment deployment) throws Exception {
    for (PackagedBroker broker : deployment.brokers()) {
      String metrics = broker.get("/q/metrics");
      if (!metrics.contains("keybroker_kek_forged_total")
          || metrics.contains("keybroker_kek_forged_total 0.0")) {
        throw new AssertionError("no forged entry was read");
      }
    }
  }

  private static FaultCase postgres(String name, PostgresControl.Fault fault) {
    return new FaultCase(
        name,
        it -> fault.lasting(new PostgresControl(it), Duration.ofSeconds(4)),
        NOTHING,
        AUDIT,
        NONE);
  }

  private static void lockTables(Deployment deployment) throws Exception {
    try (Connection connection = deployment.database()) {
      connection.setAutoCommit(false);
      connection.createStatement().execute("lock table keystore, kek in access exclusive mode");
      Thread.sleep(Duration.ofSeconds(4));
      connection.rollback();
    }
  }

  @Override
  public String toString() {
    return name;
  }
}
