package dev.keybroker.keystore;

import static dev.keybroker.keystore.TenantAccount.BROKER_STATEMENT;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.keybroker.concurrent.Soon;
import dev.keybroker.crypto.EncryptionContext;
import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.dek.DekBroker;
import dev.keybroker.dek.UnwrappedResult;
import dev.keybroker.dek.WrappedResult;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.embedded.EmbeddedServicesResource;
import dev.keybroker.grpc.Eventually;
import dev.keybroker.kek.Kek;
import dev.keybroker.kek.KekCacheConfig;
import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KekState;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kek.LostKeks;
import dev.keybroker.kek.redis.RedisConfig;
import dev.keybroker.kek.redis.RedisKekTier;
import dev.keybroker.keystore.postgres.PostgresKekTier;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.redis.datasource.ReactiveRedisDataSource;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Inject;
import java.net.URI;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.Protocol;
import redis.clients.jedis.args.ClientPauseMode;
import redis.clients.jedis.params.SetParams;

/// KEKs that PostgreSQL has lost while a cache holds them.
@QuarkusTest
@QuarkusTestResource(EmbeddedServicesResource.class)
@SuppressWarnings("NullAway.Init") // filled by Quarkus
class LostKekTest {
  EmbeddedServices services;
  @Inject KeystoreAdmin keystores;
  @Inject KeystoreRepository repository;
  @Inject KekLife life;
  @Inject DekBroker broker;
  @Inject PostgresKekTier postgres;
  @Inject LostKeks lost;
  @Inject ReactiveRedisDataSource redisSource;
  @Inject KeyCodec codec;
  @Inject RedisConfig redisConfig;
  @Inject KekCacheConfig cacheConfig;
  @Inject SecureRandom random;
  @Inject MeterRegistry registry;

  private final KeystoreName name = new KeystoreName("lost", "k-" + UUID.randomUUID());
  private TenantAccount account;
  private Jedis redis;
  private RedisKekTier later;
  private KekName kek;

  @BeforeEach
  void make() {
    account = new TenantAccount(services, "222233339999");
    redis =
        new Jedis(
            URI.create(
                Objects.requireNonNull(services.configuration().get("quarkus.redis.hosts"))));
    // Of a broker for which what is in Redis is not fresh any more.
    later =
        new RedisKekTier(
            postgres,
            lost,
            redisSource,
            List.of(
                Base64.getDecoder()
                    .decode(services.configuration().get("keybroker.redis.mac-key"))),
            codec,
            redisConfig,
            cacheConfig,
            Clock.offset(Clock.systemUTC(), Duration.ofMinutes(5)),
            new SimpleMeterRegistry());
    Keystore made =
        await(keystores.create(name, TestSettings.of(account.newKey(BROKER_STATEMENT))));
    kek = Objects.requireNonNull(made.activeKek());
  }

  @AfterEach
  void close() {
    account.close();
    redis.close();
  }

  private byte[] redisKey() {
    return ("keybroker:kek:" + kek.id()).getBytes(UTF_8);
  }

  private double restored() {
    return registry.counter(Metrics.KEK_RESTORED).count();
  }

  @Test
  void newKek_isInRedisWithItsPrivateKey_beforeAnyUnwrap() {
    assertNotNull(redis.get(redisKey()));
    Kek copy = await(later.kek(kek.id()));
    assertNotNull(copy.encryptedPrivateKey());
    assertNotNull(copy.provenance());
  }

  @Test
  void redisTakesNoCopy_rotationSucceedsAndIsCounted() {
    double before = registry.counter(Metrics.KEK_UNCOPIED).count();
    redis.clientPause(3_000, ClientPauseMode.WRITE);

    KekDetails next = await(keystores.rotate(name, null));

    assertEquals(KekState.ACTIVE, next.state());
    assertEquals(1, registry.counter(Metrics.KEK_UNCOPIED).count() - before);
    redis.sendCommand(Protocol.Command.CLIENT, "UNPAUSE");
  }

  @Test
  void rowOfTheActiveKekLost_isRestoredAsRetired_andTheSweepMakesTheNext() throws Exception {
    KekDetails before = await(life.find(kek));
    try (SecretBytes dek = SecretBytes.random(32, random)) {
      WrappedResult wrapped =
          await(
              broker.wrap(name, SecretBytes.copyOf(dek.toByteArray()), EncryptionContext.empty()));
      double restoredBefore = restored();
      execute("delete from kek where id = '" + kek.id() + "'");

      Kek found = await(later.kek(kek.id()));

      assertEquals(KekState.RETIRED, found.state());
      assertEquals(1, restored() - restoredBefore);
      KekDetails after = await(life.find(kek));
      assertEquals(KekState.RETIRED, after.state());
      assertEquals(before.publicKeyFingerprint(), after.publicKeyFingerprint());
      assertEquals(before.createTime(), after.createTime());
      assertEquals(before.activeTime(), after.activeTime());
      assertEquals(before.origin(), after.origin());
      assertEquals(before.rootKeyArn(), after.rootKeyArn());
      try (UnwrappedResult opened =
          await(broker.unwrap(name, wrapped.wrappedDek(), EncryptionContext.empty()))) {
        assertEquals(dek, opened.dek());
      }
      Eventually.holds(
          () -> {
            List<KekDetails> history = await(life.history(name, null, 10));
            assertEquals(
                List.of(KekState.ACTIVE, KekState.RETIRED),
                history.stream().map(KekDetails::state).toList());
          });
      assertNotEquals(kek, await(repository.find(name)).activeKek());
      await(later.kek(kek.id()));
      assertEquals(1, restored() - restoredBefore);
    }
  }

  @Test
  void rotationLost_olderKekIsActiveAgain_andStaysTheOnlyOne() throws Exception {
    KekName older = kek;
    kek = await(keystores.rotate(name, null)).name();
    // As a failover leaves it to a standby that lacked the last transactions.
    execute(
        "delete from kek where id = '" + kek.id() + "'",
        "update kek set state = 'ACTIVE', retire_time = null where id = '" + older.id() + "'");

    assertEquals(KekState.RETIRED, await(later.kek(kek.id())).state());

    assertEquals(older, await(repository.find(name)).activeKek());
    assertEquals(KekState.RETIRED, await(life.find(kek)).state());
  }

  @Test
  void activationLost_intentKept_isRestoredAsRetired() throws Exception {
    byte[] encrypted = await(postgres.kek(kek.id())).encryptedPrivateKey();
    execute(
        "update kek set state = 'PENDING_GENERATION', public_key = null, public_key_sha256 = null,"
            + " encrypted_private_key = null, active_time = null where id = '"
            + kek.id()
            + "'");

    Kek found = await(later.kek(kek.id()));

    assertEquals(KekState.RETIRED, found.state());
    assertArrayEquals(encrypted, found.encryptedPrivateKey());
  }

  @Test
  void rowThatSaysDestroyedOrDisabled_isNeverOverridden() throws Exception {
    byte[] entry = redis.get(redisKey());
    double before = restored();
    execute("update kek set state = 'DISABLED' where id = '" + kek.id() + "'");
    assertEquals(KekState.DISABLED, await(later.kek(kek.id())).state());
    redis.set(redisKey(), entry);
    execute(
        "update kek set state = 'DESTROYED', encrypted_private_key = null where id = '"
            + kek.id()
            + "'");
    assertEquals(KekState.DESTROYED, await(later.kek(kek.id())).state());
    Kek copy = copyAsItWas();

    assertEquals(KekState.DESTROYED, await(lost.restore(copy)).state());
    assertNull(await(postgres.kek(kek.id())).encryptedPrivateKey());
    assertEquals(before, restored());
  }

  @Test
  void copyThatWasDisabled_isRestoredAsDisabled() throws Exception {
    Kek copy = copyAsItWas();
    execute("delete from kek where id = '" + kek.id() + "'");
    Kek disabled =
        new Kek(
            copy.name(),
            KekState.DESTROY_SCHEDULED,
            copy.spec(),
            copy.rootKey(),
            copy.encryptedPrivateKey(),
            copy.privateKekLifetime(),
            copy.readTime(),
            copy.provenance());

    assertEquals(KekState.DISABLED, await(lost.restore(disabled)).state());
  }

  @Test
  void forgedEntry_isNotRestored() throws Exception {
    byte[] entry = redis.get(redisKey());
    entry[entry.length - 1] ^= 1;
    redis.set(redisKey(), entry, SetParams.setParams().ex(60));
    double before = restored();
    execute("delete from kek where id = '" + kek.id() + "'");

    assertThrows(KekFailure.UnknownKek.class, () -> await(later.kek(kek.id())));

    assertThrows(KekFailure.UnknownKek.class, () -> await(life.find(kek)));
    assertEquals(before, restored());
  }

  @Test
  void copyOfAKeystoreThatIsNotThere_isNotRestored() {
    Kek copy = copyAsItWas();
    Kek foreign =
        new Kek(
            new KekName(new KeystoreName("lost", "elsewhere"), UUID.randomUUID()),
            copy.state(),
            copy.spec(),
            copy.rootKey(),
            copy.encryptedPrivateKey(),
            copy.privateKekLifetime(),
            copy.readTime(),
            copy.provenance());

    assertThrows(KekFailure.UnknownKek.class, () -> await(lost.restore(foreign)));
  }

  @Test
  void lostKek_restoredByManyAtOnce_isRestoredOnce() throws Exception {
    Kek copy = copyAsItWas();
    double before = restored();
    execute("delete from kek where id = '" + kek.id() + "'");

    List<Kek> found =
        await(
            Uni.join()
                .all(lost.restore(copy), lost.restore(copy), lost.restore(copy), lost.restore(copy))
                .andFailFast());

    assertEquals(4, found.stream().filter(each -> each.state() == KekState.RETIRED).count());
    assertEquals(1, restored() - before);
  }

  /// The record as a cache may hold it for long.
  private Kek copyAsItWas() {
    Kek read = await(postgres.kek(kek.id()));
    if (read.encryptedPrivateKey() != null) {
      return read;
    }
    return new Kek(
        read.name(),
        KekState.ACTIVE,
        read.spec(),
        read.rootKey(),
        new byte[] {1, 2, 3},
        read.privateKekLifetime(),
        read.readTime(),
        read.provenance());
  }

  private void execute(String... statements) throws Exception {
    try (Connection connection =
            DriverManager.getConnection(
                Objects.requireNonNull(services.configuration().get("quarkus.datasource.jdbc.url")),
                "postgres",
                "postgres");
        Statement statement = connection.createStatement()) {
      connection.setAutoCommit(false);
      for (String sql : statements) {
        statement.execute(sql);
      }
      connection.commit();
    }
  }

  private static <T> T await(Soon<T> soon) {
    return await(soon.uni());
  }

  private static <T> T await(Uni<T> uni) {
    return uni.await().atMost(Duration.ofSeconds(20));
  }
}
