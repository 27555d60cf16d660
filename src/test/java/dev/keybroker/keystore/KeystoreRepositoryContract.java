package dev.keybroker.keystore;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.keybroker.access.Reach;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.KmsArn;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The guarantees of [KeystoreRepository], which hold wherever the keystores are kept.
public abstract class KeystoreRepositoryContract {
  protected static final Duration LIMIT = Duration.ofSeconds(30);

  private static final int CALLERS = 8;
  private static final KmsArn KEY =
      KmsArn.parse(
          "arn:aws:kms:eu-central-1:222233337777:key/11111111-2222-3333-4444-555555555555");

  private final String tenant = "t-" + UUID.randomUUID();
  private final KeystoreName name = new KeystoreName(tenant, "calls");

  /// The implementation under test, the same one throughout a test.
  protected abstract KeystoreRepository repository();

  /// One whose store does not answer until the outage is closed.
  protected abstract KeystoreRepository unanswered();

  /// Begins the outage of [#unanswered].
  protected abstract AutoCloseable outage();

  /// Whether the keystore is saved as one whose next KEK is wanted.
  protected abstract boolean isKekWanted(KeystoreName keystore);

  /// Notes that the KEK that the settings of this version want is made.
  protected abstract void kekMade(KeystoreName keystore, long version, Instant time);

  protected static <T> T await(Uni<T> uni) {
    return uni.await().atMost(LIMIT);
  }

  private static <T> List<T> atOnce(Supplier<Uni<T>> call) {
    return await(Uni.join().all(Stream.generate(call).limit(CALLERS).toList()).andFailFast());
  }

  private static KeystoreSettings settings(
      String displayName, KeyPairSpec spec, RotationPeriod period) {
    return new KeystoreSettings(
        displayName,
        new RootKey.TenantManaged(KEY, "arn:aws:iam::222233337777:role/recordings"),
        spec,
        period,
        Duration.ofMillis(12_345),
        OnKmsOutage.FAIL_CLOSED);
  }

  private static KeystoreSettings settings(String displayName) {
    return settings(displayName, KeyPairSpec.ECC_NIST_P256, RotationPeriod.NEVER);
  }

  private Keystore insert(KeystoreName keystore) {
    KeystoreRepository.Inserted inserted =
        await(repository().insert(keystore, settings(keystore.keystore())));
    assertTrue(inserted.isNew());
    return inserted.keystore();
  }

  private Keystore update(long version, KeystoreSettings settings) {
    return await(repository().update(name, version, settings));
  }

  private Keystore find() {
    return await(repository().find(name));
  }

  @Test
  protected void tenant_isMadeOnFirstUse_andKeepsItsExternalId() {
    Tenant first = await(repository().tenant(tenant));

    assertEquals(tenant, first.id());
    assertTrue(first.externalId().matches("[0-9a-f]{32}"), first::externalId);
    insert(name);
    assertEquals(first, await(repository().tenant(tenant)));
    Tenant other = await(repository().tenant("t-" + UUID.randomUUID()));
    assertNotEquals(first.externalId(), other.externalId());
  }

  @Test
  protected void tenant_firstUsedByManyAtOnce_isOne() {
    assertEquals(1, Set.copyOf(atOnce(() -> repository().tenant(tenant))).size());
  }

  static Stream<KeystoreSettings> savedSettings() {
    KeystoreSettings some = settings("Calls");
    Stream<RootKey> rootKeys =
        Stream.of(
            new RootKey.TenantManaged(KEY, null),
            some.rootKey(),
            new RootKey.TenantManaged(
                KmsArn.parse("arn:aws:kms:eu-central-1:222233337777:alias/kek"), null),
            new RootKey.BrokerManaged());
    return Stream.of(
            rootKeys.map(
                it ->
                    new KeystoreSettings(
                        "",
                        it,
                        some.keyPairSpec(),
                        some.rotationPeriod(),
                        Duration.ZERO,
                        OnKmsOutage.WRAP_WITH_LAST_KNOWN_KEK)),
            Stream.of(KeyPairSpec.values())
                .map(it -> settings("Gespräche", it, RotationPeriod.NEVER)),
            Stream.of(RotationPeriod.values())
                .map(it -> settings("Calls", KeyPairSpec.RSA_4096, it)))
        .flatMap(it -> it);
  }

  @ParameterizedTest
  @MethodSource("savedSettings")
  protected void insert_savesTheSettings_andAFirstKekIsWanted(KeystoreSettings settings) {
    KeystoreRepository.Inserted inserted = await(repository().insert(name, settings));

    assertTrue(inserted.isNew());
    Keystore keystore = inserted.keystore();
    assertEquals(name, keystore.name());
    assertEquals(settings, keystore.settings());
    assertNull(keystore.activeKek());
    assertEquals(keystore.createTime(), keystore.updateTime());
    assertNull(keystore.nextRotationTime());
    assertNull(keystore.lastError());
    assertEquals(keystore, find());
    assertTrue(isKekWanted(name));
  }

  @Test
  protected void insert_ofOneThatExists_answersThatOneAndChangesNothing() {
    Keystore first = insert(name);

    KeystoreRepository.Inserted again = await(repository().insert(name, settings("Other")));

    assertEquals(new KeystoreRepository.Inserted(first, false), again);
    assertEquals(first, find());
  }

  @Test
  protected void inserts_atOnce_makeOneKeystore() {
    List<KeystoreRepository.Inserted> inserted =
        atOnce(() -> repository().insert(name, settings("Calls")));

    assertEquals(1, inserted.stream().filter(KeystoreRepository.Inserted::isNew).count());
    assertEquals(
        Set.of(find()),
        inserted.stream().map(KeystoreRepository.Inserted::keystore).collect(Collectors.toSet()));
  }

  @Test
  protected void keystore_thatDoesNotExist_isUnknownAndSaysWhich() {
    insert(new KeystoreName(tenant, "screens"));

    for (Uni<Keystore> call :
        List.of(repository().find(name), repository().update(name, 1, settings("Calls")))) {
      KekFailure.UnknownKeystore failure =
          assertThrows(KekFailure.UnknownKeystore.class, () -> await(call));
      assertEquals(name, failure.keystore());
    }
  }

  @Test
  protected void list_isOfOneTenantById_andItsPagesAreTogetherTheWhole() {
    assertEquals(List.of(), await(repository().list(tenant, KeystoreFilter.NONE, null, 10)));
    List<Keystore> all =
        Stream.of("b", "a-b", "a", "c1", "b0")
            .map(id -> insert(new KeystoreName(tenant, id)))
            .sorted(Comparator.comparing(it -> it.name().keystore()))
            .toList();
    insert(new KeystoreName("t-" + UUID.randomUUID(), "a"));

    for (int limit : new int[] {1, 2, all.size(), 100}) {
      List<Keystore> pages = new ArrayList<>();
      String after = null;
      while (true) {
        List<Keystore> page = await(repository().list(tenant, KeystoreFilter.NONE, after, limit));
        assertTrue(page.size() <= limit);
        if (page.isEmpty()) {
          break;
        }
        pages.addAll(page);
        after = page.getLast().name().keystore();
      }
      assertEquals(all, pages);
    }
  }

  @Test
  protected void list_withAFilter_isOfThoseThatMatchAllOfIt() {
    for (String id : List.of("a", "ab", "ab-c", "b")) {
      insert(new KeystoreName(tenant, id));
    }
    KmsArn alias = KmsArn.parse("arn:aws:kms:eu-central-1:222233337777:alias/kek");
    await(
        repository()
            .insert(
                new KeystoreName(tenant, "of-alias"),
                settings("Alias").withRootKey(new RootKey.TenantManaged(alias, null))));

    assertEquals(
        List.of("ab", "ab-c"), ids(new KeystoreFilter(null, "ab", true, null, false), null));
    assertEquals(List.of("ab-c"), ids(new KeystoreFilter(null, "ab", true, null, false), "ab"));
    assertEquals(List.of("ab"), ids(new KeystoreFilter(null, "ab", false, null, false), null));
    assertEquals(
        List.of("of-alias"), ids(new KeystoreFilter(null, null, false, alias, false), null));
    assertEquals(
        List.of("a", "ab", "ab-c", "b"),
        ids(new KeystoreFilter(false, null, false, KEY, false), null));
    assertEquals(List.of(), ids(new KeystoreFilter(true, null, false, null, false), null));
    assertEquals(List.of(), ids(new KeystoreFilter(null, null, false, null, true), null));
  }

  private List<String> ids(KeystoreFilter filter, String after) {
    return await(repository().list(tenant, filter, after, 10)).stream()
        .map(it -> it.name().keystore())
        .toList();
  }

  @Test
  protected void tenants_areThoseWithKeystores_withinReach() {
    String other = tenant + "-b";
    String empty = tenant + "-c";
    insert(name);
    insert(new KeystoreName(other, "calls"));
    await(repository().tenant(empty));
    Reach reach = new Reach(false, Set.of(tenant, other, empty, "unknown"));

    assertEquals(List.of(tenant, other), await(repository().tenants(reach, null, 10)));
    assertEquals(List.of(tenant), await(repository().tenants(reach, null, 1)));
    assertEquals(List.of(other), await(repository().tenants(reach, tenant, 10)));
    assertEquals(
        List.of(other), await(repository().tenants(new Reach(false, Set.of(other)), null, 10)));
    assertEquals(List.of(), await(repository().tenants(new Reach(false, Set.of()), null, 10)));
    List<String> all = await(repository().tenants(new Reach(true, Set.of()), null, 10_000));
    assertTrue(all.containsAll(List.of(tenant, other)), all.toString());
    assertFalse(all.contains(empty));
  }

  @Test
  protected void update_ofTheVersionSaved_savesAndCounts() {
    Keystore first = insert(name);
    KeystoreSettings other = settings("Other", KeyPairSpec.RSA_3072, RotationPeriod.DAILY);

    Keystore updated = update(first.version(), other);

    assertEquals(other, updated.settings());
    assertEquals(first.version() + 1, updated.version());
    assertEquals(first.createTime(), updated.createTime());
    assertFalse(updated.updateTime().isBefore(first.updateTime()));
    assertEquals(updated, find());
  }

  @Test
  protected void update_ofAnotherVersion_isRefusedAndChangesNothing() {
    Keystore first = insert(name);
    Keystore second = update(first.version(), settings("Second"));

    for (long version : new long[] {first.version(), second.version() + 1}) {
      KeystoreFailure.Changed failure =
          assertThrows(KeystoreFailure.Changed.class, () -> update(version, settings("Third")));
      assertEquals(name, failure.keystore());
    }

    assertEquals(second, find());
  }

  @Test
  protected void updates_ofOneVersionAtOnce_oneOnlyIsSaved() {
    Keystore first = insert(name);

    List<Boolean> saved =
        await(
            Uni.join()
                .all(
                    IntStream.range(0, CALLERS)
                        .mapToObj(
                            i ->
                                repository()
                                    .update(name, first.version(), settings("change " + i))
                                    .map(it -> true)
                                    .onFailure(KeystoreFailure.Changed.class)
                                    .recoverWithItem(false))
                        .toList())
                .andFailFast());

    assertEquals(1, saved.stream().filter(it -> it).count());
    assertEquals(first.version() + 1, find().version());
  }

  @Test
  protected void update_thatMakesOtherKeks_wantsOne_andAnotherUpdateDoesNot() {
    Keystore first = insert(name);
    kekMade(name, first.version(), first.createTime());
    assertFalse(isKekWanted(name));

    Keystore renamed = update(first.version(), settings("Renamed"));
    assertFalse(isKekWanted(name));
    Keystore other =
        update(
            renamed.version(),
            settings("Renamed", KeyPairSpec.ECC_NIST_P384, RotationPeriod.NEVER));
    assertTrue(isKekWanted(name));

    kekMade(name, other.version(), other.updateTime());
    update(
        other.version(),
        new KeystoreSettings(
            "Renamed",
            new RootKey.BrokerManaged(),
            KeyPairSpec.ECC_NIST_P384,
            RotationPeriod.NEVER,
            Duration.ZERO,
            OnKmsOutage.FAIL_CLOSED));
    assertTrue(isKekWanted(name));
  }

  @Test
  protected void store_thatDoesNotAnswer_isUnavailable_andARetryIsSafe() throws Exception {
    Keystore saved = insert(name);
    KeystoreRepository away = unanswered();
    List<Uni<?>> calls =
        List.of(
            away.insert(new KeystoreName(tenant, "screens"), settings("Screens")),
            away.find(name),
            away.list(tenant, KeystoreFilter.NONE, null, 10),
            away.update(name, saved.version(), settings("Other")));
    try (AutoCloseable ignored = outage()) {
      for (Uni<?> call : calls) {
        assertThrows(KekFailure.StoreUnavailable.class, () -> await(call));
      }
    }

    assertEquals(name, await(repository().find(name)).name());
  }
}
