package dev.keybroker.kek;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.embedded.EmbeddedServices;
import dev.keybroker.keystore.KekDetails;
import dev.keybroker.keystore.KekHistory;
import dev.keybroker.keystore.KekIntent;
import dev.keybroker.keystore.KekLife;
import dev.keybroker.keystore.KekRepository;
import dev.keybroker.keystore.Keystore;
import dev.keybroker.keystore.KeystoreAdmin;
import dev.keybroker.keystore.KeystoreRepository;
import dev.keybroker.keystore.KeystoreSettings;
import dev.keybroker.keystore.OnKmsOutage;
import dev.keybroker.keystore.RootKeyAccess;
import dev.keybroker.keystore.TenantAccount;
import dev.keybroker.keystore.TestSettings;
import dev.keybroker.keystore.postgres.PostgresKekTier;
import dev.keybroker.keystore.postgres.PostgresTiers;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.postgres.HastySessions;
import dev.keybroker.postgres.LockedTable;
import io.smallrye.mutiny.Uni;
import io.vertx.core.Vertx;
import jakarta.inject.Inject;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.hibernate.reactive.mutiny.Mutiny;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The guarantees of [KekTier], which hold for each tier with a real PostgreSQL behind it.
@SuppressWarnings("NullAway.Init") // filled by Quarkus
public abstract class KekTierContract {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final int CALLERS = 50;

  protected EmbeddedServices services;
  @Inject KeystoreAdmin keystores;
  @Inject KeystoreRepository repository;
  @Inject KekRepository keks;
  @Inject KekHistory history;
  @Inject KekLife life;
  @Inject RootKeyAccess access;
  @Inject PostgresKekTier postgres;
  @Inject Mutiny.SessionFactory sessions;
  @Inject Vertx vertx;
  @Inject KeyCodec codec;
  @Inject DataSource database;
  @Inject Clock clock;

  private final KeystoreName keystore = new KeystoreName("tiers", "k-" + UUID.randomUUID());
  private final LastTier last = new LastTier();
  private KekTier tier;
  private TenantAccount account;
  private String rootKey;

  /// PostgreSQL on one kind of sessions or another.
  private static final class LastTier implements KekTier {
    private volatile KekTier now;

    @Override
    public Uni<ActiveKek> active(KeystoreName keystore) {
      return now.active(keystore);
    }

    @Override
    public Uni<Kek> kek(UUID id) {
      return now.kek(id);
    }
  }

  /// A new tier, which has read nothing yet.
  ///
  /// @param postgres the last tier
  protected abstract KekTier tier(KekTier postgres);

  @BeforeEach
  void make() {
    account = new TenantAccount(services, "222233336666");
    rootKey = account.newKey(TenantAccount.BROKER_STATEMENT);
    last.now = postgres;
    tier = tier(last);
  }

  @AfterEach
  void close() {
    account.close();
  }

  private static <T> T await(Uni<T> uni) {
    return uni.await().atMost(LIMIT);
  }

  private Keystore create() {
    return await(keystores.create(keystore, TestSettings.of(rootKey)));
  }

  private ActiveKek active() {
    return await(tier.active(keystore));
  }

  private Kek kek(KekName name) {
    return await(tier.kek(name.id()));
  }

  @ParameterizedTest
  @EnumSource(OnKmsOutage.class)
  protected void active_isAllThatAWrapNeeds(OnKmsOutage onKmsOutage) {
    KeystoreSettings settings = TestSettings.of(rootKey);
    Instant before = clock.instant();
    Keystore made =
        await(
            keystores.create(
                keystore,
                new KeystoreSettings(
                    settings.displayName(),
                    settings.rootKey(),
                    settings.keyPairSpec(),
                    settings.rotationPeriod(),
                    settings.privateKekLifetime(),
                    onKmsOutage)));

    ActiveKek active = active();

    assertEquals(made.activeKek(), active.name());
    Kek kek = kek(active.name());
    assertArrayEquals(
        Objects.requireNonNull(kek.provenance()).publicKey(), active.key().subjectPublicKeyInfo());
    assertEquals(kek.rootKey(), active.rootKey());
    assertEquals(onKmsOutage == OnKmsOutage.FAIL_CLOSED, active.failClosed());
    assertEquals(await(life.find(active.name())).createTime(), active.createTime());
    assertFalse(active.readTime().isBefore(before) || active.readTime().isAfter(clock.instant()));
  }

  @Test
  protected void active_afterARotation_isTheNewKek() {
    create();

    Keystore rotated =
        await(keystores.rotate(keystore, null).chain(() -> keystores.find(keystore)));

    assertEquals(rotated.activeKek(), active().name());
  }

  @Test
  protected void active_ofAnUnknownKeystore_isUnknownAndSaysWhich() {
    for (int i = 0; i < 2; i++) {
      KekFailure.UnknownKeystore failure =
          assertThrows(KekFailure.UnknownKeystore.class, this::active);
      assertEquals(keystore, failure.keystore());
    }
    assertNull(tier.freshActive(keystore));
  }

  @Test
  protected void active_beforeTheFirstKek_isNone() {
    await(repository.insert(keystore, TestSettings.of(rootKey)));

    KekFailure.NoActiveKek failure = assertThrows(KekFailure.NoActiveKek.class, this::active);

    assertEquals(keystore, failure.keystore());
  }

  private KeyUse use(KeystoreSettings settings) {
    return access.use(settings.rootKey(), await(repository.tenant(keystore.tenant())), keystore);
  }

  @Test
  protected void kek_isAllThatAnUnwrapNeeds() {
    Instant before = clock.instant();
    KekName name = Objects.requireNonNull(create().activeKek());

    Kek kek = kek(name);

    assertEquals(name, kek.name());
    assertEquals(KekState.ACTIVE, kek.state());
    assertEquals(KeyPairSpec.ECC_NIST_P256, kek.spec());
    assertEquals(rootKey, kek.rootKey().key().arn().toString());
    assertNull(kek.rootKey().key().role());
    assertEquals(use(TestSettings.of(rootKey)).context(), kek.rootKey().context());
    assertNotNull(kek.encryptedPrivateKey());
    assertEquals(TestSettings.of(rootKey).privateKekLifetime(), kek.privateKekLifetime());
    assertFalse(kek.readTime().isBefore(before) || kek.readTime().isAfter(clock.instant()));
    KekProvenance provenance = Objects.requireNonNull(kek.provenance());
    KekDetails details = await(life.find(name));
    assertEquals(details.origin(), provenance.origin());
    assertEquals(details.createTime(), provenance.createTime());
    assertEquals(details.activeTime(), provenance.activeTime());
    assertNull(kek.destroyTime());
  }

  @Test
  protected void kek_isReadInEachOfItsStates() throws Exception {
    KekName name = Objects.requireNonNull(create().activeKek());
    await(keystores.rotate(keystore, null));
    byte[] ciphertext = assertState(KekState.RETIRED, name).encryptedPrivateKey();
    assertNotNull(ciphertext);

    await(life.disable(name));
    assertArrayEquals(ciphertext, assertState(KekState.DISABLED, name).encryptedPrivateKey());

    KekDetails scheduled = await(life.scheduleDestruction(name, Duration.ofDays(7)));
    Kek doomed = assertState(KekState.DESTROY_SCHEDULED, name);
    assertEquals(scheduled.destroyTime(), doomed.destroyTime());
    assertArrayEquals(ciphertext, doomed.encryptedPrivateKey());

    try (Connection connection = database.getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(
          "update kek set destroy_time = now() - interval '1 second' where id = '"
              + name.id()
              + "'");
    }
    await(history.eraseDue(1_000));
    Kek destroyed = assertState(KekState.DESTROYED, name);
    assertNull(destroyed.encryptedPrivateKey());
    assertNull(destroyed.destroyTime());
  }

  /// As a tier reads it that has not read it before.
  private Kek assertState(KekState state, KekName name) {
    Kek kek = await(tier(last).kek(name.id()));
    assertEquals(name, kek.name());
    assertEquals(state, kek.state());
    return kek;
  }

  @Test
  protected void kek_whoseGenerationIsPending_isReadWithoutAKey() {
    Keystore made = await(repository.insert(keystore, TestSettings.of(rootKey))).keystore();
    KekIntent intent =
        new KekIntent(
            keystore, made.version(), made.settings().keyPairSpec(), use(made.settings()), null);
    KekName name = ((KekRepository.Intended.ToGenerate) await(keks.intend(intent))).name();

    Kek pending = assertState(KekState.PENDING_GENERATION, name);

    assertNull(pending.encryptedPrivateKey());
    assertNull(pending.provenance());
  }

  @Test
  protected void kek_unknown_isUnknown() {
    KekName name = new KekName(keystore, UUID.randomUUID());

    for (int i = 0; i < 2; i++) {
      assertThrows(KekFailure.UnknownKek.class, () -> kek(name));
    }
    assertNull(tier.freshKek(name.id()));
  }

  @Test
  protected void record_readAgain_isTheSame() {
    KekName name = Objects.requireNonNull(create().activeKek());
    ActiveKek active = active();
    Kek kek = kek(name);

    assertEquals(active.name(), active().name());
    assertArrayEquals(kek.encryptedPrivateKey(), kek(name).encryptedPrivateKey());
    Kek fresh = tier.freshKek(name.id());
    if (fresh != null) {
      assertSame(fresh, kek(name));
    }
    ActiveKek freshActive = tier.freshActive(keystore);
    if (freshActive != null) {
      assertSame(freshActive, active());
    }
  }

  @Test
  protected void read_thatTheStoresDoNotAnswer_isUnavailable_andARetryIsSafe() {
    KekName name = Objects.requireNonNull(create().activeKek());
    last.now = PostgresTiers.on(HastySessions.of(sessions, vertx), codec, clock);
    try (LockedTable ignored = new LockedTable(services, "kek")) {
      for (int i = 0; i < 2; i++) {
        assertThrows(KekFailure.StoreUnavailable.class, this::active);
        assertThrows(KekFailure.StoreUnavailable.class, () -> kek(name));
      }
    }

    last.now = postgres;

    assertEquals(name, active().name());
    assertEquals(name, kek(name).name());
  }

  @Test
  protected void readersOfManyKeystores_eachGetTheirOwn() {
    String tenant = "tiers-" + UUID.randomUUID();
    List<KeystoreName> names =
        List.of(
            keystore,
            new KeystoreName("tiers", "other-" + keystore.keystore()),
            new KeystoreName(tenant, keystore.keystore()));
    names.forEach(name -> await(keystores.create(name, TestSettings.of(rootKey))));
    KeystoreName none = new KeystoreName(tenant, "none");
    await(repository.insert(none, TestSettings.of(rootKey)));
    KeystoreName unknown = new KeystoreName(tenant, "other-" + keystore.keystore());

    List<CompletableFuture<ActiveKek>> reads =
        Stream.generate(() -> Stream.concat(names.stream(), Stream.of(none, unknown)))
            .limit(CALLERS)
            .flatMap(each -> each)
            .map(name -> tier.active(name).subscribeAsCompletionStage())
            .toList();

    for (int read = 0; read < reads.size(); read++) {
      Uni<ActiveKek> active = Uni.createFrom().completionStage(reads.get(read));
      int which = read % (names.size() + 2);
      if (which < names.size()) {
        ActiveKek kek = await(active);
        assertEquals(names.get(which), kek.name().keystore());
        assertEquals(kek.name(), await(tier.kek(kek.name().id())).name());
      } else if (which == names.size()) {
        assertThrows(KekFailure.NoActiveKek.class, () -> await(active));
      } else {
        assertThrows(KekFailure.UnknownKeystore.class, () -> await(active));
      }
    }
  }

  @Test
  protected void readers_atOnce_allGetTheRecord_andOneThatLeavesTakesNobodyAlong() {
    KekName name = Objects.requireNonNull(create().activeKek());
    tier.active(keystore).subscribe().with(it -> {}, failure -> {}).cancel();
    tier.kek(name.id()).subscribe().with(it -> {}, failure -> {}).cancel();

    List<CompletableFuture<KekName>> names =
        Stream.generate(
                () ->
                    Stream.of(
                        tier.active(keystore).map(ActiveKek::name),
                        tier.kek(name.id()).map(Kek::name)))
            .limit(CALLERS)
            .flatMap(both -> both)
            .map(Uni::subscribeAsCompletionStage)
            .toList();

    for (CompletableFuture<KekName> each : names) {
      assertEquals(name, await(Uni.createFrom().completionStage(each)));
    }
  }
}
