package dev.keybroker.kek;

import dev.keybroker.kms.KmsFailure;
import io.smallrye.mutiny.Uni;
import java.time.Instant;
import java.time.InstantSource;

/// Tells an observer how root keys answer.
public final class ObservedPrivateKeks implements PrivateKeks {
  private final PrivateKeks privateKeks;
  private final RootKeyObserver observer;
  private final InstantSource clock;

  public ObservedPrivateKeks(
      PrivateKeks privateKeks, RootKeyObserver observer, InstantSource clock) {
    this.privateKeks = privateKeks;
    this.observer = observer;
    this.clock = clock;
  }

  @Override
  public Uni<PrivateKek> privateKek(Kek kek) {
    return Uni.createFrom()
        .deferred(
            () -> {
              Instant begun = clock.instant();
              return privateKeks
                  .privateKek(kek)
                  .onFailure(KmsFailure.class)
                  .invoke(failure -> observer.failed(kek, (KmsFailure) failure))
                  .invoke(
                      privateKek -> {
                        if (privateKek.requestId() != null) {
                          observer.succeeded(kek, begun);
                        }
                      });
            });
  }

  @Override
  public void used(Kek kek) {
    privateKeks.used(kek);
  }
}
