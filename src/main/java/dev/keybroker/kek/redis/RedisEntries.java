package dev.keybroker.kek.redis;

import dev.keybroker.concurrent.Gathering;
import io.quarkus.redis.datasource.ReactiveRedisDataSource;
import io.quarkus.redis.datasource.value.ReactiveValueCommands;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.mutiny.redis.client.Command;
import io.vertx.mutiny.redis.client.Redis;
import io.vertx.mutiny.redis.client.Request;
import io.vertx.mutiny.redis.client.Response;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// Entries in Redis. An entry is replaced only by the result of a read that started after the entry
/// was written.
///
/// A reader notes the [Seen] of an entry, reads PostgreSQL, then writes; Redis refuses the write if
/// the entry has changed by then. So an entry was always read from PostgreSQL before the entry that
/// replaces it, whatever any clock says. A change leaves a mark that is different each time, so a
/// slow reader that saw the entry before the change, or saw none, cannot put the old record back.
/// Freshness limits the effect of what Redis loses or others write into it.
final class RedisEntries {
  /// The first byte of a mark. A mark has no MAC: a writer that can forge one could also delete the
  /// entry.
  private static final byte MARK = 0;

  /// Longer than any read takes.
  private static final Duration MARK_STAYS = Duration.ofMinutes(10);

  /// Of one read.
  private static final int MAX_KEYS = 256;

  /// ARGV: what was seen; seconds to keep the new entry, 0 removes it; the new entry.
  private static final String REPLACE =
      """
      local entry = redis.call('GET', KEYS[1])
      if string.sub(entry or '', 1, %d) ~= ARGV[1] then return 0 end
      if ARGV[2] == '0' then return redis.call('DEL', KEYS[1]) end
      redis.call('SET', KEYS[1], ARGV[3], 'EX', ARGV[2])
      return 1
      """
          .formatted(EntryMac.CONTENT_OFFSET);

  private final ReactiveValueCommands<String, byte[]> values;
  private final Redis redis;
  private final Duration timeout;

  /// Entries that are asked for in one turn of the event loop are read by one write to one
  /// connection. No read waits for another, so a slow one delays only what it has itself.
  private final Gathering<String, byte[]> reads =
      new Gathering<>(this::read, MAX_KEYS, Integer.MAX_VALUE, RedisEntries::afterThisTurn);

  RedisEntries(ReactiveRedisDataSource redis, Duration timeout) {
    this.values = redis.value(String.class, byte[].class);
    this.redis = redis.getRedis();
    this.timeout = timeout;
  }

  /// The entry that a reader found.
  ///
  /// @param entry null if there is none, or only the mark of a change
  /// @param begin the bytes that identify the entry: version and MAC; empty if there is none
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Seen(byte @Nullable [] entry, byte[] begin) {
    static Seen of(byte @Nullable [] bytes) {
      if (bytes == null) {
        return new Seen(null, new byte[0]);
      }
      byte[] begin = Arrays.copyOf(bytes, Math.min(bytes.length, EntryMac.CONTENT_OFFSET));
      return new Seen(begin.length > 0 && begin[0] == MARK ? null : bytes, begin);
    }
  }

  /// Reads an entry. Fails if Redis does not answer in time.
  Uni<Seen> get(String key) {
    return inTime(reads.get(key)).map(entry -> Seen.of(entry.orElse(null)));
  }

  private Uni<Map<String, byte[]>> read(List<String> keys) {
    return redis
        .batch(keys.stream().map(key -> Request.cmd(Command.GET).arg(key)).toList())
        .map(answers -> found(keys, answers));
  }

  private static Map<String, byte[]> found(List<String> keys, List<Response> answers) {
    Map<String, byte[]> entries = new HashMap<>();
    for (int i = 0; i < keys.size(); i++) {
      Response answer = answers.get(i);
      if (answer != null) {
        entries.put(keys.get(i), answer.toBytes());
      }
    }
    return entries;
  }

  private static void afterThisTurn(Runnable work) {
    Context context = Vertx.currentContext();
    if (context == null) {
      work.run();
    } else {
      context.runOnContext(turn -> work.run());
    }
  }

  /// Replaces the seen entry. Does nothing if the entry has changed since.
  Uni<Void> replace(String key, Seen seen, byte[] entry, Duration retention) {
    return replace(key, seen, Math.max(1, retention.toSeconds()), entry);
  }

  /// Removes the seen entry. Does nothing if the entry has changed since.
  Uni<Void> remove(String key, Seen seen) {
    return replace(key, seen, 0, new byte[0]);
  }

  private Uni<Void> replace(String key, Seen seen, long seconds, byte[] entry) {
    return inTime(
            redis.send(
                Request.cmd(Command.EVAL)
                    .arg(REPLACE)
                    .arg(1)
                    .arg(key)
                    .arg(seen.begin)
                    .arg(seconds)
                    .arg(entry)))
        .replaceWithVoid();
  }

  /// Replaces the entry, whatever it is, by the mark of a change.
  Uni<Void> mark(String key) {
    UUID id = UUID.randomUUID();
    byte[] mark =
        ByteBuffer.allocate(1 + 2 * Long.BYTES)
            .put(MARK)
            .putLong(id.getMostSignificantBits())
            .putLong(id.getLeastSignificantBits())
            .array();
    return inTime(values.setex(key, MARK_STAYS.toSeconds(), mark));
  }

  private <T> Uni<T> inTime(Uni<T> command) {
    return command.ifNoItem().after(timeout).fail();
  }
}
