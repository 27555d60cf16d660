package dev.keybroker.audit;

import io.smallrye.mutiny.subscription.UniEmitter;
import java.time.Instant;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// An event that is not in the chain yet, and the call that waits for it.
///
/// Its fate is decided exactly once: the answer is either released or given up. So a late commit
/// never releases an answer that was given up, and vice versa.
final class PendingRecord {
  private static final String RELEASED = "";

  private final AuditEvent event;
  private final boolean effective;
  private final @Nullable UniEmitter<? super PendingRecord> waiting;
  private final Executor caller;
  private final long submitted;

  /// The position of the record that this one refers to.
  private @Nullable Place referred;

  /// The position at which it was committed.
  private volatile @Nullable Place place;

  private volatile boolean taken;

  /// Null until it is decided; then [#RELEASED], or the reason why it was given up.
  private final AtomicReference<@Nullable String> fate = new AtomicReference<>();

  private PendingRecord(
      AuditEvent event,
      boolean effective,
      @Nullable UniEmitter<? super PendingRecord> waiting,
      Executor caller,
      long submitted) {
    this.event = event;
    this.effective = effective;
    this.waiting = waiting;
    this.caller = caller;
    this.submitted = submitted;
  }

  /// Creates the record of a call that was already answered.
  static PendingRecord answered(AuditEvent event, long now) {
    return new PendingRecord(event, true, null, Runnable::run, now);
  }

  /// Creates the record of a call whose answer waits.
  ///
  /// @param effective whether the call's effect stays if the answer is given up
  /// @param caller the thread on which the call goes on
  static PendingRecord waiting(
      AuditEvent event,
      boolean effective,
      UniEmitter<? super PendingRecord> waiting,
      Executor caller,
      long now) {
    return new PendingRecord(event, effective, waiting, caller, now);
  }

  /// Refers to another record, if both end up in one chain. Call before submission.
  PendingRecord referringTo(@Nullable Place place) {
    referred = place;
    return this;
  }

  boolean isAwaited() {
    return waiting != null;
  }

  /// The thread on which the call goes on.
  Executor caller() {
    return caller;
  }

  /// Nano time at which it arrived.
  long submitted() {
    return submitted;
  }

  boolean isDecided() {
    return fate.get() != null;
  }

  /// The event to record, according to the current decision.
  AuditEvent event() {
    String reason = fate.get();
    return reason == null || reason.equals(RELEASED) || effective ? event : event.failed(reason);
  }

  /// The event to record in this chain, according to the current decision.
  AuditEvent event(UUID chain) {
    AuditEvent now = event();
    return referred == null
        ? now
        : now.referringTo(referred.chain().equals(chain) ? referred.sequence() : 0);
  }

  void committed(Place at) {
    place = at;
  }

  /// The position at which it was committed. Call only after the commit.
  Place place() {
    return Objects.requireNonNull(place);
  }

  /// The waiting call has the answer.
  void take() {
    taken = true;
  }

  boolean isTaken() {
    return taken || waiting == null;
  }

  /// Revokes the decision of [#release()]. Returns the correction to record; null if none is needed
  /// or it was already made.
  @Nullable PendingRecord withhold(Instant time, String reason, long now) {
    return !effective && fate.compareAndSet(RELEASED, reason)
        ? answered(event.withheld(time, place().sequence(), reason), now).referringTo(place())
        : null;
  }

  /// Decides to release the answer. Returns false if it was already given up.
  boolean release() {
    return fate.compareAndSet(null, RELEASED) || RELEASED.equals(fate.get());
  }

  /// Delivers the answer. Call only after [#release()].
  void complete() {
    if (waiting != null) {
      waiting.complete(this);
    }
  }

  /// Decides to give up the answer. Returns false if it was already decided.
  boolean giveUp(String reason) {
    return fate.compareAndSet(null, reason);
  }

  /// Fails the waiting call. Call only after [#giveUp(String)].
  void fail() {
    if (waiting != null) {
      waiting.fail(new AuditFailure.NotCommitted());
    }
  }

  /// The reason why the answer was not released although a record says granted or intended; null if
  /// record and answer agree.
  @Nullable String withheldAlthough(AuditEvent recorded) {
    String reason = fate.get();
    boolean promised =
        recorded.outcome() == Outcome.GRANTED || recorded.outcome() == Outcome.INTENDED;
    return effective || !promised || reason == null || reason.equals(RELEASED) ? null : reason;
  }
}
