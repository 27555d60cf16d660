package dev.keybroker.kek;

import io.smallrye.mutiny.Uni;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/// A tier that answers what the test says, when it says so, and counts how often it is asked.
final class ScriptedTier implements KekTier {
  private final AtomicInteger reads = new AtomicInteger();
  private Supplier<Uni<ActiveKek>> active = () -> failed(new IllegalStateException("no script"));
  private Supplier<Uni<Kek>> kek = () -> failed(new IllegalStateException("no script"));

  private static <T> Uni<T> failed(Throwable failure) {
    return Uni.createFrom().failure(failure);
  }

  int reads() {
    return reads.get();
  }

  void answer(ActiveKek answer) {
    active = () -> Uni.createFrom().item(answer);
  }

  void answer(Kek answer) {
    kek = () -> Uni.createFrom().item(answer);
  }

  void fail(Throwable failure) {
    active = () -> failed(failure);
    kek = () -> failed(failure);
  }

  /// Throws instead of answering with a failure.
  void breakDown(RuntimeException failure) {
    active =
        () -> {
          throw failure;
        };
  }

  /// Later reads wait for the test's answer.
  CompletableFuture<ActiveKek> hold() {
    CompletableFuture<ActiveKek> held = new CompletableFuture<>();
    answerLater(held);
    return held;
  }

  void answerLater(CompletableFuture<ActiveKek> answer) {
    active = () -> Uni.createFrom().completionStage(answer);
  }

  /// Later reads of KEKs to unwrap with wait for the test's answer.
  CompletableFuture<Kek> holdKek() {
    CompletableFuture<Kek> held = new CompletableFuture<>();
    kek = () -> Uni.createFrom().completionStage(held);
    return held;
  }

  @Override
  public Uni<ActiveKek> active(KeystoreName keystore) {
    reads.incrementAndGet();
    return active.get();
  }

  @Override
  public Uni<Kek> kek(UUID id) {
    reads.incrementAndGet();
    return kek.get();
  }
}
