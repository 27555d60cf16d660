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

/// Reads checkpoints from lines of the broker's log or of the audit stream. Not thread-safe.
///
/// Only whole lines written by the logger of checkpoints count. In the text format, the logger's
/// name is in the first brackets of the line; in JSON, it is a separate field. The content of other
/// lines, such as the identity of a caller, is never a checkpoint.
public final class CheckpointLines {
  /// The logger that writes only checkpoints.
  public static final String LOGGER = "dev.keybroker.audit.checkpoint";

  private static final Pattern MESSAGE =
      Pattern.compile(
          AuditJson.CHECKPOINT
              + " chain=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) seq=([1-9][0-9]{0,17})"
              + " hash=([0-9a-f]{64})(?: time=([0-9]{4}-[0-9TZ:.-]{15,26}))?");

  /// The prefix that `kubectl logs --prefix` adds to a line.
  private static final Pattern POD = Pattern.compile("\\[pod/[a-z0-9./-]+\\] ");

  /// A line in Quarkus' own format, in which the logger's name may be abbreviated.
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

  /// The format of a checkpoint.
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

  /// Returns the text that the logger of checkpoints, or the audit stream, wrote in a line; null if
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
      // Not a line of the broker.
      return null;
    }
  }

  /// Quarkus calls the field `loggerName`, or `log.logger` in the format `ecs`.
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
        // A broker never writes this.
        return;
      }
    }
    byte[] before =
        hashes.computeIfAbsent(chain, first -> new HashMap<>()).putIfAbsent(sequence, hash);
    if (before != null && !Arrays.equals(before, hash)) {
      contradictions.computeIfAbsent(chain, first -> new TreeSet<>()).add(sequence);
    }
  }

  /// The chains that have checkpoints.
  public Set<UUID> chains() {
    return hashes.keySet();
  }

  /// The hashes of a chain by sequence number. Of contradicting ones, the first.
  public Map<Long, byte[]> hashes(UUID chain) {
    return hashes.getOrDefault(chain, Map.of());
  }

  /// The time of the newest checkpoint of a chain up to a sequence number; null if none is known.
  public @Nullable Instant timeUpTo(UUID chain, long sequence) {
    NavigableMap<Long, Instant> known = times.get(chain);
    Map.Entry<Long, Instant> newest = known == null ? null : known.floorEntry(sequence);
    return newest == null ? null : newest.getValue();
  }

  /// The sequence numbers of a chain for which lines have different hashes, in order.
  public Set<Long> contradictions(UUID chain) {
    return contradictions.getOrDefault(chain, Set.of());
  }
}
