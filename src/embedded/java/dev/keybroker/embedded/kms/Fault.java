package dev.keybroker.embedded.kms;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// A rule that makes matching calls fail or wait. A criterion that is null matches every call.
///
/// A fault strikes after the caller is known and before the operation is carried out: a call that a
/// fault answers changes nothing.
///
/// @param region the region whose endpoint is called, of whatever service
/// @param account the account that owns the key or the role called; for calls on neither, the
///     caller's account
/// @param resource the ARN of the key (however the request names it), or of the role
/// @param operation such as `Decrypt` or `AssumeRole`; `*` and `?` match as in IAM
/// @param caller the caller's ARN, as GetCallerIdentity returns it; `*` and `?` match as in IAM
/// @param latency how long a matching call waits before anything else happens to it
/// @param probability the share of the matching calls that are struck, from 0 to 1
/// @param abovePerSecond only matching calls beyond so many within one second are struck; 0 strikes
///     from the first on
/// @param times how many calls are struck before the rule is spent; 0 has no end
public record Fault(
    Kind kind,
    @Nullable String region,
    @Nullable String account,
    @Nullable String resource,
    @Nullable String operation,
    @Nullable String caller,
    Duration latency,
    double probability,
    int abovePerSecond,
    long times) {

  /// What a fault does to a call.
  public enum Kind {
    /// Waits for [#latency], then continues as usual.
    LATENCY,
    /// ThrottlingException (STS: Throttling), status 400.
    THROTTLING,
    /// KMSInternalException (STS: InternalFailure), status 500.
    INTERNAL_ERROR,
    /// DependencyTimeoutException (STS: InternalFailure), status 500.
    DEPENDENCY_TIMEOUT,
    /// ServiceUnavailable, status 503.
    UNAVAILABLE,
    /// AccessDeniedException (STS: AccessDenied) as an explicit deny of the resource's policy.
    ACCESS_DENIED,
    /// The connection is dropped without an answer.
    CONNECTION_RESET,
    /// No answer until the rule is removed; then the connection is dropped.
    HANG,
    /// Status 200 with a body that is not of the protocol.
    GARBAGE
  }

  public Fault {
    if (!(probability >= 0 && probability <= 1)) {
      throw new IllegalArgumentException("probability must be from 0 to 1");
    }
    if (abovePerSecond < 0 || times < 0 || latency.isNegative()) {
      throw new IllegalArgumentException("latency, abovePerSecond and times cannot be negative");
    }
  }

  /// A fault that strikes every call.
  public static Fault of(Kind kind) {
    return new Fault(kind, null, null, null, null, null, Duration.ZERO, 1, 0, 0);
  }

  public static Fault latency(Duration latency) {
    return of(Kind.LATENCY).after(latency);
  }

  /// Strikes calls of the endpoints of one region only, KMS and STS alike.
  public Fault onRegion(String newRegion) {
    return new Fault(
        kind,
        newRegion,
        account,
        resource,
        operation,
        caller,
        latency,
        probability,
        abovePerSecond,
        times);
  }

  public Fault onAccount(String newAccount) {
    return new Fault(
        kind,
        region,
        newAccount,
        resource,
        operation,
        caller,
        latency,
        probability,
        abovePerSecond,
        times);
  }

  /// Strikes calls on this key or role only.
  public Fault onResource(String arn) {
    return new Fault(
        kind, region, account, arn, operation, caller, latency, probability, abovePerSecond, times);
  }

  public Fault onOperation(String newOperation) {
    return new Fault(
        kind,
        region,
        account,
        resource,
        newOperation,
        caller,
        latency,
        probability,
        abovePerSecond,
        times);
  }

  public Fault onCaller(String arn) {
    return new Fault(
        kind,
        region,
        account,
        resource,
        operation,
        arn,
        latency,
        probability,
        abovePerSecond,
        times);
  }

  /// Makes the call wait before the fault strikes.
  public Fault after(Duration newLatency) {
    return new Fault(
        kind,
        region,
        account,
        resource,
        operation,
        caller,
        newLatency,
        probability,
        abovePerSecond,
        times);
  }

  public Fault withProbability(double share) {
    return new Fault(
        kind, region, account, resource, operation, caller, latency, share, abovePerSecond, times);
  }

  public Fault abovePerSecond(int calls) {
    return new Fault(
        kind, region, account, resource, operation, caller, latency, probability, calls, times);
  }

  public Fault times(long calls) {
    return new Fault(
        kind,
        region,
        account,
        resource,
        operation,
        caller,
        latency,
        probability,
        abovePerSecond,
        calls);
  }
}
