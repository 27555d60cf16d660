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

/// The credentials of one tenant's role, for all regions: one session after the other, one
/// AssumeRole at a time however many calls wait for it.
///
/// The next session is fetched ahead while calls go on under the present one, and a failure to do
/// so costs nothing before that one's end. Where there is no session, a failed AssumeRole answers
/// for the retry delay.
final class RoleCredentials implements Credentials {
  /// A failed fetch ahead waits for this part of what is left of the session: seldom at first,
  /// often towards the end.
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
    // A copy: the others go on waiting where this one gives up.
    return answer
        .copy()
        .orTimeout(deadline.left().toNanos(), TimeUnit.NANOSECONDS)
        .handle(AwsFailures.orFailure(RoleSessions.ASSUME_ROLE));
  }

  private CompletableFuture<AwsCredentialsIdentity> get() {
    CompletableFuture<AwsCredentialsIdentity> answer;
    CompletableFuture<AwsCredentialsIdentity> begun = null;
    synchronized (this) {
      Instant now = clock.instant();
      boolean mayAsk = pending == null && !now.isBefore(notBefore);
      if (session != null && !session.isOver(now)) {
        answer = CompletableFuture.completedFuture(session.credentials());
        if (session.isEnding(now) && mayAsk) {
          begun = new CompletableFuture<>();
        }
      } else if (pending != null) {
        answer = pending;
      } else if (failure != null && !mayAsk) {
        answer = CompletableFuture.failedFuture(failure);
      } else {
        begun = new CompletableFuture<>();
        answer = begun;
      }
      if (begun != null) {
        pending = begun;
      }
    }
    if (begun != null) {
      begin(begun);
    }
    return answer;
  }

  /// Assumes the role whatever credentials are at hand. Its success renews them.
  CompletableFuture<Void> renew() {
    return assumeRole.get().thenAccept(this::use);
  }

  @Override
  public synchronized boolean drop(AwsCredentialsIdentity expired) {
    if (session == null || session.credentials() != expired) {
      return true;
    }
    if (clock.instant().isBefore(session.begin().plus(retryDelay))) {
      // New ones are no better: the clocks of AWS and STS disagree, or the answer is wrong.
      return false;
    }
    session = null;
    notBefore = Instant.MIN;
    return true;
  }

  private void begin(CompletableFuture<AwsCredentialsIdentity> begun) {
    var unused =
        assumeRole
            .get()
            .whenComplete(
                (fresh, trouble) -> {
                  if (trouble == null) {
                    use(fresh);
                    end(begun);
                    begun.complete(fresh.credentials());
                  } else {
                    KmsFailure refused = AwsFailures.of(RoleSessions.ASSUME_ROLE, trouble);
                    failed(refused);
                    end(begun);
                    begun.completeExceptionally(refused);
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

  private synchronized void end(CompletableFuture<AwsCredentialsIdentity> begun) {
    if (pending == begun) {
      pending = null;
    }
  }
}
