package dev.keybroker.faults;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.rpc.RetryInfo;
import dev.keybroker.PackagedBroker;
import dev.keybroker.grpc.BrokerClient;
import dev.keybroker.v1.KeyBrokerGrpc;
import dev.keybroker.v1.KeyBrokerGrpc.KeyBrokerBlockingStub;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// As many wraps as unwraps of one keystore, by several connections; each answer is checked.
final class OverloadCalls implements AutoCloseable {
  private static final int CONNECTIONS = 8;
  private static final int CALLERS = 32;
  private static final int KNOWN = 64;
  private static final Duration DEADLINE = Duration.ofSeconds(5);
  private static final long SLOW_NANOS = Duration.ofMillis(100).toNanos();
  private static final Pattern MOST_RESIDENT = Pattern.compile("VmHWM:\\s+(\\d+) kB");

  private final List<ManagedChannel> channels = new ArrayList<>();
  private final List<Wrapped> known = new ArrayList<>();
  private final String keystore;
  private final AtomicInteger turns = new AtomicInteger();
  private volatile Seen seen = new Seen();

  private record Wrapped(KnownDek dek, ByteString wrappedDek) {}

  OverloadCalls(PackagedBroker broker, String keystore) {
    this.keystore = keystore;
    for (int i = 0; i < CONNECTIONS; i++) {
      channels.add(
          ManagedChannelBuilder.forAddress("127.0.0.1", broker.grpcPort()).usePlaintext().build());
    }
    for (int i = 0; i < KNOWN; i++) {
      KnownDek dek = KnownDek.random(keystore);
      known.add(new Wrapped(dek, stub().wrapDek(dek.wrap()).getWrappedDek()));
    }
  }

  /// How long refused unwraps took by the broker's own clock, from their headers to their status.
  ///
  /// @param longest of the last two minutes
  record ShedByBroker(double meanMillis, double longestMillis) {
    private static final String TIMER =
        "(?m)^grpc_server_processing_duration_seconds_%s\\{(?=[^}]*method=\"UnwrapDek\")(?=[^}]*statusCode=\"RESOURCE_EXHAUSTED\")[^}]*}"
            + " (\\S+)$";

    static ShedByBroker of(PackagedBroker broker) throws IOException, InterruptedException {
      String metrics = broker.get("/q/metrics");
      return new ShedByBroker(
          1e3 * value("sum", metrics) / value("count", metrics), 1e3 * value("max", metrics));
    }

    private static double value(String part, String metrics) {
      Matcher matcher = Pattern.compile(TIMER.formatted(part)).matcher(metrics);
      return matcher.find() ? Double.parseDouble(matcher.group(1)) : 0;
    }

    @Override
    public String toString() {
      return "%.2f ms, %.1f ms".formatted(meanMillis, longestMillis);
    }
  }

  /// What became of the calls of a while. Thread-safe.
  static final class Seen {
    private final Outcomes outcomes = new Outcomes();
    private final Times wraps = new Times();
    private final Times unwraps = new Times();
    private final Times shed = new Times();
    private final Times late = new Times();
    private final AtomicLong withoutRetryInfo = new AtomicLong();
    private final AtomicLong lastTrouble = new AtomicLong(Long.MIN_VALUE);

    long right() {
      return outcomes.right();
    }

    long wrong() {
      return outcomes.wrong();
    }

    long refused() {
      return outcomes.refused();
    }

    Set<String> reasons() {
      return outcomes.refusals().keySet();
    }

    long withoutRetryInfo() {
      return withoutRetryInfo.get();
    }

    double shedMillis(double share) {
      return shed.millis(share);
    }

    /// Right answers per second.
    double wrapsIn(Duration time) {
      return wraps.size() / (time.toNanos() / 1e9);
    }

    double unwrapsIn(Duration time) {
      return unwraps.size() / (time.toNanos() / 1e9);
    }

    String row(String name, Duration took, Footprint footprint, PackagedBroker of)
        throws IOException, InterruptedException {
      double seconds = took.toNanos() / 1e9;
      Matcher most =
          MOST_RESIDENT.matcher(
              Files.readString(Path.of("/proc", Long.toString(of.process().pid()), "status")));
      return "| %s | %.0f | %.0f, %.0f | %d | %.1f ms, %.1f ms | %s | %.1f ms, %.1f ms | %.1f ms, %.1f ms | %.1f ms, %.1f ms | %d MiB | %d MiB |%n"
          .formatted(
              name,
              outcomes.calls() / seconds,
              wrapsIn(took),
              unwrapsIn(took),
              refused(),
              shed.millis(0.5),
              shed.millis(0.99),
              refused() == 0 ? "" : ShedByBroker.of(of),
              late.millis(0.5),
              late.millis(0.99),
              wraps.millis(0.5),
              wraps.millis(0.99),
              unwraps.millis(0.5),
              unwraps.millis(0.99),
              footprint.heap() >> 20,
              most.find() ? Long.parseLong(most.group(1)) >> 10 : 0);
    }

    @Override
    public String toString() {
      return outcomes.toString();
    }
  }

  /// Counts anew, and tells what became of the calls since the last time.
  Seen mark() {
    Seen past = seen;
    seen = new Seen();
    return past;
  }

  /// Callers who each wait for their answer.
  ///
  /// @return how long it took
  Duration closedLoop(Duration time) throws InterruptedException {
    long started = System.nanoTime();
    long end = started + time.toNanos();
    List<Thread> callers = new ArrayList<>();
    for (int i = 0; i < CALLERS; i++) {
      callers.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    while (System.nanoTime() < end) {
                      call(System.nanoTime());
                    }
                  }));
    }
    for (Thread caller : callers) {
      caller.join();
    }
    return Duration.ofNanos(System.nanoTime() - started);
  }

  /// So many calls per second, whatever becomes of them.
  void openLoop(double perSecond, Duration time) throws InterruptedException {
    OpenLoop.run(perSecond, time, this::lateCall);
  }

  /// How late a call begins is the client's own doing: as much of any call's time may be, too.
  private void lateCall(long due) {
    seen.late.add(Math.max(0, System.nanoTime() - due));
    call(due);
  }

  /// Calls a little for some seconds.
  ///
  /// @return from now to the begin of the last call that was refused or slow; zero where none was
  Duration recovery() throws InterruptedException {
    long started = System.nanoTime();
    OpenLoop.run(100, Duration.ofSeconds(6), this::call);
    long last = seen.lastTrouble.get();
    return last == Long.MIN_VALUE ? Duration.ZERO : Duration.ofNanos(Math.max(0, last - started));
  }

  private KeyBrokerBlockingStub stub() {
    return KeyBrokerGrpc.newBlockingStub(
            channels.get(Math.floorMod(turns.getAndIncrement(), CONNECTIONS)))
        .withDeadlineAfter(DEADLINE);
  }

  private void call(long due) {
    Seen counted = seen;
    boolean isWrap = ThreadLocalRandom.current().nextBoolean();
    long started = System.nanoTime();
    try {
      boolean right = isWrap ? wraps() : unwraps();
      long nanos = System.nanoTime() - started;
      if (!right) {
        counted.outcomes.addWrong();
        return;
      }
      counted.outcomes.addRight(nanos);
      (isWrap ? counted.wraps : counted.unwraps).add(nanos);
      if (nanos > SLOW_NANOS) {
        counted.lastTrouble.accumulateAndGet(due, Math::max);
      }
    } catch (StatusRuntimeException e) {
      long nanos = System.nanoTime() - started;
      counted.outcomes.addRefused(BrokerClient.reasonOrCode(e), due, nanos);
      counted.shed.add(nanos);
      counted.lastTrouble.accumulateAndGet(due, Math::max);
      if (StatusProto.fromThrowable(e).getDetailsList().stream()
          .noneMatch((Any any) -> any.is(RetryInfo.class))) {
        counted.withoutRetryInfo.incrementAndGet();
      }
    }
  }

  private boolean wraps() {
    return !stub().wrapDek(KnownDek.random(keystore).wrap()).getWrappedDek().isEmpty();
  }

  private boolean unwraps() {
    Wrapped wrapped = known.get(ThreadLocalRandom.current().nextInt(KNOWN));
    return stub()
        .unwrapDek(wrapped.dek().unwrap(wrapped.wrappedDek()))
        .getDek()
        .equals(wrapped.dek().dek());
  }

  @Override
  public void close() {
    channels.forEach(ManagedChannel::shutdownNow);
  }
}
