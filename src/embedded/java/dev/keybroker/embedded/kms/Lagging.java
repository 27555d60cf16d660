package dev.keybroker.embedded.kms;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/// Values whose changes are seen late, as changes of policies, aliases and grants are in AWS.
/// Thread-safe.
final class Lagging<T> {

  private final InstantSource clock;
  private final Supplier<Duration> delay;
  private final ConcurrentMap<String, List<Past<T>>> pasts = new ConcurrentHashMap<>();

  /// A value that is still seen until a time; null if there was none.
  private record Past<T>(Instant until, @Nullable T value) {}

  Lagging(InstantSource clock, Supplier<Duration> delay) {
    this.clock = clock;
    this.delay = delay;
  }

  /// Records that the value of `subject` changes now, and what it was.
  void change(String subject, @Nullable T before) {
    Duration late = delay.get();
    if (late.isPositive()) {
      Past<T> past = new Past<>(clock.instant().plus(late), before);
      pasts.merge(
          subject,
          List.of(past),
          (known, more) -> Stream.concat(known.stream(), more.stream()).toList());
    }
  }

  /// The value of `subject` as it is seen, where `now` is what it is.
  @Nullable T seen(String subject, @Nullable T now) {
    List<Past<T>> known = pasts.get(subject);
    if (known == null) {
      return now;
    }
    Instant time = clock.instant();
    for (Past<T> past : known) {
      if (time.isBefore(past.until())) {
        return past.value();
      }
    }
    pasts.remove(subject, known);
    return now;
  }
}
