package dev.keybroker.client;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;

/**
 * The public KEKs of the keystores in use, kept in memory. A KEK in use is read again before its
 * refresh time. While the broker is away, the last known KEK is used up to a bound. Thread-safe.
 */
final class PublicKeks {
  /**
   * How long the next attempt waits after a failed one, so that not every recording waits for a
   * deadline.
   */
  private static final Duration PAUSE = Duration.ofSeconds(1);

  private final Source source;
  private final Executor executor;
  private final Clock clock;
  private final Duration bound;
  private final StoredKeks stored;
  private final Map<String, Entry> entries = new ConcurrentHashMap<>();

  /** Reads a KEK from the broker. */
  interface Source {
    PublicKek read(String keystore) throws KeyBrokerException;
  }

  private static final class Entry {
    private PublicKek known;
    private CompletableFuture<PublicKek> reading;
    private Instant retry = Instant.MIN;
    private KeyBrokerException failure;
  }

  /**
   * @param bound how old a KEK may be that is used while the broker is away
   * @param stored where they outlive this process; null if they do not
   */
  PublicKeks(Source source, Executor executor, Clock clock, Duration bound, StoredKeks stored) {
    this.source = source;
    this.executor = executor;
    this.clock = clock;
    this.bound = bound;
    this.stored = stored;
  }

  PublicKek get(String keystore) throws KeyBrokerException {
    Entry entry = entries.computeIfAbsent(keystore, this::entry);
    CompletableFuture<PublicKek> reading;
    synchronized (entry) {
      Instant now = clock.instant();
      PublicKek known = entry.known;
      boolean paused = entry.reading == null && now.isBefore(entry.retry);
      if (known != null && now.isBefore(known.refresh())) {
        if (!paused && !now.isBefore(early(known))) {
          start(keystore, entry);
        }
        return known;
      }
      if (paused) {
        return lastKnown(entry, now);
      }
      boolean failedBefore = entry.failure != null;
      reading = start(keystore, entry);
      if (failedBefore && isWithinBound(known, now)) {
        // The last attempt failed: nobody waits for this one.
        return known;
      }
    }
    try {
      return reading.join();
    } catch (CompletionException e) {
      synchronized (entry) {
        return lastKnown(entry, clock.instant());
      }
    }
  }

  private Entry entry(String keystore) {
    Entry entry = new Entry();
    entry.known = stored == null ? null : stored.load(keystore, clock.instant());
    return entry;
  }

  /** When a KEK in use is read again: after two thirds of the time until its refresh time. */
  private static Instant early(PublicKek kek) {
    Duration fresh = Duration.between(kek.read(), kek.refresh());
    return kek.read().plus(fresh.multipliedBy(2).dividedBy(3));
  }

  private CompletableFuture<PublicKek> start(String keystore, Entry entry) {
    if (entry.reading != null) {
      return entry.reading;
    }
    CompletableFuture<PublicKek> reading = new CompletableFuture<>();
    entry.reading = reading;
    try {
      executor.execute(() -> read(keystore, entry, reading));
    } catch (RejectedExecutionException e) {
      entry.reading = null;
      throw new IllegalStateException("the client is closed", e);
    }
    return reading;
  }

  private void read(String keystore, Entry entry, CompletableFuture<PublicKek> reading) {
    try {
      PublicKek kek = source.read(keystore);
      synchronized (entry) {
        entry.known = kek;
        entry.failure = null;
        entry.reading = null;
        if (stored != null) {
          stored.save(keystore, kek);
        }
      }
      reading.complete(kek);
    } catch (KeyBrokerException e) {
      synchronized (entry) {
        entry.failure = e;
        entry.retry = clock.instant().plus(PAUSE);
        entry.reading = null;
        if (!e.isBrokerAway()) {
          entry.known = null;
          if (stored != null) {
            stored.forget(keystore);
          }
        }
      }
      reading.completeExceptionally(e);
    } catch (RuntimeException e) {
      synchronized (entry) {
        entry.reading = null;
      }
      reading.completeExceptionally(e);
    }
  }

  private boolean isWithinBound(PublicKek known, Instant now) {
    return known != null && now.isBefore(known.read().plus(bound));
  }

  private PublicKek lastKnown(Entry entry, Instant now) throws KeyBrokerException {
    PublicKek known = entry.known;
    if (isWithinBound(known, now)) {
      return known;
    }
    if (entry.failure == null) {
      throw new IllegalStateException("the public KEK could not be read");
    }
    throw entry.failure;
  }
}
