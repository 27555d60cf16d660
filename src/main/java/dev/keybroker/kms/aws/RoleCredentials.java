package dev.keybroker.kms.aws;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.keybroker.kms.KmsFailure;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;

/// The credentials of one tenant's role, for all regions. Sessions follow one another, and only one
/// AssumeRole is under way at a time, however many calls wait for it.
///
/// The next session is fetched ahead while calls use the present one. A failure to fetch it has no
/// effect before the present session ends. If there is no session, a failed AssumeRole is the
/// answer to all calls for the retry delay.
///
/// It does not use [dev.keybroker.concurrent.SingleFlight], because a call must choose between the
/// session, the failure and a new attempt in the same step in which it joins the attempt.
final class RoleCredentials implements Credentials {
  /// After a failed fetch ahead, the next one waits for the session's remaining time divided by
  /// this: attempts are rare at first and frequent towards the end.
  private static final int AHEAD_RETRY_PART = 8;

  private final Supplier<CompletableFuture<RoleSession>> assumeRole;
  private final Duration retryDelay;
  private final InstantSource clock;

  @GuardedBy("this")
  private @Nullable RoleSession session;

  @GuardedBy("this")
  private @Nullable CompletableFuture<AwsCredentialsIdentity> pending;

  @GuardedBy("this")
  private @Nullable KmsFailure failure;

  @GuardedBy("this")
  private Instant notBefore = Instant.MIN;

  RoleCredentials(
      Supplier<CompletableFuture<RoleSession>> assumeRole,
      Duration retryDelay,
      InstantSource clock) {
    this.assumeRole = assumeRole;
    this.retryDelay = retryDelay;
    this.clock = clock;
  }

  @Override
  public CompletableFuture<AwsCredentialsIdentity> get(String action, CallDeadline deadline) {
    CompletableFuture<AwsCredentialsIdentity> answer = get();
    if (answer.isDone()) {
      return answer;
    }
    // A copy, so that the others keep waiting if this caller gives up.
    return answer
        .copy()
        .orTimeout(deadline.left().toNanos(), TimeUnit.NANOSECONDS)
        .handle(AwsFailures.orFailure(RoleSessions.ASSUME_ROLE));
  }

  private CompletableFuture<AwsCredentialsIdentity> get() {
    CompletableFuture<AwsCredentialsIdentity> answer;
    CompletableFuture<AwsCredentialsIdentity> started = null;
    synchronized (this) {
      Instant now = clock.instant();
      boolean mayAsk = pending == null && !now.isBefore(notBefore);
      if (session != null && !session.isOver(now)) {
        answer = CompletableFuture.completedFuture(session.credentials());
        if (session.isEnding(now) && mayAsk) {
          started = new CompletableFuture<>();
        }
      } else if (pending != null) {
        answer = pending;
      } else if (failure != null && !mayAsk) {
        answer = CompletableFuture.failedFuture(failure);
      } else {
        started = new CompletableFuture<>();
        answer = started;
      }
      if (started != null) {
        pending = started;
      }
    }
    if (started != null) {
      begin(started);
    }
    return answer;
  }

  /// Assumes the role even if there are credentials. Success renews them.
  CompletableFuture<Void> renew() {
    return assumeRole.get().thenAccept(this::use);
  }

  @Override
  public synchronized boolean drop(AwsCredentialsIdentity expired) {
    if (session == null || session.credentials() != expired) {
      return true;
    }
    if (clock.instant().isBefore(session.begin().plus(retryDelay))) {
      // New credentials would not help: the clocks of AWS and STS disagree, or the answer is wrong.
      return false;
    }
    session = null;
    notBefore = Instant.MIN;
    return true;
  }

  private void begin(CompletableFuture<AwsCredentialsIdentity> started) {
    var unused =
        assumeRole
            .get()
            .whenComplete(
                (fresh, trouble) -> {
                  if (trouble == null) {
                    use(fresh);
                    end(started);
                    started.complete(fresh.credentials());
                  } else {
                    KmsFailure refused = AwsFailures.of(RoleSessions.ASSUME_ROLE, trouble);
                    failed(refused);
                    end(started);
                    started.completeExceptionally(refused);
                  }
                });
  }

  private synchronized void use(RoleSession fresh) {
    session = fresh;
    failure = null;
    notBefore = Instant.MIN;
  }

  private synchronized void failed(KmsFailure refused) {
    Instant now = clock.instant();
    Duration delay = retryDelay;
    if (session != null && !session.isOver(now)) {
      Duration part = Duration.between(now, session.end()).dividedBy(AHEAD_RETRY_PART);
      delay = part.compareTo(retryDelay) > 0 ? part : retryDelay;
    }
    failure = refused;
    notBefore = now.plus(delay);
  }

  private synchronized void end(CompletableFuture<AwsCredentialsIdentity> started) {
    if (pending == started) {
      pending = null;
    }
  }
}
