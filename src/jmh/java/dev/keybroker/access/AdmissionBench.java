package dev.keybroker.access;

import com.github.benmanes.caffeine.cache.Ticker;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// The decision whether one unwrap may begin, on one thread: 1,000 callers, each with 100 keystores
/// of its own, and the most paths of SPIFFE ids that a file may have.
///
/// Average time in nanoseconds, 2 forks. Run: `./mvnw -Pjmh test -Djmh.args='AdmissionBench -prof
/// gc'`.
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@State(Scope.Benchmark)
@SuppressWarnings("NullAway.Init") // set before each trial
public class AdmissionBench {
  private static final int CALLERS = 1_000;
  private static final int KEYSTORES = 100;

  /// Calls a second of a caller and of a tenant; 0 is no limit, the other is never reached.
  @Param({"0", "1000000000"})
  int rate;

  private Admission admission;
  private final Caller exact = new Caller(Caller.Kind.SPIFFE, "spiffe://example.org/exact/500");
  private final Caller lastPath = new Caller(Caller.Kind.SPIFFE, "spiffe://example.org/p99/sa/x");
  private final Target keystore = new Target("t50", "calls");

  @Setup
  public void setUp() throws AccessFileException {
    StringBuilder keystores = new StringBuilder();
    for (int i = 0; i < KEYSTORES; i++) {
      keystores.append(i == 0 ? "" : ", ").append("tenants/t%d/keystores/calls".formatted(i));
    }
    StringBuilder file = new StringBuilder("version: 1\ngrants:\n");
    StringBuilder callers = new StringBuilder();
    for (int i = 0; i < CALLERS; i++) {
      callers.append(i == 0 ? "" : ", ").append("'spiffe://example.org/exact/%d'".formatted(i));
    }
    for (int i = 0; i < AccessFile.MAX_PREFIXES; i++) {
      callers.append(", 'spiffe://example.org/p%d/*'".formatted(i));
    }
    file.append(
        "  - {callers: [%s], permissions: [dek.unwrap], on: [%s]}\n".formatted(callers, keystores));
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    admission =
        new Admission(
            AccessFile.parse(file.toString().getBytes(StandardCharsets.UTF_8)),
            new RateLimits(new Rates(rate), Ticker.systemTicker(), registry),
            new UnwrapSurges(registry),
            Clock.systemUTC(),
            registry);
  }

  private record Rates(int rate) implements RateLimitConfig {
    @Override
    public int callerWraps() {
      return rate;
    }

    @Override
    public int callerUnwraps() {
      return rate;
    }

    @Override
    public int callerControl() {
      return rate;
    }

    @Override
    public int tenantWraps() {
      return rate;
    }

    @Override
    public int tenantUnwraps() {
      return rate;
    }

    @Override
    public int tenantControl() {
      return rate;
    }

    @Override
    public Duration burst() {
      return Duration.ofSeconds(1);
    }
  }

  @Benchmark
  public @Nullable AccessFailure callerByName() {
    return admission.refusal(exact, Permission.DEK_UNWRAP, keystore, null);
  }

  @Benchmark
  public @Nullable AccessFailure callerByPath() {
    return admission.refusal(lastPath, Permission.DEK_UNWRAP, keystore, null);
  }
}
