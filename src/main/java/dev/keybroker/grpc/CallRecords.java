package dev.keybroker.grpc;

import dev.keybroker.access.AccessFailure;
import dev.keybroker.access.Target;
import dev.keybroker.audit.AuditConfig;
import dev.keybroker.audit.AuditEvent;
import dev.keybroker.audit.AuditMode;
import dev.keybroker.audit.AuditTrail;
import dev.keybroker.audit.CallFacts;
import dev.keybroker.audit.Outcome;
import dev.keybroker.audit.Place;
import dev.keybroker.concurrent.Soon;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.telemetry.Spans;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Clock;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Records every call, and every item of a batch, as granted, refused or failed.
///
/// The answer to a durable call is released once it is on record. If it cannot be recorded, the
/// answer is wiped if it can be closed. An answer that depends on a private KEK is released only
/// until that key's bound, which is checked last of all. Refusals and failures are answered at
/// once, since they reveal nothing.
///
/// A durable change has two records: its intent, committed before anything is changed, and its
/// outcome, which refers to the intent. So a broker that is killed in between leaves the intent,
/// and nothing is changed while records cannot be written.
@Singleton
class CallRecords {
  private final AuditConfig config;
  private final AuditTrail trail;
  private final Clock clock;
  private final Spans spans;
  private final List<String> loggableKeys;

  CallRecords(AuditConfig config, AuditTrail trail, Clock clock, Spans spans) {
    this.config = config;
    this.trail = trail;
    this.clock = clock;
    this.spans = spans;
    this.loggableKeys = List.copyOf(config.loggableContextKeys().orElse(List.of()));
  }

  /// Runs a call and records it. The receiver of the answer releases or withholds it.
  ///
  /// @param refusal returns why the call is not admitted; null if it is
  <T> Soon<Answer<T>> answer(
      CallOrigin origin,
      Rpc rpc,
      Target target,
      Function<CallFacts, @Nullable AccessFailure> refusal,
      Function<CallFacts, Soon<T>> work) {
    AuditMode mode = mode(rpc);
    return mode == AuditMode.OFF
        ? admitted(refusal, CallFacts.UNRECORDED, work).map(it -> new Answer<>(it, why -> {}))
        : new RecordedCall<T>(origin, rpc, target, mode).run(refusal, work);
  }

  private static <T> Soon<T> admitted(
      Function<CallFacts, @Nullable AccessFailure> refusal,
      CallFacts facts,
      Function<CallFacts, Soon<T>> work) {
    AccessFailure refused = refusal.apply(facts);
    if (refused != null) {
      throw refused;
    }
    return work.apply(facts);
  }

  /// Records that a call's request could not be read. Only the caller is known.
  void unreadable(CallOrigin origin, Rpc rpc, Reason reason) {
    if (mode(rpc) != AuditMode.OFF) {
      trail.submit(
          AuditEvent.ofUnreadable(
              clock.instant(),
              rpc.rpcName(),
              origin.caller(),
              origin.peer(),
              origin.trace().id(),
              reason.name()));
    }
  }

  private AuditMode mode(Rpc rpc) {
    return switch (rpc.permission()) {
      case DEK_WRAP, KEK_PUBLIC -> config.wraps();
      case DEK_UNWRAP, DEK_EXPORT -> config.unwraps();
      case DEK_REWRAP -> config.rewraps();
      case KEYSTORE_VIEW, KEYSTORE_EDIT, AUDIT_VIEW -> config.controlPlane();
    };
  }

  private final class RecordedCall<T> {
    private final CallOrigin origin;
    private final Rpc rpc;
    private final Target target;
    private final AuditMode mode;
    private final CallFacts facts = CallFacts.of(loggableKeys);

    /// The place of the intent's record; null if there is none.
    private volatile @Nullable Place intent;

    /// Set from the start of the intent's commit until it succeeds. If it never does, the intent's
    /// own record states the outcome of the call.
    private volatile boolean intending;

    RecordedCall(CallOrigin origin, Rpc rpc, Target target, AuditMode mode) {
      this.origin = origin;
      this.rpc = rpc;
      this.target = target;
      this.mode = mode;
    }

    Soon<Answer<T>> run(
        Function<CallFacts, @Nullable AccessFailure> refusal, Function<CallFacts, Soon<T>> work) {
      Soon<T> call;
      try {
        call =
            mode == AuditMode.DURABLE && rpc.changes()
                ? admitted(
                    refusal,
                    facts,
                    admitted ->
                        new Soon.Later<>(intended().chain(() -> work.apply(admitted).uni())))
                : admitted(refusal, facts, work);
      } catch (RuntimeException | Error e) {
        record(e);
        throw e;
      }
      return switch (call) {
        case Soon.Now<T>(T answer) -> granted(answer);
        case Soon.Later<T>(Uni<T> later) ->
            new Soon.Later<>(
                later
                    .onCancellation()
                    .invoke(() -> submit(event(Outcome.FAILED, AuditTrail.CANCELLED)))
                    .onFailure()
                    .invoke(this::record)
                    .chain(answer -> granted(answer).uni()));
      };
    }

    private Uni<Place> intended() {
      intending = true;
      return spans
          .around(Spans.AUDIT, origin.trace(), trail.intend(event(Outcome.INTENDED, null)))
          .invoke(
              place -> {
                intent = place;
                intending = false;
              });
    }

    private void submit(AuditEvent event) {
      if (!intending) {
        trail.submit(event, intent);
      }
    }

    private Soon<Answer<T>> granted(T answer) {
      AuditEvent event = event(Outcome.GRANTED, null);
      if (mode == AuditMode.ASYNC) {
        return new Soon.Now<>(new Answer<>(answer, onceReleased(event)));
      }
      return new Soon.Later<>(
          spans
              .around(Spans.AUDIT, origin.trace(), trail.commit(event, rpc.changes(), intent))
              .onTermination()
              .invoke(
                  (onRecord, failure, cancelled) -> {
                    if (onRecord == null) {
                      Answer.wipe(answer);
                    }
                  })
              .map(onRecord -> new Answer<>(answer, onRecord::withhold)));
    }

    /// Nobody waits for this record, so it is written when the outcome is known.
    private Answer.Fate onceReleased(AuditEvent granted) {
      return new Answer.Fate() {
        @Override
        public void released() {
          submit(granted);
        }

        @Override
        public void withheld(String reason) {
          submit(event(Outcome.FAILED, reason));
        }
      };
    }

    private void record(Throwable failure) {
      if (failure instanceof KmsFailure kms) {
        facts.kmsRequestId(kms.recordedRequestId());
      }
      Reason reason = FailureStatus.of(failure).reason();
      submit(event(outcome(reason), reason.name()));
    }

    private AuditEvent event(Outcome outcome, @Nullable String reason) {
      return AuditEvent.of(
          clock.instant(),
          rpc.rpcName(),
          origin.caller(),
          target,
          facts,
          origin.peer(),
          origin.trace().id(),
          outcome,
          reason);
    }
  }

  private static Outcome outcome(Reason reason) {
    return switch (reason.code()) {
      case UNAVAILABLE, INTERNAL -> Outcome.FAILED;
      case RESOURCE_EXHAUSTED ->
          switch (reason) {
            case RATE_LIMITED, IN_FLIGHT_LIMITED -> Outcome.REFUSED;
            default -> Outcome.FAILED;
          };
      default -> Outcome.REFUSED;
    };
  }
}
