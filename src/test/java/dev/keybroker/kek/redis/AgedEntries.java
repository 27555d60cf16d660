package dev.keybroker.kek.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.keybroker.crypto.CryptoProvider;
import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.kek.ActiveKek;
import dev.keybroker.kek.Kek;
import java.io.IOException;
import java.time.Duration;
import java.util.Base64;
import java.util.List;

/// Entries as a broker wrote them some time ago: what somebody can put back who kept them.
public final class AgedEntries {
  private final RecordCodec codec = new RecordCodec(new KeyCodec(CryptoProvider.detect()));
  private final EntryMac mac;

  /// @param macKey as the brokers' setting says
  public AgedEntries(String macKey) {
    mac = new EntryMac(List.of(Base64.getDecoder().decode(macKey)));
  }

  /// An entry of this time ago, its MAC right. Fails where the given entry is not a record.
  public byte[] older(String redisKey, byte[] entry, Duration ago) throws IOException {
    byte[] key = redisKey.getBytes(UTF_8);
    byte[] content = mac.open(key, entry);
    if (content == null) {
      throw new IOException("not an entry of a broker: " + redisKey);
    }
    byte[] older =
        redisKey.contains(":active:")
            ? codec.encode(older(codec.decodeActive(content), ago))
            : codec.encode(older(codec.decodeKek(content), ago));
    return mac.seal(key, older);
  }

  private static ActiveKek older(ActiveKek kek, Duration ago) {
    return new ActiveKek(
        kek.name(),
        kek.key(),
        kek.rootKey(),
        kek.failClosed(),
        kek.createTime(),
        kek.readTime().minus(ago));
  }

  private static Kek older(Kek kek, Duration ago) {
    return new Kek(
        kek.name(),
        kek.state(),
        kek.spec(),
        kek.rootKey(),
        kek.encryptedPrivateKey(),
        kek.privateKekLifetime(),
        kek.readTime().minus(ago));
  }
}
