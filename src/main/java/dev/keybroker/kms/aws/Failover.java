package dev.keybroker.kms.aws;

import dev.keybroker.kms.Hints;
import dev.keybroker.kms.KeyOperation;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.KmsKey;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/// Makes each KMS call in an allowed region: the key's own region, or that of another replica of a
/// multi-Region key while the key's own region does not answer or is not allowed.
///
/// A refusal is an answer, so a refused use is not tried in another region. The exception: if a
/// replica refuses that was asked in place of the key's own region, the key's own region decides.
final class Failover {
  private final Replicas replicas;
  private final Outages outages;
  private final RefusedUses refusals;
  private final MeterRegistry registry;

  Failover(Replicas replicas, Outages outages, RefusedUses refusals, MeterRegistry registry) {
    this.replicas = replicas;
    this.outages = outages;
    this.refusals = refusals;
    this.registry = registry;
    for (String region : replicas.allowedRegions()) {
      failovers(region, 0);
    }
  }

  /// A call of one replica.
  interface Attempt<A> {
    CompletableFuture<A> at(KmsArn replica, CallDeadline deadline);
  }

  /// Makes the call in the first region that answers. Fails with [KmsFailure].
  ///
  /// @param deadline the time for all attempts together; each except the last gets half of what is
  ///     left
  <A> CompletableFuture<A> call(
      KeyOperation call, CallDeadline deadline, Attempt<A> attempt, Replicas.Describe describe) {
    return new Call<>(call, deadline, attempt, describe).run();
  }

  private void failovers(String from, int number) {
    registry.counter(Metrics.KMS_FAILOVERS, Metrics.REGION, from).increment(number);
  }

  private final class Call<A> {
    private final KeyOperation call;
    private final KmsKey key;
    private final KmsArn own;
    private final List<KmsArn> allowed;
    private final boolean ownIsAllowed;
    private final CallDeadline deadline;
    private final Attempt<A> attempt;
    private final Replicas.Describe describe;

    Call(KeyOperation call, CallDeadline deadline, Attempt<A> attempt, Replicas.Describe describe) {
      this.call = call;
      this.key = call.use().key();
      this.own = key.arn();
      this.allowed =
          switch (call.operation()) {
            // A grant is one region's, and so is the call that uses two keys.
            case CREATE_GRANT, RETIRE_GRANT, RE_ENCRYPT ->
                replicas.of(own).stream().filter(own::equals).toList();
            default -> replicas.of(own);
          };
      this.ownIsAllowed = allowed.contains(own);
      this.deadline = deadline;
      this.attempt = attempt;
      this.describe = describe;
    }

    CompletableFuture<A> run() {
      if (allowed.equals(List.of(own))) {
        return attempt.at(own, deadline);
      }
      boolean isHeld = ownIsAllowed && refusals.isRefused(call.use());
      return next(
          isHeld ? List.of(own) : outages.answeringFirst(allowed, KmsArn::region),
          ownIsAllowed ? null : notAllowed());
    }

    /// @param before the failure so far; not null if there is nothing to ask
    private CompletableFuture<A> next(List<KmsArn> order, @Nullable KmsFailure before) {
      if (order.isEmpty()) {
        return CompletableFuture.failedFuture(Objects.requireNonNull(before));
      }
      return order.getFirst().equals(own)
          ? ask(order, before)
          : replicas
              .existing(key, order, describe)
              .thenCompose(there -> there.isEmpty() ? next(there, before) : ask(there, before));
    }

    private CompletableFuture<A> ask(List<KmsArn> order, @Nullable KmsFailure before) {
      KmsArn replica = order.getFirst();
      List<KmsArn> others = order.subList(1, order.size());
      KeyOperation here = new KeyOperation(call.use().of(replica), call.operation());
      return attempt
          .at(replica, others.isEmpty() ? deadline : deadline.half())
          .whenComplete(
              (answer, trouble) -> {
                if (trouble == null) {
                  succeeded(here);
                }
              })
          .exceptionallyCompose(
              trouble -> {
                KmsFailure failure = AwsFailures.of(call.operation().action(), trouble);
                if (AwsFailures.isDryRun(failure)) {
                  succeeded(here);
                  return CompletableFuture.failedFuture(failure);
                }
                return failed(here, failure, others, before);
              });
    }

    private void succeeded(KeyOperation here) {
      outages.answered(here.use().key().arn().region());
      refusals.answered(here, null);
    }

    private CompletableFuture<A> failed(
        KeyOperation here, KmsFailure failure, List<KmsArn> others, @Nullable KmsFailure before) {
      KmsArn replica = here.use().key().arn();
      boolean isDown = AwsFailures.isOutage(failure);
      if (isDown) {
        outages.failed(replica.region(), failure);
      } else if (failure.kind() != KmsFailure.Kind.UNREACHABLE) {
        outages.answered(replica.region());
        refusals.answered(here, failure);
      }
      boolean isHeld = isDown && refusals.isRefused(here.use());
      List<KmsArn> rest = isDown && !isHeld ? others : others.stream().filter(own::equals).toList();
      if (isDown && !rest.isEmpty()) {
        failovers(replica.region(), 1);
      }
      KmsFailure explained =
          isHeld ? with(failure, " (no other region is asked: the use was refused here)") : failure;
      return next(rest, together(before, replica, explained));
    }

    /// Returns the failure of the key's own region, or otherwise the last one, with what the others
    /// reported.
    private KmsFailure together(@Nullable KmsFailure before, KmsArn replica, KmsFailure failure) {
      KmsFailure placed = replica.equals(own) ? failure : with(failure, " (%s)".formatted(replica));
      if (before == null) {
        return placed;
      }
      boolean isMain =
          replica.equals(own) || (!ownIsAllowed && failure.kind() != KmsFailure.Kind.KEY_NOT_FOUND);
      KmsFailure main = isMain ? placed : before;
      KmsFailure other = isMain ? before : placed;
      return with(main, "; %s: %s".formatted(other.code(), other.detail()));
    }

    private static KmsFailure with(KmsFailure failure, String more) {
      return new KmsFailure(
          failure.kind(),
          failure.action(),
          failure.code(),
          failure.detail() + more,
          failure.requestId());
    }

    private KmsFailure notAllowed() {
      return new KmsFailure(
          KmsFailure.Kind.KEY_UNUSABLE,
          call.operation().action(),
          KmsFailure.REGION_NOT_ALLOWED,
          Hints.regionNotAllowed(own, replicas.allowedRegions()).text(),
          null);
    }
  }
}
