package dev.keybroker.kek;

import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.KmsFailure;
import io.smallrye.mutiny.Uni;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Keeps in a list what was recorded on keystores, unless it is told to fail. Thread-safe.
public final class RecordedAnswers implements RootKeyObserver {
  private final List<String> recorded = new ArrayList<>();
  private boolean fails;

  /// Returns `keystore kind` for each failure and `keystore since time` for each success.
  synchronized List<String> list() {
    return List.copyOf(recorded);
  }

  synchronized void fail(boolean now) {
    fails = now;
  }

  @Override
  public Uni<@Nullable Void> failed(KeystoreName keystore, KeyUse use, KmsFailure failure) {
    return Uni.createFrom().deferred(() -> add(keystore + " " + failure.kind()));
  }

  @Override
  public Uni<@Nullable Void> succeeded(KeystoreName keystore, Instant started) {
    return Uni.createFrom().deferred(() -> add(keystore + " since " + started));
  }

  private synchronized Uni<@Nullable Void> add(String answer) {
    recorded.add(answer);
    return fails
        ? Uni.createFrom().failure(new KekFailure.StoreUnavailable())
        : Uni.createFrom().voidItem();
  }
}
