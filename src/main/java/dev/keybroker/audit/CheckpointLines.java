package dev.keybroker.audit;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The checkpoints in lines of any text, such as the broker's log. What only looks like one is
/// passed over. For one thread.
public final class CheckpointLines {
  private static final Pattern CHECKPOINT =
      Pattern.compile(
          AuditJson.CHECKPOINT
              + " chain=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) seq=([1-9][0-9]{0,17})"
              + " hash=([0-9a-f]{64})(?![0-9a-f])");

  private final Map<UUID, Map<Long, byte[]>> hashes = new HashMap<>();
  private final Map<UUID, Set<Long>> contradictions = new HashMap<>();

  /// Reads one line.
  public void read(String line) {
    Matcher matcher = CHECKPOINT.matcher(line);
    while (matcher.find()) {
      UUID chain = UUID.fromString(matcher.group(1));
      long sequence = Long.parseLong(matcher.group(2));
      byte[] hash = HexFormat.of().parseHex(matcher.group(3));
      byte[] before =
          hashes.computeIfAbsent(chain, first -> new HashMap<>()).putIfAbsent(sequence, hash);
      if (before != null && !Arrays.equals(before, hash)) {
        contradictions.computeIfAbsent(chain, first -> new TreeSet<>()).add(sequence);
      }
    }
  }

  /// The chains that there are checkpoints of.
  public Set<UUID> chains() {
    return hashes.keySet();
  }

  /// The hashes of a chain by sequence number; of those that contradict each other, the first.
  public Map<Long, byte[]> hashes(UUID chain) {
    return hashes.getOrDefault(chain, Map.of());
  }

  /// The sequence numbers of a chain that lines tell different hashes of, in order.
  public Set<Long> contradictions(UUID chain) {
    return contradictions.getOrDefault(chain, Set.of());
  }
}
