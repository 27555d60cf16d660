package dev.keybroker.faults;

import dev.keybroker.kek.redis.AgedEntries;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Set;
import java.util.TreeSet;
import redis.clients.jedis.Jedis;

/// Commands of an operator to Redis, past every proxy.
final class RedisControl {
  private static final byte MARK_OF_A_CHANGE = 0;

  private final int port;

  RedisControl(int port) {
    this.port = port;
  }

  /// Cuts every entry in half.
  void truncate() throws IOException {
    rewrite("string.sub(v, 1, math.floor(#v / 2))");
  }

  /// Turns a bit in the middle of every entry.
  void forge() throws IOException {
    rewrite(
        "string.sub(v, 1, math.floor(#v / 2))"
            + " .. string.char((string.byte(v, math.floor(#v / 2) + 1) + 1) % 256)"
            + " .. string.sub(v, math.floor(#v / 2) + 2)");
  }

  private void rewrite(String value) throws IOException {
    String script =
        "for _, k in ipairs(redis.call('KEYS', '*')) do local v = redis.call('GET', k) if v and #v > 0 then"
            + " redis.call('SET', k, "
            + value
            + ", 'KEEPTTL') end end return redis.status_reply('OK')";
    run("EVAL \"" + script + "\" 0");
  }

  /// Puts every record back as a broker wrote it this time ago.
  ///
  /// @return the Redis keys of the records
  Set<String> replay(AgedEntries entries, Duration ago) throws IOException {
    Set<String> records = new TreeSet<>();
    try (Jedis redis = new Jedis(InetAddress.getLoopbackAddress().getHostAddress(), port)) {
      for (String key : redis.keys("keybroker:*")) {
        byte[] redisKey = key.getBytes(StandardCharsets.UTF_8);
        byte[] entry = redis.get(redisKey);
        if (entry != null && entry.length > 0 && entry[0] != MARK_OF_A_CHANGE) {
          redis.set(redisKey, entries.older(key, entry, ago));
          records.add(key);
        }
      }
    }
    return records;
  }

  /// Runs a command that answers with `OK`.
  void run(String command) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        BufferedReader in =
            new BufferedReader(
                new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8))) {
      socket.getOutputStream().write((command + "\r\n").getBytes(StandardCharsets.UTF_8));
      String answer = in.readLine();
      if (answer == null || !answer.startsWith("+OK")) {
        throw new IOException(command + ": " + answer);
      }
    }
  }
}
