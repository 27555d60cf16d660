package dev.keybroker.keystore;

import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.smallrye.mutiny.subscription.Cancellable;
import java.time.Duration;
import java.util.function.Supplier;

/// Prolongs a lease while the work that it is for goes on, so that a lease can be short: once a
/// broker dies, the others wait no longer than that.
public final class Heartbeat {
  private Heartbeat() {}

  /// The work. A renewal that fails is left to the next one.
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
