package dev.keybroker.audit;

import io.smallrye.mutiny.subscription.UniEmitter;
import java.time.Instant;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// An event on its way into the chain, and whoever waits for it.
///
/// Its fate is decided once: either the answer is released, or it is given up. So an answer that
/// was given up is never released by a commit that comes through late, and the other way round.
final class PendingRecord {
  private static final String RELEASED = "";

  private final AuditEvent event;
  private final boolean effective;
  private final @Nullable UniEmitter<? super PendingRecord> waiting;
  private final long submitted;

  /// The record that this one refers to.
  private @Nullable Place referred;

  /// Where it was committed.
  private volatile @Nullable Place place;

  private volatile boolean taken;

  /// Null until it is decided; then [#RELEASED], or why it was given up.
  private final AtomicReference<@Nullable String> fate = new AtomicReference<>();

  private PendingRecord(
      AuditEvent event,
      boolean effective,
      @Nullable UniEmitter<? super PendingRecord> waiting,
      long submitted) {
    this.event = event;
    this.effective = effective;
    this.waiting = waiting;
    this.submitted = submitted;
  }

  /// Of a call that was answered already.
  static PendingRecord answered(AuditEvent event, long now) {
    return new PendingRecord(event, true, null, now);
  }

  /// Of a call whose answer waits.
  ///
  /// @param effective whether what the call did stays done where the answer is given up
  static PendingRecord waiting(
      AuditEvent event, boolean effective, UniEmitter<? super PendingRecord> waiting, long now) {
    return new PendingRecord(event, effective, waiting, now);
  }

  /// Refers to another record, as long as both are in one chain. Before it is submitted.
  PendingRecord referringTo(@Nullable Place place) {
    referred = place;
    return this;
  }

  boolean isAwaited() {
    return waiting != null;
  }

  /// Nano time at which it came.
  long submitted() {
    return submitted;
  }

  boolean isDecided() {
    return fate.get() != null;
  }

  /// What is to be recorded, as things stand.
  AuditEvent event() {
    String reason = fate.get();
    return reason == null || reason.equals(RELEASED) || effective ? event : event.failed(reason);
  }

  /// What is to be recorded in this chain, as things stand.
  AuditEvent event(UUID chain) {
    AuditEvent now = event();
    return referred == null
        ? now
        : now.referringTo(referred.chain().equals(chain) ? referred.sequence() : 0);
  }

  void committed(Place at) {
    place = at;
  }

  /// Where it was committed; only after that.
  Place place() {
    return Objects.requireNonNull(place);
  }

  /// Whoever waited has the answer.
  void take() {
    taken = true;
  }

  boolean isTaken() {
    return taken || waiting == null;
  }

  /// Takes back what [#release()] decided. The correction to put on record; null where there is
  /// none to make, or it was made before.
  @Nullable PendingRecord withhold(Instant time, String reason, long now) {
    return !effective && fate.compareAndSet(RELEASED, reason)
        ? answered(event.withheld(time, place().sequence(), reason), now).referringTo(place())
        : null;
  }

  /// Decides for the answer. False where it was given up before.
  boolean release() {
    return fate.compareAndSet(null, RELEASED) || RELEASED.equals(fate.get());
  }

  /// Lets the answer go; only after [#release()].
  void complete() {
    if (waiting != null) {
      waiting.complete(this);
    }
  }

  /// Decides against the answer. False where it was decided before.
  boolean giveUp(String reason) {
    return fate.compareAndSet(null, reason);
  }

  /// Tells whoever waits that there is no answer; only after [#giveUp(String)].
  void fail() {
    if (waiting != null) {
      waiting.fail(new AuditFailure.NotCommitted());
    }
  }

  /// Why the answer was not released although a record says that it was granted, or intended; null
  /// where record and answer agree.
  @Nullable String withheldAlthough(AuditEvent recorded) {
    String reason = fate.get();
    boolean promised =
        recorded.outcome() == Outcome.GRANTED || recorded.outcome() == Outcome.INTENDED;
    return effective || !promised || reason == null || reason.equals(RELEASED) ? null : reason;
  }
}
