package dev.keybroker.keystore;

import dev.keybroker.audit.KekUse;
import dev.keybroker.audit.KekUses;
import dev.keybroker.audit.RefusedUnwraps;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KekState;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsRequestCounts;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// Finds out what still needs a KMS key or a KEK. Thread-safe.
///
/// Unis fail with [dev.keybroker.kek.KekFailure], [KeystoreFailure] or
/// [dev.keybroker.audit.AuditFailure].
@Singleton
public final class KeyUsages {
  /// How far back a KEK's last use matters.
  private static final Duration IN_USE = Duration.ofDays(90);

  private static final Duration COUNTED = Duration.ofDays(30);

  private static final Comparator<KeystoreName> BY_NAME =
      Comparator.comparing(KeystoreName::toString);

  private final KeystoreRepository keystores;
  private final KekHistory history;
  private final KeyHolders holders;
  private final KekUses uses;
  private final KmsRequestCounts requests;
  private final KmsContextConfig context;

  public KeyUsages(
      KeystoreRepository keystores,
      KekHistory history,
      KeyHolders holders,
      KekUses uses,
      KmsRequestCounts requests,
      KmsContextConfig context) {
    this.keystores = keystores;
    this.history = history;
    this.holders = holders;
    this.uses = uses;
    this.requests = requests;
    this.context = context;
  }

  /// Fails with [KeystoreFailure.KekInUse] if the KEK opened something recently, or if that is not
  /// on record. A KEK whose state does not let it be destroyed anyway is not examined.
  public Uni<Void> requireIdle(KekName kek) {
    return history
        .find(kek)
        .chain(
            known ->
                switch (known.state()) {
                  case RETIRED, DISABLED -> requireUnused(kek);
                  case PENDING_GENERATION, ACTIVE, DESTROY_SCHEDULED, DESTROYED ->
                      Uni.createFrom().voidItem();
                });
  }

  private Uni<Void> requireUnused(KekName kek) {
    if (!uses.recordsUnwraps()) {
      return Uni.createFrom().failure(new KeystoreFailure.KekInUse(kek, null));
    }
    return uses.lastUnwrap(kek.keystore().tenant(), kek.id(), IN_USE)
        .invoke(
            last -> {
              if (last != null) {
                throw new KeystoreFailure.KekInUse(kek, last);
              }
            })
        .replaceWithVoid();
  }

  /// Returns the usage of a tenant's KMS keys, sorted by ARN.
  ///
  /// @param only a key, or an alias, which means the keys of the KEKs of all keystores that have it
  ///     as their root key; null for all keys
  public Uni<List<KeyUsage>> of(String tenant, @Nullable KmsArn only) {
    return keystores
        .list(tenant, KeystoreFilter.NONE, null, Integer.MAX_VALUE)
        .chain(
            all ->
                holders
                    .withPrivateKey(tenant)
                    .chain(
                        keks -> {
                          Map<KmsArn, Holders> byKey = byKey(all, keks, only);
                          Set<UUID> ids =
                              byKey.values().stream()
                                  .flatMap(it -> it.keks.stream())
                                  .map(kek -> kek.name().id())
                                  .collect(Collectors.toSet());
                          return uses.of(tenant, ids, COUNTED, IN_USE)
                              .map(used -> usages(tenant, byKey, used));
                        }));
  }

  /// Returns how a keystore is used.
  ///
  /// @param counts whether to count wraps and unwraps, which may take long
  public Uni<KeystoreUsage> of(KeystoreName name, boolean counts) {
    return keystores
        .find(name)
        .chain(() -> history.history(name, null, Integer.MAX_VALUE))
        .map(keks -> keks.stream().filter(kek -> hasPrivateKey(kek.state())).toList())
        .chain(
            keks -> {
              Set<UUID> ids = keks.stream().map(kek -> kek.name().id()).collect(Collectors.toSet());
              return uses.of(name.tenant(), ids, counts ? COUNTED : null, IN_USE)
                  .chain(
                      used ->
                          uses.refused(name.tenant(), ids, COUNTED)
                              .map(refused -> usage(keks, used, refused.orElse(null))));
            });
  }

  private static boolean hasPrivateKey(KekState state) {
    return state != KekState.PENDING_GENERATION && state != KekState.DESTROYED;
  }

  private static KeystoreUsage usage(
      List<KekDetails> keks, Map<UUID, KekUse> used, @Nullable RefusedUnwraps refused) {
    Map<KekDetails, KekUse> byKek = new LinkedHashMap<>();
    keks.forEach(kek -> byKek.put(kek, used.getOrDefault(kek.name().id(), KekUse.UNKNOWN)));
    return new KeystoreUsage(byKek, refused);
  }

  private List<KeyUsage> usages(String tenant, Map<KmsArn, Holders> byKey, Map<UUID, KekUse> used) {
    Map<KmsArn, KmsRequestCounts.Count> made =
        requests.of(it -> tenant.equals(it.pairs().get(context.tenantKey())));
    return byKey.entrySet().stream()
        .map(
            it ->
                it.getValue()
                    .usage(
                        it.getKey(),
                        used,
                        made.getOrDefault(it.getKey(), KmsRequestCounts.Count.NONE),
                        requests.start()))
        .toList();
  }

  private static Map<KmsArn, Holders> byKey(
      List<Keystore> keystores, List<KekDetails> keks, @Nullable KmsArn only) {
    Set<KeystoreName> ofAlias =
        keystores.stream()
            .filter(it -> only != null && only.isAlias() && only.equals(rootKey(it)))
            .map(Keystore::name)
            .collect(Collectors.toSet());
    Map<KmsArn, Holders> byKey = new TreeMap<>(Comparator.comparing(KmsArn::toString));
    for (KekDetails kek : keks) {
      if (only == null
          || only.equals(kek.rootKeyArn())
          || ofAlias.contains(kek.name().keystore())) {
        byKey.computeIfAbsent(kek.rootKeyArn(), key -> new Holders()).keks.add(kek);
      }
    }
    for (Keystore keystore : keystores) {
      KmsArn key = rootKey(keystore);
      if (key != null
          && !key.isAlias()
          && keystore.deleteTime() == null
          && (only == null || only.equals(key))) {
        byKey.computeIfAbsent(key, it -> new Holders()).keystores.add(keystore.name());
      }
    }
    return byKey;
  }

  private static @Nullable KmsArn rootKey(Keystore keystore) {
    return keystore.settings().rootKey() instanceof RootKey.TenantManaged tenants
        ? tenants.arn()
        : null;
  }

  /// What has private keys under one KMS key, or has it as its root key.
  private static final class Holders {
    final List<KekDetails> keks = new ArrayList<>();
    final Set<KeystoreName> keystores = new TreeSet<>(BY_NAME);

    KeyUsage usage(
        KmsArn key, Map<UUID, KekUse> used, KmsRequestCounts.Count requests, Instant requestsFrom) {
      Map<KeystoreName, Map<KekState, Integer>> states = new TreeMap<>(BY_NAME);
      Map<KekState, Integer> all = new EnumMap<>(KekState.class);
      List<KekUse> uses = new ArrayList<>();
      for (KekDetails kek : keks) {
        all.merge(kek.state(), 1, Integer::sum);
        states
            .computeIfAbsent(kek.name().keystore(), it -> new EnumMap<>(KekState.class))
            .merge(kek.state(), 1, Integer::sum);
        uses.add(used.getOrDefault(kek.name().id(), KekUse.UNKNOWN));
      }
      Set<KeystoreName> names = new TreeSet<>(BY_NAME);
      names.addAll(states.keySet());
      names.addAll(keystores);
      return new KeyUsage(
          key,
          all,
          List.copyOf(names),
          uses.stream()
              .map(KekUse::lastUnwrap)
              .filter(Objects::nonNull)
              .max(Comparator.<Instant>naturalOrder())
              .orElse(null),
          sum(uses.stream().map(KekUse::wraps).toList()),
          sum(uses.stream().map(KekUse::unwraps).toList()),
          requests,
          requestsFrom,
          neededBy(states));
    }

    private static OptionalLong sum(List<OptionalLong> counts) {
      return counts.stream().allMatch(OptionalLong::isPresent)
          ? OptionalLong.of(counts.stream().mapToLong(OptionalLong::getAsLong).sum())
          : OptionalLong.empty();
    }

    private List<String> neededBy(Map<KeystoreName, Map<KekState, Integer>> states) {
      List<String> needs = new ArrayList<>();
      states.forEach(
          (keystore, keks) -> {
            if (keks.containsKey(KekState.ACTIVE)) {
              needs.add(
                  "%s: its ACTIVE KEK is under this key, so what is wrapped now could not be"
                          .formatted(keystore)
                      + " unwrapped. Give the keystore another root key with UpdateKeystore");
            }
            if (keks.containsKey(KekState.RETIRED)) {
              needs.add(
                  "%s: unwraps under %s. Rewrap what is wrapped under them, or re-encrypt the KEKs"
                      .formatted(keystore, count(keks.get(KekState.RETIRED), "RETIRED KEK")));
            }
            if (keks.containsKey(KekState.DISABLED)) {
              needs.add(
                  "%s: %s, which EnableKek may let unwrap again. Schedule their destruction if they"
                          .formatted(keystore, count(keks.get(KekState.DISABLED), "DISABLED KEK"))
                      + " are not needed");
            }
          });
      for (KeystoreName keystore : keystores) {
        needs.add(
            "%s: it is the keystore's root key, so the next rotation would fail. Give the keystore"
                    .formatted(keystore)
                + " another one with UpdateKeystore");
      }
      return needs;
    }

    private static String count(@Nullable Integer count, String what) {
      int many = Objects.requireNonNull(count);
      return many + " " + what + (many == 1 ? "" : "s");
    }
  }
}
