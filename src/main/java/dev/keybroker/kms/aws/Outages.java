package dev.keybroker.kms.aws;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.kms.KmsFailure;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import org.jboss.logging.Logger;

/// The regions in which one service of AWS does not answer. Thread-safe.
///
/// For the retry time after a failure, a region is asked last. Then one caller asks it first again,
/// while the others wait for the result.
final class Outages {
  private static final Logger LOG = Logger.getLogger(Outages.class);

  private final String service;
  private final long retry;
  private final Ticker ticker;
  private final ConcurrentHashMap<String, Long> avoidedUntil = new ConcurrentHashMap<>();

  Outages(String service, Duration retry, Ticker ticker) {
    this.service = service;
    this.retry = retry.toNanos();
    this.ticker = ticker;
  }

  void failed(String region, KmsFailure failure) {
    if (avoidedUntil.put(region, ticker.read() + retry) == null) {
      LOG.warnf("%s of %s does not answer: %s", service, region, failure);
    }
  }

  void answered(String region) {
    if (avoidedUntil.remove(region) != null) {
      LOG.infof("%s of %s answers again", service, region);
    }
  }

  /// Returns the places whose regions answer before the others, otherwise in the given order.
  <T> List<T> answeringFirst(List<T> places, Function<T, String> region) {
    if (avoidedUntil.isEmpty()) {
      return places;
    }
    Map<T, Boolean> avoided = new HashMap<>();
    places.forEach(place -> avoided.put(place, isAvoided(region.apply(place))));
    return places.stream().sorted(Comparator.comparing(avoided::get)).toList();
  }

  private boolean isAvoided(String region) {
    Long until = avoidedUntil.get(region);
    if (until == null) {
      return false;
    }
    long now = ticker.read();
    return now - until < 0 || !avoidedUntil.replace(region, until, now + retry);
  }
}
