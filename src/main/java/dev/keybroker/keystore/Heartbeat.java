package dev.keybroker.keystore;

import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.Cancellable;
import java.time.Duration;
import java.util.function.Supplier;

/// Renews a lease while its work is under way. So leases can be short: after a broker dies, the
/// others wait no longer than one lease.
public final class Heartbeat {
  private Heartbeat() {}

  /// Runs the work and renews its lease meanwhile. If a renewal fails, the next one makes up for
  /// it.
  public static <T> Uni<T> during(Uni<T> work, Duration every, Supplier<Uni<Void>> renewal) {
    return Uni.createFrom()
        .deferred(
            () -> {
              Cancellable beats =
                  Multi.createFrom()
                      .ticks()
                      .startingAfter(every)
                      .every(every)
                      .onOverflow()
                      .drop()
                      .onItem()
                      .transformToUniAndConcatenate(
                          tick ->
                              Uni.createFrom().deferred(renewal::get).onFailure().recoverWithNull())
                      .subscribe()
                      .with(beat -> {}, failure -> {});
              return work.onTermination().invoke(beats::cancel);
            });
  }
}
