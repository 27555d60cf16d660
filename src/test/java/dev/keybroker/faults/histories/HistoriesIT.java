package dev.keybroker.faults.histories;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.keybroker.faults.FaultsTable;
import dev.keybroker.faults.histories.Tally.Count;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Crash-consistency and concurrency as a property: whatever clients call at once, while KMS fails
/// and brokers are killed, what they were told holds afterwards.
///
/// Part of `./mvnw -Pfaults verify` alone. `-Dkeybroker.it.histories=10000` runs so many histories,
/// `-Dkeybroker.it.seed=…` others, `-Dkeybroker.it.history=…` one again by its seed.
@Tag("faults")
class HistoriesIT {
  private static final Long REPLAYED = Long.getLong("keybroker.it.history");
  private static final int HISTORIES =
      Integer.getInteger("keybroker.it.histories", isReplay() ? 1 : 300);
  private static final long SEED = Long.getLong("keybroker.it.seed", 20261126000000L);
  private static final int WIDTH = Integer.getInteger("keybroker.it.width", 12);

  private static boolean isReplay() {
    return REPLAYED != null;
  }

  @Test
  void whatClientsWereTold_afterEachHistory_holds() throws Exception {
    System.out.printf("%d histories, seeds from %d%n", HISTORIES, isReplay() ? REPLAYED : SEED);
    long started = System.nanoTime();
    try (Campaign campaign = new Campaign(isReplay() ? 1 : WIDTH, isReplay())) {
      List<String> problems =
          campaign.run(HISTORIES, SEED, i -> REPLAYED == null ? SEED + i : REPLAYED);
      Duration took = Duration.ofNanos(System.nanoTime() - started);
      FaultsTable table = new FaultsTable("histories", "| what | how many |\n| --- | --- |\n");
      table.add("| seeds | %d to %d |%n".formatted(SEED, SEED + HISTORIES - 1));
      table.add(campaign.tally().rows());
      table.add(
          "| keystores without exactly one ACTIVE KEK, the wanted one, in the end | %d |%n"
              .formatted(campaign.withoutWantedKek()));
      table.add("| `audit-verify` | %s |%n".formatted(campaign.audit()));
      table.add("| time | %d min |%n".formatted(took.toMinutes()));
      assertEquals(List.of(), problems);
      assertEquals(0, campaign.tally().get(Count.WRONG));
      if (!isReplay()) {
        table.publish();
      }
    }
  }
}
