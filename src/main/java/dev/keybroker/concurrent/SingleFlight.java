package dev.keybroker.concurrent;

import io.smallrye.mutiny.Uni;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;

/// Runs one computation at a time for each key. Concurrent callers share its outcome, including a
/// failure. Nothing is remembered after its end: the next caller starts a new one. Thread-safe.
public final class SingleFlight<K, V> {
  private final ConcurrentHashMap<K, CompletableFuture<V>> flights = new ConcurrentHashMap<>();

  /// Joins the running computation for the key, or starts this one now. It runs to its end even if
  /// callers cancel: cancelling the returned Uni does not affect others.
  public CompletionStage<V> join(K key, Supplier<Uni<V>> computation) {
    CompletableFuture<V> mine = new CompletableFuture<>();
    CompletableFuture<V> running = flights.putIfAbsent(key, mine);
    if (running != null) {
      return running.minimalCompletionStage();
    }
    Uni.createFrom()
        .<V>deferred(computation::get)
        .subscribe()
        .with(
            value -> {
              flights.remove(key, mine);
              mine.complete(value);
            },
            failure -> {
              flights.remove(key, mine);
              mine.completeExceptionally(failure);
            });
    return mine.minimalCompletionStage();
  }

  /// Whether a computation is running for the key.
  public boolean isUnderWay(K key) {
    return flights.containsKey(key);
  }
}
