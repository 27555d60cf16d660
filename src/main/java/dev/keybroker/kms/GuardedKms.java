package dev.keybroker.kms;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Uni;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// A bulkhead and a circuit breaker for each use of a key, so that one whose calls hang, fail or
/// are throttled costs the others nothing.
///
/// Calls that ask for no key are not guarded: those of STS have the bounds of the adapter.
public final class GuardedKms implements Kms {
  private static final KmsContext NO_CONTEXT = new KmsContext(Map.of());

  private final Kms kms;
  private final LoadingCache<KeyUse, KmsGuard> guards;
  private final Set<KmsGuard> open = ConcurrentHashMap.newKeySet();

  /// @throws IllegalArgumentException where a setting is out of bounds
  public GuardedKms(Kms kms, KmsGuardConfig config, MeterRegistry registry) {
    this.kms = kms;
    registry.gauge(Metrics.KMS_BREAKERS_OPEN, open, Set::size);
    KmsGuard.Shed shed = new KmsGuard.Shed(registry);
    this.guards =
        Caffeine.newBuilder()
            .maximumSize(config.max())
            .executor(Runnable::run)
            .<KeyUse, KmsGuard>removalListener(
                (use, guard, cause) -> {
                  if (guard != null) {
                    open.remove(guard);
                  }
                })
            .build(use -> new KmsGuard(use, config, open, shed));
  }

  /// The uses of root keys that are not asked for the time being, or by one call that tries: those
  /// whose circuit breaker is not closed. A use whose breaker nobody asks stays among them.
  public List<KeyUse> notAsked() {
    return open.stream().map(KmsGuard::use).toList();
  }

  @Override
  public Uni<GeneratedKeyPair> generateKeyPair(KmsKey key, KeyPairSpec spec, KmsContext context) {
    return guard(key, context)
        .run(
            "kms:GenerateDataKeyPairWithoutPlaintext",
            () -> kms.generateKeyPair(key, spec, context));
  }

  @Override
  public Uni<EncryptedPrivateKey> encryptPrivateKey(
      KmsKey key, SecretBytes privateKey, KmsContext context) {
    return guard(key, context)
        .run("kms:Encrypt", () -> kms.encryptPrivateKey(key, privateKey, context));
  }

  @Override
  public Uni<DecryptedPrivateKey> decryptPrivateKey(
      KmsKey key, byte[] encryptedPrivateKey, KmsContext context) {
    return guard(key, context)
        .run("kms:Decrypt", () -> kms.decryptPrivateKey(key, encryptedPrivateKey, context));
  }

  @Override
  public Uni<KmsKeyDescription> describe(KmsKey key) {
    return guard(key, NO_CONTEXT).run("kms:DescribeKey", () -> kms.describe(key));
  }

  @Override
  public Uni<Void> assumeRole(AssumedRole role) {
    return kms.assumeRole(role);
  }

  @Override
  public Uni<String> ownPrincipal() {
    return kms.ownPrincipal();
  }

  private KmsGuard guard(KmsKey key, KmsContext context) {
    return guards.get(new KeyUse(key, context));
  }
}
