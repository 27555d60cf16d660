package dev.keybroker.audit;

import dev.keybroker.access.Caller;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// A log in memory that fails as a database does: before a commit, after it, or by coming through
/// late.
final class MemoryAuditStore implements AuditStore {
  /// What becomes of the next append.
  enum Fault {
    /// Nothing is committed, and the writer learns just that.
    REJECTED,
    /// Nothing is committed, and the writer is told that it failed.
    LOST,
    /// All is committed, and the writer is told that it failed.
    ANSWER_LOST,
    /// The writer is told that it failed, and the append goes on by itself until [#comeThrough()].
    LATE
  }

  /// As PostgreSQL orders them: UUIDs by their bytes.
  private static final Comparator<AuditCursor> PLACES =
      Comparator.comparing(AuditCursor::time)
          .thenComparing(place -> place.chain().toString())
          .thenComparing(AuditCursor::sequence);

  private final Map<UUID, ChainHead> heads = new HashMap<>();
  private final List<ChainedRecord> records = new ArrayList<>();
  private final Deque<Fault> faults = new ArrayDeque<>();
  private final List<Runnable> late = new ArrayList<>();
  private Consumer<List<ChainedRecord>> onAppend = records -> {};
  private @Nullable Error broken;
  private boolean away;
  private int appends;
  private final Set<Caller> reading = ConcurrentHashMap.newKeySet();
  private volatile CompletableFuture<@Nullable Void> queries =
      CompletableFuture.completedFuture(null);

  synchronized void fail(Fault... next) {
    faults.addAll(List.of(next));
  }

  /// Sees the records of every append that the writer asks for.
  synchronized void onAppend(Consumer<List<ChainedRecord>> watcher) {
    onAppend = watcher;
  }

  /// The next append throws this.
  synchronized void breakNext(Error error) {
    broken = error;
  }

  synchronized void away(boolean is) {
    away = is;
  }

  /// What was late happens now.
  synchronized void comeThrough() {
    late.forEach(Runnable::run);
    late.clear();
  }

  /// Later queries wait until this is completed.
  CompletableFuture<@Nullable Void> holdQueries() {
    queries = new CompletableFuture<>();
    return queries;
  }

  synchronized List<ChainedRecord> records() {
    return List.copyOf(records);
  }

  synchronized List<ChainedRecord> records(Outcome outcome) {
    return records.stream().filter(it -> it.event().outcome() == outcome).toList();
  }

  synchronized int appends() {
    return appends;
  }

  synchronized void rewrite(UUID chain, ChainHead head) {
    heads.put(chain, head);
  }

  private <T> Uni<T> answer(java.util.function.Supplier<T> work) {
    return Uni.createFrom()
        .deferred(
            () -> {
              synchronized (this) {
                return away
                    ? Uni.createFrom().failure(new IllegalStateException("away"))
                    : Uni.createFrom().item(work.get());
              }
            });
  }

  @Override
  public Uni<Void> open(UUID chain, @Nullable String keyId, Instant time) {
    return answer(() -> heads.putIfAbsent(chain, ChainHead.START)).replaceWithVoid();
  }

  @Override
  public Uni<Boolean> append(ChainHead last, List<ChainedRecord> added) {
    synchronized (this) {
      Error error = broken;
      broken = null;
      if (error != null) {
        throw error;
      }
    }
    return Uni.createFrom()
        .deferred(
            () -> {
              synchronized (this) {
                onAppend.accept(added);
                Fault fault = away ? Fault.LOST : faults.poll();
                if (fault == null) {
                  return Uni.createFrom().item(appendNow(last, added));
                }
                switch (fault) {
                  case REJECTED -> {
                    return Uni.createFrom()
                        .failure(new AppendRejected(new IllegalStateException("read-only")));
                  }
                  case LOST -> {}
                  case ANSWER_LOST -> appendNow(last, added);
                  case LATE -> late.add(() -> appendNow(last, added));
                }
                return Uni.createFrom().failure(new IllegalStateException("connection lost"));
              }
            });
  }

  private boolean appendNow(ChainHead last, List<ChainedRecord> added) {
    ChainedRecord end = added.getLast();
    if (!last.equals(heads.get(end.chain()))) {
      return false;
    }
    appends++;
    records.addAll(added);
    heads.put(end.chain(), new ChainHead(end.sequence(), end.hash()));
    return true;
  }

  @Override
  public Uni<@Nullable ChainHead> head(UUID chain) {
    return answer(() -> heads.get(chain));
  }

  @Override
  public Uni<Void> checkpoint(UUID chain, ChainHead head, Instant time) {
    return Uni.createFrom().voidItem().onItem().delayIt().by(Duration.ofMillis(1));
  }

  @Override
  public Uni<List<ChainedRecord>> list(
      Caller reader, AuditQuery query, @Nullable AuditCursor before, int limit) {
    return Uni.createFrom()
        .deferred(
            () ->
                reading.add(reader)
                    ? Uni.createFrom()
                        .completionStage(queries.minimalCompletionStage())
                        .map(open -> listNow(query, before, limit))
                        .onTermination()
                        .invoke(() -> reading.remove(reader))
                    : Uni.createFrom().failure(new AuditFailure.Busy()));
  }

  private synchronized List<ChainedRecord> listNow(
      AuditQuery query, @Nullable AuditCursor before, int limit) {
    return records.stream()
        .filter(record -> matches(record.event(), query))
        .filter(record -> before == null || PLACES.compare(place(record), before) < 0)
        .sorted(Comparator.comparing(MemoryAuditStore::place, PLACES.reversed()))
        .limit(limit)
        .toList();
  }

  private static AuditCursor place(ChainedRecord record) {
    return new AuditCursor(record.event().time(), record.chain(), record.sequence());
  }

  private static boolean matches(AuditEvent event, AuditQuery query) {
    AuditEvent.Actor actor = event.actor();
    AuditEvent.Detail detail = event.detail();
    return query.tenant().equals(event.tenant())
        && !event.time().isBefore(query.from())
        && (query.until() == null || event.time().isBefore(query.until()))
        && (query.keystore() == null || query.keystore().equals(event.keystore()))
        && (query.caller() == null || (actor != null && query.caller().equals(actor.subject())))
        && (query.outcome() == null || query.outcome() == event.outcome())
        && (query.contextDigest() == null
            || Arrays.equals(query.contextDigest(), detail.contextDigest()))
        && detail.contextValues().entrySet().containsAll(query.contextValues().entrySet());
  }

  @Override
  public void abandon() {}
}
