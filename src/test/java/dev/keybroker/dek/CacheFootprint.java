package dev.keybroker.dek;

import dev.keybroker.crypto.CryptoProvider;
import dev.keybroker.crypto.DekWrapping;
import dev.keybroker.crypto.EncryptionContext;
import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.kek.ActiveKek;
import dev.keybroker.kek.Kek;
import dev.keybroker.kek.KekCacheConfig;
import dev.keybroker.kek.KekFailure;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KekOrigin;
import dev.keybroker.kek.KekProvenance;
import dev.keybroker.kek.KekState;
import dev.keybroker.kek.KekTier;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kek.MemoryKekTier;
import dev.keybroker.kek.MemoryPrivateKeks;
import dev.keybroker.kek.PrivateKek;
import dev.keybroker.kek.RecordedAnswers;
import dev.keybroker.kek.RootKeyConfig;
import dev.keybroker.kek.RootKeyStates;
import dev.keybroker.kms.AssumedRole;
import dev.keybroker.kms.FakeKms;
import dev.keybroker.kms.GeneratedKeyPair;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.KmsAction;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsContext;
import dev.keybroker.kms.KmsKey;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quarkus.runtime.configuration.DurationConverter;
import io.smallrye.config.SmallRyeConfigBuilder;
import io.smallrye.mutiny.Uni;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.lang.ref.Reference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.stream.Stream;

/// A process whose caches of KEKs are full to the limits of the default settings, with the largest
/// records that there are: RSA_4096, long names, a role. Prints how much of the heap they hold.
///
/// Names and ids are new for each record, as they are when a record is read from Redis.
final class CacheFootprint {
  /// Each cache is offered so much more than it may hold.
  private static final double TOO_MUCH = 1.2;

  private static final KeyPairSpec SPEC = KeyPairSpec.RSA_4096;

  private final CryptoProvider provider = CryptoProvider.detect();
  private final KeyCodec codec = new KeyCodec(provider);
  private final SecureRandom random = new SecureRandom();
  private final FakeKms kms = new FakeKms(provider);
  private final KmsContext context =
      new KmsContext(Map.of("keybroker:tenant", "acme", "keybroker:keystore", "calls"));
  private final GeneratedKeyPair pair =
      kms.generateKeyPair(new KeyUse(rootKey(0).key(), context), SPEC).await().indefinitely();

  private long heapBefore;
  private long residentBefore;

  private CacheFootprint() {}

  public static void main(String[] arguments) {
    new CacheFootprint().run();
  }

  private static <C> C defaults(Class<C> mapping) {
    return new SmallRyeConfigBuilder()
        .withConverter(Duration.class, 200, new DurationConverter())
        .withMapping(mapping)
        .build()
        .getConfigMapping(mapping);
  }

  private static long used() {
    for (int i = 0; i < 3; i++) {
      System.gc();
    }
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private static KeystoreName keystore(int i) {
    return new KeystoreName("tenant-with-a-name-of-some-length-" + i, "call-recordings-" + i);
  }

  private KeyUse rootKey(int i) {
    UUID id = new UUID(7, i);
    return new KeyUse(
        new KmsKey(
            KmsArn.parse("arn:aws:kms:eu-central-1:111122223333:key/" + id),
            new AssumedRole(
                "arn:aws:iam::111122223333:role/keybroker-access-" + i, UUID.randomUUID() + "")),
        new KmsContext(
            Map.of(
                "keybroker:tenant",
                "tenant-with-a-name-of-some-length-" + i,
                "keybroker:keystore",
                "call-recordings-" + i)));
  }

  private ActiveKek active(KeystoreName keystore) {
    int i = Integer.parseInt(keystore.tenant().substring(keystore.tenant().lastIndexOf('-') + 1));
    return new ActiveKek(
        new KekName(keystore(i), UUID.randomUUID()),
        codec.parsePublic(SPEC, pair.publicKey()),
        rootKey(i),
        false,
        Clock.systemUTC().instant(),
        Clock.systemUTC().instant());
  }

  private Kek kek(UUID id) {
    int i = (int) id.getLeastSignificantBits();
    return new Kek(
        new KekName(keystore(i), id),
        KekState.RETIRED,
        SPEC,
        new KeyUse(rootKey(i).key(), rootKey(i).context()),
        pair.encryptedPrivateKey().clone(),
        Duration.ofMinutes(15),
        Clock.systemUTC().instant(),
        new KekProvenance(
            KekOrigin.KMS_GENERATED,
            pair.publicKey().clone(),
            Clock.systemUTC().instant(),
            Clock.systemUTC().instant()));
  }

  /// A KEK that the key management service decrypts.
  private Kek openable(int i) {
    Kek kek = kek(new UUID(1, i));
    return new Kek(
        kek.name(),
        kek.state(),
        SPEC,
        new KeyUse(rootKey(0).key(), context),
        kek.encryptedPrivateKey(),
        kek.privateKekLifetime(),
        kek.readTime());
  }

  private final class Stores implements KekTier {
    @Override
    public Uni<ActiveKek> active(KeystoreName keystore) {
      return Uni.createFrom().item(() -> CacheFootprint.this.active(keystore));
    }

    @Override
    public Uni<Kek> kek(UUID id) {
      return id.getMostSignificantBits() == 0
          ? Uni.createFrom().failure(new KekFailure.UnknownKek())
          : Uni.createFrom().item(() -> CacheFootprint.this.kek(id));
    }
  }

  /// In KiB. The heap is resident from the start on, so that what this grows by is outside of it.
  private static long resident() {
    try (Stream<String> lines = Files.lines(Path.of("/proc/self/status"))) {
      String line = lines.filter(it -> it.startsWith("VmRSS:")).findAny().orElseThrow();
      return Long.parseLong(line.replaceAll("[^0-9]", ""));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void measured(String cache) {
    long heap = used();
    long resident = resident();
    System.out.printf(
        "%s: %d KiB of heap, %d KiB outside%n",
        cache, (heap - heapBefore) / 1024, resident - residentBefore);
    heapBefore = heap;
    residentBefore = resident;
  }

  private void run() {
    SimpleMeterRegistry registry = new SimpleMeterRegistry();
    KekCacheConfig config = defaults(KekCacheConfig.class);
    KekTier stores = new Stores();
    long heap = used();
    long resident = resident();
    heapBefore = heap;
    residentBefore = resident;

    MemoryKekTier records =
        new MemoryKekTier(
            stores,
            stores,
            copy -> Uni.createFrom().failure(new KekFailure.UnknownKek()),
            Duration.ofHours(24),
            config,
            System::nanoTime,
            Clock.systemUTC(),
            registry);
    int most = (int) (TOO_MUCH * config.maxRecordBytes() / pair.encryptedPrivateKey().length);
    for (int i = 0; i < most; i++) {
      records.active(keystore(i)).await().indefinitely();
    }
    measured("ACTIVE KEKs");
    for (int i = 0; i < most; i++) {
      records.kek(new UUID(1, i)).await().indefinitely();
    }
    measured("KEKs to unwrap with");
    for (int i = 0; i < TOO_MUCH * config.maxUnknown(); i++) {
      records.kek(new UUID(0, i)).onFailure().recoverWithNull().await().indefinitely();
    }
    measured("unknown ids");

    RootKeyConfig rootKeyConfig = defaults(RootKeyConfig.class);
    MemoryPrivateKeks privateKeks =
        new MemoryPrivateKeks(
            kms, states(rootKeyConfig), codec, config, System::nanoTime, registry);
    for (int i = 0; i < TOO_MUCH * config.maxPrivateKeks(); i++) {
      privateKeks.privateKek(openable(i)).uni().await().indefinitely();
    }
    measured("private KEKs");

    WrapSessionConfig sessionConfig = defaults(WrapSessionConfig.class);
    WrapSessions sessions =
        new WrapSessions(new DekWrapping(provider, random), sessionConfig, () -> 0L, Runnable::run);
    try (SecretBytes dek = SecretBytes.random(32, random)) {
      ActiveKek kek = active(keystore(0));
      for (int i = 0; i < TOO_MUCH * sessionConfig.maxSessions(); i++) {
        sessions.wrap(
            new ActiveKek(
                new KekName(keystore(i), kek.name().id()),
                kek.key(),
                kek.rootKey(),
                false,
                kek.createTime(),
                kek.readTime()),
            dek,
            EncryptionContext.empty());
      }
    }
    measured("wrap sessions");

    OpenedSecretsConfig openedConfig = defaults(OpenedSecretsConfig.class);
    OpenedSecrets opened = new OpenedSecrets(openedConfig, System::nanoTime);
    Kek openedBy = openable(0);
    PrivateKek privateKek = privateKeks.privateKek(openedBy).uni().await().indefinitely();
    for (int i = 0; i < TOO_MUCH * openedConfig.max(); i++) {
      byte[] encapsulated = new byte[512];
      random.nextBytes(encapsulated);
      opened.put(openedBy, encapsulated, SecretBytes.random(32, random), privateKek);
    }
    measured("opened secrets");

    RootKeyStates states = states(rootKeyConfig);
    for (int i = 0; i < TOO_MUCH * rootKeyConfig.max(); i++) {
      states.ended(rootKey(i), KmsAction.DECRYPT, System.nanoTime(), null);
    }
    measured("states of root keys");

    System.out.printf(
        "all: %d KiB of heap, %d KiB outside%n", (used() - heap) / 1024, resident() - resident);
    for (Object cache : List.of(records, privateKeks, sessions, opened, states)) {
      Reference.reachabilityFence(cache);
    }
    System.exit(0);
  }

  private static RootKeyStates states(RootKeyConfig config) {
    return new RootKeyStates(config, RecordedAnswers::new, System::nanoTime, Clock.systemUTC());
  }
}
