package dev.keybroker.audit;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// The checkpoints in lines of the broker's log or of the audit stream. For one thread.
///
/// A line counts as a whole, and only if the logger of checkpoints wrote it: in the text format its
/// name is in the first brackets of the line, in JSON a field of its own. What other lines say,
/// such as the identity of a caller, is never a checkpoint.
public final class CheckpointLines {
  /// The logger that writes checkpoints and nothing else.
  public static final String LOGGER = "dev.keybroker.audit.checkpoint";

  private static final Pattern MESSAGE =
      Pattern.compile(
          AuditJson.CHECKPOINT
              + " chain=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) seq=([1-9][0-9]{0,17})"
              + " hash=([0-9a-f]{64})(?: time=([0-9]{4}-[0-9TZ:.-]{15,26}))?");

  /// What `kubectl logs --prefix` puts before a line.
  private static final Pattern POD = Pattern.compile("\\[pod/[a-z0-9./-]+\\] ");

  /// A line in Quarkus' own format, whose name of the logger may be abbreviated.
  private static final Pattern TEXT =
      Pattern.compile(
          "[^\\[\\]]*\\[(?:dev\\.keybroker\\.audit|dev\\.key\\.aud)\\.checkpoint\\]"
              + " \\([A-Za-z0-9 #._-]*\\) (.*)");

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .build();

  private final Map<UUID, Map<Long, byte[]>> hashes = new HashMap<>();
  private final Map<UUID, NavigableMap<Long, Instant>> times = new HashMap<>();
  private final Map<UUID, Set<Long>> contradictions = new HashMap<>();

  /// How a checkpoint is written.
  static String message(UUID chain, ChainHead head, Instant time) {
    return AuditJson.CHECKPOINT
        + " chain="
        + chain
        + " "
        + head
        + " time="
        + time.truncatedTo(ChronoUnit.MICROS);
  }

  /// Reads one line.
  public void read(String line) {
    Matcher pod = POD.matcher(line);
    String message = message(pod.lookingAt() ? line.substring(pod.end()) : line);
    if (message == null) {
      return;
    }
    Matcher matcher = MESSAGE.matcher(message);
    if (matcher.matches()) {
      add(
          UUID.fromString(matcher.group(1)),
          Long.parseLong(matcher.group(2)),
          HexFormat.of().parseHex(matcher.group(3)),
          matcher.group(4));
    }
  }

  /// What the logger of checkpoints, or the audit stream of them, says in a line; null where
  /// something else wrote the line.
  private static @Nullable String message(String line) {
    if (line.startsWith("{")) {
      return line.contains("heckpoint") ? messageOfJson(line) : null;
    }
    Matcher text = TEXT.matcher(line);
    return text.matches() ? text.group(1) : null;
  }

  private static @Nullable String messageOfJson(String line) {
    try {
      JsonNode json = JSON.readTree(line);
      return isOfLogger(json) || isOfStream(json) ? json.path("message").textValue() : null;
    } catch (JsonProcessingException e) {
      // Not a line of the broker's.
      return null;
    }
  }

  /// Quarkus calls the field `loggerName`, or `log.logger` where the format is `ecs`.
  private static boolean isOfLogger(JsonNode json) {
    return LOGGER.equals(json.path("loggerName").textValue())
        || LOGGER.equals(json.path("log.logger").textValue());
  }

  private static boolean isOfStream(JsonNode json) {
    return AuditJson.EVENT_SOURCE.equals(json.path("eventSource").textValue())
        && AuditJson.CHECKPOINT_EVENT.equals(json.path("eventName").textValue());
  }

  private void add(UUID chain, long sequence, byte[] hash, @Nullable String time) {
    if (time != null) {
      try {
        times
            .computeIfAbsent(chain, first -> new TreeMap<>())
            .putIfAbsent(sequence, Instant.parse(time));
      } catch (DateTimeException e) {
        // No broker writes it.
        return;
      }
    }
    byte[] before =
        hashes.computeIfAbsent(chain, first -> new HashMap<>()).putIfAbsent(sequence, hash);
    if (before != null && !Arrays.equals(before, hash)) {
      contradictions.computeIfAbsent(chain, first -> new TreeSet<>()).add(sequence);
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

  /// When the newest checkpoint of a chain up to a sequence number was written; null where none is
  /// known.
  public @Nullable Instant timeUpTo(UUID chain, long sequence) {
    NavigableMap<Long, Instant> known = times.get(chain);
    Map.Entry<Long, Instant> newest = known == null ? null : known.floorEntry(sequence);
    return newest == null ? null : newest.getValue();
  }

  /// The sequence numbers of a chain that lines tell different hashes of, in order.
  public Set<Long> contradictions(UUID chain) {
    return contradictions.getOrDefault(chain, Set.of());
  }
}
