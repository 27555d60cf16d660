package dev.keybroker.concurrent;

import io.smallrye.mutiny.Uni;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Function;

/// Gathers reads of single keys into reads of many. A key is read at once, unless as many reads run
/// as may: then it waits for the end of one, and the next read takes all that wait. Thread-safe.
///
/// A read that a key gets starts after the key was asked for.
public final class Gathering<K, V> {
  private final Function<List<K>, Uni<Map<K, V>>> read;
  private final int maxKeys;
  private final int maxReads;
  private final Executor starts;
  private final Map<K, CompletableFuture<Optional<V>>> waiting = new LinkedHashMap<>();
  private int reads;

  /// @param read returns the values of keys, without those that do not exist
  /// @param maxKeys of one read
  /// @param maxReads that run at the same time
  public Gathering(Function<List<K>, Uni<Map<K, V>>> read, int maxKeys, int maxReads) {
    this(read, maxKeys, maxReads, Runnable::run);
  }

  /// @param starts runs the start of a read; the read takes all keys that are asked for until then
  public Gathering(
      Function<List<K>, Uni<Map<K, V>>> read, int maxKeys, int maxReads, Executor starts) {
    this.read = read;
    this.maxKeys = maxKeys;
    this.maxReads = maxReads;
    this.starts = starts;
  }

  /// Returns the value of a key, if it exists. Fails as the read does. Cancelling the Uni does not
  /// affect others.
  public Uni<Optional<V>> get(K key) {
    return Uni.createFrom()
        .completionStage(
            () -> {
              CompletableFuture<Optional<V>> value;
              synchronized (this) {
                value = waiting.computeIfAbsent(key, k -> new CompletableFuture<>());
              }
              starts.execute(this::start);
              return value.minimalCompletionStage();
            });
  }

  private void start() {
    Map<K, CompletableFuture<Optional<V>>> taken = take();
    if (taken.isEmpty()) {
      return;
    }
    Uni.createFrom()
        .deferred(() -> read.apply(List.copyOf(taken.keySet())))
        .subscribe()
        .with(
            values -> {
              end();
              taken.forEach((key, value) -> value.complete(Optional.ofNullable(values.get(key))));
            },
            failure -> {
              end();
              taken.values().forEach(value -> value.completeExceptionally(failure));
            });
  }

  private synchronized Map<K, CompletableFuture<Optional<V>>> take() {
    Map<K, CompletableFuture<Optional<V>>> taken = new LinkedHashMap<>();
    if (reads < maxReads) {
      var all = waiting.entrySet().iterator();
      while (taken.size() < maxKeys && all.hasNext()) {
        var next = all.next();
        taken.put(next.getKey(), next.getValue());
        all.remove();
      }
      reads += taken.isEmpty() ? 0 : 1;
    }
    return taken;
  }

  private void end() {
    synchronized (this) {
      reads--;
    }
    start();
  }
}
