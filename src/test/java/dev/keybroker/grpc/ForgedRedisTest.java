package dev.keybroker.grpc;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import dev.keybroker.crypto.CryptoProvider;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.KeyPairs;
import dev.keybroker.crypto.PlaintextKeyPair;
import dev.keybroker.grpc.TestKeystores.TestKeystore;
import dev.keybroker.kek.KekName;
import dev.keybroker.telemetry.Metrics;
import dev.keybroker.v1.GetPublicKekRequest;
import dev.keybroker.v1.PublicKek;
import dev.keybroker.v1.WrapDekResponse;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.test.junit.QuarkusTest;
import jakarta.inject.Inject;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.URI;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Arrays;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.Jedis;

/// Who can write to Redis cannot make the broker wrap under a key of his own.
@QuarkusTest
@SuppressWarnings("NullAway.Init") // set before each test
class ForgedRedisTest extends BrokerTestCase {
  @Inject MeterRegistry registry;

  private Jedis redis;
  private byte[] attackersKey;
  private double forgedBefore;

  @BeforeEach
  void openRedis() {
    redis =
        new Jedis(
            URI.create(
                Objects.requireNonNull(services.configuration().get("quarkus.redis.hosts"))));
    try (PlaintextKeyPair pair =
        new KeyPairs(CryptoProvider.jdk(), new SecureRandom())
            .generate(KeyPairSpec.ECC_NIST_P256)) {
      attackersKey = pair.subjectPublicKeyInfo();
    }
    forgedBefore = registry.counter(Metrics.KEK_FORGED).count();
  }

  @AfterEach
  void closeRedis() {
    redis.close();
  }

  private static byte[] redisKey(TestKeystore keystore) {
    return ("keybroker:active:" + keystore.name()).getBytes(UTF_8);
  }

  /// An entry as the broker writes it, but for the public key and the MAC.
  private byte[] forged(TestKeystore keystore) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    byte[] mac = new byte[32];
    new SecureRandom().nextBytes(mac);
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeByte(1);
      out.write(mac);
      out.writeUTF(new KekName(keystore.keystore(), UUID.randomUUID()).toString());
      out.writeUTF("ECC_NIST_P256");
      out.writeInt(attackersKey.length);
      out.write(attackersKey);
      for (int i = 0; i < 2; i++) {
        out.writeLong(Instant.now().getEpochSecond());
        out.writeInt(0);
      }
    }
    return bytes.toByteArray();
  }

  /// Plants an entry before the broker reads this keystore for the first time.
  private void plantAndWrap(TestKeystore keystore, byte[] entry) {
    redis.set(redisKey(keystore), entry);

    WrapDekResponse wrapped = wrap(keystore);

    assertEquals(wrapped.getDek(), unwrap(keystore, wrapped.getWrappedDek()));
    assertEquals(1, registry.counter(Metrics.KEK_FORGED).count() - forgedBefore);
    await(() -> !Arrays.equals(entry, redis.get(redisKey(keystore))));
  }

  @Test
  void entry_withAnotherPublicKey_isNeverUsed() throws IOException {
    TestKeystore keystore = keystores.fresh();

    plantAndWrap(keystore, forged(keystore));

    PublicKek used =
        broker.getPublicKek(GetPublicKekRequest.newBuilder().setKeystore(keystore.name()).build());
    assertFalse(Arrays.equals(attackersKey, used.getPublicKey().toByteArray()));
  }

  @Test
  void entry_movedFromAnotherKeystore_isNeverUsed() {
    TestKeystore other = keystores.fresh();
    wrap(other);
    await(() -> isRecord(redis.get(redisKey(other))));

    plantAndWrap(keystores.fresh(), redis.get(redisKey(other)));
  }

  @Test
  void entry_truncated_isNeverUsed() {
    TestKeystore other = keystores.fresh();
    wrap(other);
    await(() -> isRecord(redis.get(redisKey(other))));
    byte[] entry = redis.get(redisKey(other));

    plantAndWrap(keystores.fresh(), Arrays.copyOf(entry, 20));
  }

  @Test
  void genuineEntry_isUsedAndStays() {
    TestKeystore keystore = keystores.fresh();
    wrap(keystore);
    await(() -> isRecord(redis.get(redisKey(keystore))));
    byte[] entry = redis.get(redisKey(keystore));
    assertNotNull(entry);

    wrap(keystore);

    assertArrayEquals(entry, redis.get(redisKey(keystore)));
    assertEquals(0, registry.counter(Metrics.KEK_FORGED).count() - forgedBefore);
  }
}
