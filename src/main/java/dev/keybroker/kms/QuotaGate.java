package dev.keybroker.kms;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/// The gate before calls of KMS whose request quota is low. All brokers of the deployment share it,
/// so that together they stay below the quota.
///
/// Interactive and scheduled calls have a share each. Within one broker, tenants take turns. If the
/// shared lines do not answer, the broker uses its own part of them. Thread-safe; a call that waits
/// holds no thread.
public final class QuotaGate {
  private static final Logger LOG = Logger.getLogger(QuotaGate.class);

  /// The longest pause before a line is asked again. By then it may be shared again, or its rate
  /// may have changed.
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);

  private final QuotaLines shared;
  private final QuotaLines local;
  private final KmsQuotas quotas;
  private final KmsQuotaConfig config;
  private final ScheduledExecutorService timer;
  private final Ticker ticker;
  private final MeterRegistry registry;
  private final Counter refusedTests;
  private final Counter refusedCalls;
  private final Counter notShared;

  /// Holds each queue as long as the gate asks its line for one of the queue's calls.
  private final Map<QueueKey, QuotaQueue> queues = new HashMap<>();

  /// The queue that a call waits in: one for each line and urgency.
  private record QueueKey(QuotaLine line, Urgency urgency) {}

  /// @param shared the lines of all brokers
  /// @param local the lines of this broker; never fails
  /// @throws IllegalArgumentException if a setting is out of bounds
  public QuotaGate(
      QuotaLines shared,
      QuotaLines local,
      KmsQuotaConfig config,
      ScheduledExecutorService timer,
      Ticker ticker,
      MeterRegistry registry) {
    this.shared = shared;
    this.local = local;
    this.quotas = new KmsQuotas(config);
    this.config = config;
    this.timer = timer;
    this.ticker = ticker;
    this.registry = registry;
    this.refusedTests = registry.counter(Metrics.KMS_QUOTA_REFUSED, Metrics.LIMIT, "tenant");
    this.refusedCalls = registry.counter(Metrics.KMS_QUOTA_REFUSED, Metrics.LIMIT, "wait");
    this.notShared = registry.counter(Metrics.KMS_QUOTA_LOCAL);
  }

  /// The rate at which to start scheduled generations of key pairs.
  public QuotaLine plan(KmsKey key, KeyPairSpec spec) {
    return quotas.keyPairs(key, spec).plan();
  }

  /// Waits until a key pair may be generated. An interactive call fails with [QuotaExceeded] if
  /// that takes too long, or at once if that is foreseeable. Cancelling gives up the place in the
  /// queue.
  public Uni<Void> keyPair(KmsKey key, KeyPairSpec spec, String tenant, Urgency urgency) {
    return Uni.createFrom()
        .deferred(
            () -> {
              KmsQuota quota = quotas.keyPairs(key, spec);
              long start = ticker.read();
              Uni<Void> turn =
                  turn(new QueueKey(quota.of(urgency), urgency), tenant)
                      .chain(() -> turn(new QueueKey(quota.all(), urgency), tenant));
              return (urgency == Urgency.INTERACTIVE ? bounded(turn, quota) : turn)
                  .invoke(() -> waited(urgency, Duration.ofNanos(ticker.read() - start)));
            });
  }

  /// Waits until a re-encryption may make a call under this key. Cancelling gives up the place in
  /// the queue.
  public Uni<Void> reEncryption(KmsKey key, String tenant) {
    return Uni.createFrom()
        .deferred(() -> turn(new QueueKey(quotas.reEncryptions(key), Urgency.SCHEDULED), tenant));
  }

  private Uni<Void> bounded(Uni<Void> turn, KmsQuota quota) {
    return turn.ifNoItem()
        .after(config.longestWait())
        .on(timer)
        .failWith(() -> new QuotaExceeded(quota.interactive().interval()))
        .onFailure(QuotaExceeded.class)
        .invoke(refused -> refusedCalls.increment());
  }

  private void waited(Urgency urgency, Duration time) {
    registry.timer(Metrics.KMS_QUOTA_WAIT, Metrics.URGENCY, urgency.tag()).record(time);
  }

  /// Counts a test of a root key. Fails with [QuotaExceeded] if the tenant runs too many.
  public Uni<Void> test(String tenant) {
    return take(quotas.tests(tenant))
        .chain(
            wait -> {
              if (wait.isZero()) {
                return Uni.createFrom().voidItem();
              }
              refusedTests.increment();
              return Uni.createFrom().failure(new QuotaExceeded(wait));
            });
  }

  private Uni<Duration> take(QuotaLine line) {
    return shared
        .take(line)
        .onFailure()
        .recoverWithUni(
            failure -> {
              notShared.increment();
              LOG.debugf("%s is not shared: %s", line.name(), failure.getMessage());
              return local.take(line.shareOf(config.brokers()));
            });
  }

  private Uni<Void> turn(QueueKey key, String tenant) {
    return Uni.createFrom()
        .emitter(
            emitter -> {
              CompletableFuture<Void> call = new CompletableFuture<>();
              emitter.onTermination(() -> giveUp(key, tenant, call));
              var unused =
                  call.whenComplete(
                      (turn, failure) -> {
                        if (failure == null) {
                          emitter.complete(null);
                        } else {
                          emitter.fail(failure);
                        }
                      });
              enter(key, tenant, call);
            });
  }

  private void enter(QueueKey key, String tenant, CompletableFuture<Void> call) {
    boolean isNew;
    Duration wait;
    synchronized (queues) {
      isNew = !queues.containsKey(key);
      QuotaQueue queue = queues.computeIfAbsent(key, it -> new QuotaQueue());
      wait = key.line().interval().multipliedBy(queue.before(tenant));
      if (key.urgency() == Urgency.SCHEDULED || wait.compareTo(config.longestWait()) <= 0) {
        queue.add(tenant, call);
        wait = Duration.ZERO;
      }
    }
    if (!wait.isZero()) {
      call.completeExceptionally(new QuotaExceeded(wait));
    } else if (isNew) {
      ask(key);
    }
  }

  private void giveUp(QueueKey key, String tenant, CompletableFuture<Void> call) {
    synchronized (queues) {
      QuotaQueue queue = queues.get(key);
      if (queue != null) {
        queue.remove(tenant, call);
      }
    }
  }

  /// Asks the line for one call, unless no call waits any more.
  private void ask(QueueKey key) {
    synchronized (queues) {
      QuotaQueue queue = queues.get(key);
      if (queue == null || queue.isEmpty()) {
        queues.remove(key);
        return;
      }
    }
    take(key.line())
        .subscribe()
        .with(
            wait -> answered(key, wait),
            fault -> {
              LOG.error("a quota could not be asked for", fault);
              askAfter(key, LONGEST_PAUSE);
            });
  }

  private void answered(QueueKey key, Duration wait) {
    if (!wait.isZero()) {
      askAfter(key, wait);
      return;
    }
    CompletableFuture<Void> call = next(key);
    timer.execute(() -> ask(key));
    if (call != null) {
      call.complete(null);
    }
  }

  private @Nullable CompletableFuture<Void> next(QueueKey key) {
    synchronized (queues) {
      QuotaQueue queue = queues.get(key);
      return queue == null ? null : queue.next();
    }
  }

  private void askAfter(QueueKey key, Duration wait) {
    long pause = Math.min(wait.toNanos(), LONGEST_PAUSE.toNanos());
    var unused = timer.schedule(() -> ask(key), pause, TimeUnit.NANOSECONDS);
  }
}
