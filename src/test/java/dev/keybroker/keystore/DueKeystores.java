package dev.keybroker.keystore;

import dev.keybroker.access.Reach;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KekState;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.KmsAction;
import dev.keybroker.kms.KmsKey;
import dev.keybroker.kms.QuotaLine;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Any number of keystores with the same settings, some of them due, in memory and on one thread:
/// for the time of a test in place of the database's.
final class DueKeystores
    implements KeystoreRepository,
        KeystoreStatus,
        KekRepository,
        KekHistory,
        DueRotations,
        GrantRetirements {
  private final KeystoreSettings settings;
  private final InstantSource clock;
  private final Map<KeystoreName, Instant> due = new LinkedHashMap<>();
  private final Map<String, Instant> freeTimes = new HashMap<>();
  private final List<KeystoreName> planned = new ArrayList<>();
  private final Map<KekName, KekIntent> intents = new HashMap<>();
  private final Map<KeystoreName, Integer> made = new HashMap<>();
  private int failed;

  DueKeystores(KeystoreSettings settings, InstantSource clock) {
    this.settings = settings;
    this.clock = clock;
  }

  void due(KeystoreName name) {
    due.put(name, clock.instant());
  }

  /// How many KEKs were made for a keystore.
  int made(KeystoreName name) {
    return made.getOrDefault(name, 0);
  }

  /// How many scheduled rotations failed.
  int failed() {
    return failed;
  }

  @Override
  public Uni<List<KmsKey>> grants(KeystoreName keystore) {
    return Uni.createFrom().item(List.of());
  }

  @Override
  public Uni<Claim> claim(
      int limit,
      Duration lease,
      Function<Keystore, QuotaLine> plan,
      Function<Keystore, Duration> delay) {
    Instant now = clock.instant();
    List<KeystoreName> seen =
        due.entrySet().stream()
            .filter(entry -> !entry.getValue().isAfter(now))
            .limit(limit)
            .map(Map.Entry::getKey)
            .toList();
    List<DueRotation> rotations = new ArrayList<>();
    for (KeystoreName name : seen) {
      if (!planned.contains(name)) {
        QuotaLine line = plan.apply(keystore(name));
        Instant free = freeTimes.getOrDefault(line.name(), now);
        Instant time = free.isAfter(now) ? free : now;
        freeTimes.put(line.name(), time.plus(line.interval()));
        due.put(name, time);
        planned.add(name);
      }
      if (!due.get(name).isAfter(now)) {
        due.remove(name);
        rotations.add(new DueRotation(name, "due"));
      }
    }
    return Uni.createFrom().item(new Claim(rotations, seen.size()));
  }

  @Override
  public Uni<Void> retry(KeystoreName name, Function<Integer, Duration> backoff) {
    failed++;
    return Uni.createFrom().voidItem();
  }

  @Override
  public Uni<Long> overdue(Duration wait) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Uni<Tenant> tenant(String tenant) {
    return Uni.createFrom().item(new Tenant(tenant, "external-id"));
  }

  @Override
  public Uni<Keystore> find(KeystoreName name) {
    return Uni.createFrom().item(keystore(name));
  }

  private Keystore keystore(KeystoreName name) {
    Instant now = clock.instant();
    return new Keystore(
        name, settings, 1, null, null, null, now, now, null, null, null, null, null);
  }

  @Override
  public Uni<Inserted> insert(KeystoreName name, KeystoreSettings newSettings) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Uni<List<String>> tenants(Reach reach, @Nullable String after, int limit) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Uni<List<Keystore>> list(
      String tenant, KeystoreFilter filter, @Nullable String after, int limit) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Uni<Keystore> update(KeystoreName name, long version, KeystoreSettings newSettings) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Uni<Intended> intend(KekIntent intent) {
    KekName name = new KekName(intent.keystore(), UUID.randomUUID());
    intents.put(name, intent);
    return Uni.createFrom().item(new Intended.ToGenerate(name));
  }

  @Override
  public Uni<KekDetails> activate(NewKek kek) {
    KekIntent intent = intents.remove(kek.name());
    if (intent == null) {
      throw new IllegalStateException("no intent");
    }
    made.merge(intent.keystore(), 1, Integer::sum);
    Instant now = clock.instant();
    return Uni.createFrom()
        .item(
            new KekDetails(
                kek.name(),
                KekState.ACTIVE,
                intent.spec(),
                kek.origin(),
                kek.rootKeyArn(),
                "",
                now,
                now,
                null,
                null));
  }

  @Override
  public Uni<Void> abandon(KekName kek) {
    intents.remove(kek);
    return Uni.createFrom().voidItem();
  }

  @Override
  public Uni<Integer> abandonOlderThan(Duration age) {
    return Uni.createFrom().item(0);
  }

  @Override
  public Uni<Void> renew(KekName kek) {
    return Uni.createFrom().voidItem();
  }

  @Override
  public Uni<KekDetails> find(KekName kek) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Uni<List<KekDetails>> history(
      KeystoreName keystore, @Nullable KekCursor after, int limit) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Uni<KekDetails> change(KekName kek, Change change) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Uni<KekDetails> changeByTime(KekName kek, TimedChange change) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Uni<Void> add(KeystoreName keystore, KmsKey key) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Uni<List<Unneeded>> claim(int limit, Duration again) {
    return Uni.createFrom().item(List.of());
  }

  @Override
  public Uni<Void> end(KmsKey key) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Uni<Void> retry(Unneeded grant, Duration delay) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Uni<List<UUID>> eraseDue(int limit) {
    return Uni.createFrom().item(List.of());
  }

  @Override
  public Uni<Void> rotated(KeystoreName name, long version, Instant activeTime) {
    return Uni.createFrom().voidItem();
  }

  @Override
  public Uni<Void> rotatedBefore(KeystoreName name, long version) {
    return Uni.createFrom().voidItem();
  }

  @Override
  public Uni<Void> failed(KeystoreName name, RootKeyError error) {
    return Uni.createFrom().voidItem();
  }

  @Override
  public Uni<Void> succeeded(KeystoreName name, KmsAction operation, Instant started) {
    return Uni.createFrom().voidItem();
  }
}
