package dev.keybroker.kms;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/// What holds of [QuotaLines] wherever they are kept. The intervals are so long that no machine is
/// slow enough to let one pass.
public abstract class QuotaLinesContract {
  protected static final Duration HOUR = Duration.ofHours(1);

  protected abstract QuotaLines lines();

  /// As another broker reaches the same lines.
  protected abstract QuotaLines linesOfAnotherBroker();

  protected static QuotaLine line(Duration interval, Duration burst) {
    return new QuotaLine("test/" + UUID.randomUUID(), interval, burst);
  }

  @Test
  protected void line_takenOnce_isFreeAgainAfterItsInterval() {
    QuotaLine line = line(HOUR, Duration.ZERO);

    assertEquals(Duration.ZERO, take(lines(), line));

    Duration wait = take(lines(), line);
    assertTrue(wait.isPositive() && wait.compareTo(HOUR) <= 0, wait::toString);
    assertTrue(wait.compareTo(HOUR.minusMinutes(10)) > 0, wait::toString);
  }

  @Test
  protected void line_thatIsRefused_isNotMovedOn() {
    QuotaLine line = line(HOUR, Duration.ZERO);
    take(lines(), line);
    Duration first = take(lines(), line);
    for (int i = 0; i < 10; i++) {
      take(lines(), line);
    }

    assertTrue(take(lines(), line).compareTo(first) <= 0);
  }

  @Test
  protected void lines_areApart() {
    take(lines(), line(HOUR, Duration.ZERO));

    assertEquals(Duration.ZERO, take(lines(), line(HOUR, Duration.ZERO)));
  }

  @Test
  protected void line_askedByTwoBrokersAtOnce_givesWhatItsBurstAdmitsTogether() {
    QuotaLine line = line(HOUR, HOUR.multipliedBy(6));
    List<Uni<Duration>> asked = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      asked.add((i % 2 == 0 ? lines() : linesOfAnotherBroker()).take(line));
    }

    List<Duration> answers =
        Uni.join().all(asked).andFailFast().await().atMost(Duration.ofSeconds(30));

    assertEquals(7, answers.stream().filter(Duration::isZero).count());
  }

  protected static Duration take(QuotaLines lines, QuotaLine line) {
    return lines.take(line).await().atMost(Duration.ofSeconds(30));
  }
}
