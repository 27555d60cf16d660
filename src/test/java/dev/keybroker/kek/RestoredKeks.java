package dev.keybroker.kek;

import io.smallrye.mutiny.Uni;
import java.util.ArrayList;
import java.util.List;

/// Restores what the test says, and remembers from which copies.
final class RestoredKeks implements LostKeks {
  private final List<Kek> copies = new ArrayList<>();
  private Uni<Kek> answer = Uni.createFrom().failure(() -> new IllegalStateException("no script"));

  void answer(Kek restored) {
    answer = Uni.createFrom().item(restored);
  }

  void fail(KekFailure failure) {
    answer = Uni.createFrom().failure(failure);
  }

  List<Kek> copies() {
    return copies;
  }

  @Override
  public Uni<Kek> restore(Kek copy) {
    copies.add(copy);
    return answer;
  }
}
