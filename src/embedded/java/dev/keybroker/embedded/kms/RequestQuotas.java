package dev.keybroker.embedded.kms;

import dev.keybroker.policy.Requester;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.Map;
import java.util.OptionalInt;

/// The request quotas of AWS: so many calls a second for each account and region, charged to the
/// caller's account. Off until turned on. Thread-safe.
///
/// Each quota is a bucket that holds one second's calls and fills at its rate.
final class RequestQuotas {

  private final InstantSource clock;
  private final Map<String, Bucket> buckets = new HashMap<>();
  private volatile boolean enforced;

  private record Bucket(double calls, Instant at) {}

  RequestQuotas(InstantSource clock) {
    this.clock = clock;
  }

  void enforce(boolean on) {
    enforced = on;
  }

  /// Takes one call out of the quota.
  ///
  /// @param quota the quota's name
  /// @return whether there was one left
  boolean take(Requester caller, String region, String quota) {
    OptionalInt perSecond = QuotaTable.perSecond(quota, region);
    if (!enforced || perSecond.isEmpty()) {
      return true;
    }
    int rate = perSecond.getAsInt();
    String name = String.join(" ", caller.account(), region, quota);
    synchronized (buckets) {
      Instant now = clock.instant();
      Bucket bucket = buckets.getOrDefault(name, new Bucket(rate, now));
      double seconds = Duration.between(bucket.at(), now).toNanos() / 1e9;
      double calls = Math.min(rate, bucket.calls() + seconds * rate);
      boolean left = calls >= 1;
      buckets.put(name, new Bucket(left ? calls - 1 : calls, now));
      return left;
    }
  }
}
