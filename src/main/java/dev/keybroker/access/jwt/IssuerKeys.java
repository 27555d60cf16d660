package dev.keybroker.access.jwt;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.telemetry.LogText;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Uni;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jose4j.jwk.JsonWebKey;
import org.jspecify.annotations.Nullable;

/// The issuer's keys, fetched periodically on a separate thread. While the issuer does not answer,
/// the known keys stay.
///
/// It does not use [dev.keybroker.concurrent.SingleFlight], because a caller must see in one step
/// whether a fetch is running, ended a moment ago, or must be started.
final class IssuerKeys implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger(IssuerKeys.class);

  private final JwksEndpoint endpoint;
  private final Ticker ticker;
  private final long periodNanos;
  private final long retryNanos;
  private final Counter failures;
  private final ScheduledExecutorService thread =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("issuer-keys").factory());

  private volatile List<JsonWebKey> keys = List.of();
  private volatile boolean lastFetchFailed = true;

  /// Ticker time of the last successful fetch; before the first one, of the start.
  private volatile long goodNanos;

  private @Nullable CompletableFuture<Boolean> fetch;
  private long fetchedNanos;
  private boolean fetchedOnce;
  private @Nullable String lastFailure;

  IssuerKeys(
      JwksEndpoint endpoint, Duration period, Duration retry, Ticker ticker, MeterRegistry meters) {
    this.endpoint = endpoint;
    this.ticker = ticker;
    this.periodNanos = period.toNanos();
    this.retryNanos = retry.toNanos();
    this.failures = meters.counter(Metrics.TOKEN_KEY_FAILURES);
    this.goodNanos = ticker.read();
    Gauge.builder(Metrics.TOKEN_KEY_AGE, this, keys -> keys.age().toMillis() / 1e3)
        .baseUnit("seconds")
        .register(meters);
  }

  /// Starts fetching, now and whenever the keys are old.
  void start() {
    var unused =
        thread.scheduleWithFixedDelay(
            this::refreshOld, 0, Math.min(retryNanos, periodNanos), TimeUnit.NANOSECONDS);
  }

  private Duration age() {
    return Duration.ofNanos(ticker.read() - goodNanos);
  }

  /// The known keys; empty until the first fetch succeeds.
  List<JsonWebKey> known() {
    return keys;
  }

  /// Fetches the keys, unless they were fetched a moment ago.
  ///
  /// @return whether [#known()] has the issuer's current keys
  Uni<Boolean> refresh() {
    return Uni.createFrom().completionStage(this::fetchSoon);
  }

  private synchronized CompletableFuture<Boolean> fetchSoon() {
    if (fetch != null) {
      return fetch;
    }
    if (fetchedOnce && ticker.read() - fetchedNanos < retryNanos) {
      return CompletableFuture.completedFuture(!lastFetchFailed);
    }
    CompletableFuture<Boolean> started = new CompletableFuture<>();
    fetch = started;
    thread.execute(() -> fetchNow(started));
    return started;
  }

  private void refreshOld() {
    synchronized (this) {
      long age = ticker.read() - fetchedNanos;
      if (fetchedOnce && age < (lastFetchFailed ? retryNanos : periodNanos)) {
        return;
      }
      if (fetch != null) {
        return;
      }
    }
    var unused = fetchSoon();
  }

  private void fetchNow(CompletableFuture<Boolean> started) {
    boolean good = false;
    try {
      keys = endpoint.fetch();
      goodNanos = ticker.read();
      good = true;
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      failed(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      synchronized (this) {
        lastFetchFailed = !good;
        if (good) {
          lastFailure = null;
        }
        fetchedOnce = true;
        fetchedNanos = ticker.read();
        fetch = null;
      }
      started.complete(good);
    }
  }

  /// Counts each failed fetch, but logs a failure only once until something changes.
  private void failed(Exception cause) {
    failures.increment();
    String reason = LogText.line(String.valueOf(cause));
    if (!reason.equals(lastFailure)) {
      lastFailure = reason;
      LOG.errorf(
          "The token issuer's keys cannot be fetched, %d are known: %s", keys.size(), reason);
    }
  }

  @Override
  public void close() {
    thread.shutdownNow();
  }
}
