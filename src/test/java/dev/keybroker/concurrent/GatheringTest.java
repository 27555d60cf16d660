package dev.keybroker.concurrent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.smallrye.mutiny.Uni;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.Test;

class GatheringTest {
  private static final int MAX_KEYS = 3;
  private static final int MAX_READS = 2;

  private final List<List<String>> reads = new ArrayList<>();
  private final List<CompletableFuture<Map<String, String>>> answers = new ArrayList<>();
  private final Gathering<String, String> gathering =
      new Gathering<>(this::read, MAX_KEYS, MAX_READS);

  private Uni<Map<String, String>> read(List<String> keys) {
    reads.add(keys);
    CompletableFuture<Map<String, String>> answer = new CompletableFuture<>();
    answers.add(answer);
    return Uni.createFrom().completionStage(answer);
  }

  private CompletableFuture<String> get(String key) {
    return gathering.get(key).map(value -> value.orElse("none")).subscribeAsCompletionStage();
  }

  @Test
  void key_isReadAtOnce() {
    CompletableFuture<String> a = get("a");

    assertEquals(List.of(List.of("a")), reads);
    answers.getFirst().complete(Map.of("a", "1"));
    assertEquals("1", a.join());
  }

  @Test
  void keysAskedForUntilTheStart_areReadTogether() {
    List<Runnable> starts = new ArrayList<>();
    Gathering<String, String> later = new Gathering<>(this::read, MAX_KEYS, MAX_READS, starts::add);
    for (String key : List.of("a", "b", "a", "c", "d")) {
      var unused = later.get(key).subscribeAsCompletionStage();
    }
    assertEquals(List.of(), reads);

    starts.forEach(Runnable::run);

    assertEquals(List.of(List.of("a", "b", "c"), List.of("d")), reads);
  }

  @Test
  void keysThatWait_areReadTogether_upToTheLimit() {
    get("a");
    get("b");
    List<CompletableFuture<String>> waiting =
        List.of(get("c"), get("d"), get("d"), get("e"), get("f"));
    assertEquals(2, reads.size());

    answers.get(0).complete(Map.of());
    assertEquals(List.of("c", "d", "e"), reads.get(2));
    answers.get(1).complete(Map.of());
    assertEquals(List.of("f"), reads.get(3));
    answers.get(2).complete(Map.of("c", "3", "d", "4", "e", "5"));
    answers.get(3).complete(Map.of("f", "6"));

    assertEquals(
        List.of("3", "4", "4", "5", "6"), waiting.stream().map(CompletableFuture::join).toList());
  }

  @Test
  void keyThatIsBeingRead_isReadAgain() {
    get("a");

    get("a");

    assertEquals(List.of(List.of("a"), List.of("a")), reads);
  }

  @Test
  void keyThatDoesNotExist_isEmpty() {
    CompletableFuture<String> a = get("a");

    answers.getFirst().complete(Map.of());

    assertEquals("none", a.join());
  }

  @Test
  void failure_isThatOfItsKeysAlone() {
    IllegalArgumentException broken = new IllegalArgumentException("broken");
    CompletableFuture<String> a = get("a");
    CompletableFuture<String> b = get("b");
    CompletableFuture<String> c = get("c");

    answers.get(0).completeExceptionally(broken);

    assertSame(broken, assertThrows(CompletionException.class, a::join).getCause());
    assertFalse(b.isDone());
    answers.get(2).complete(Map.of("c", "3"));
    assertEquals("3", c.join());
  }

  @Test
  void callerThatLeaves_takesNobodyAlong() {
    get("a");
    get("b");
    CompletableFuture<String> stays = get("c");
    gathering.get("c").subscribe().with(it -> {}).cancel();

    answers.get(0).complete(Map.of());
    answers.get(2).complete(Map.of("c", "3"));

    assertEquals("3", stays.join());
  }
}
