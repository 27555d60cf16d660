package dev.keybroker.kms;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.smallrye.mutiny.Uni;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// A bulkhead and a circuit breaker for each class of calls of each use of a key. Calls that hang,
/// fail or are throttled cost other keys nothing, nor other calls of the same key: playback goes on
/// while rotations are throttled.
///
/// Calls that ask for no key are not guarded: those of STS have the bounds of the adapter.
public final class GuardedKms implements Kms {
  private static final KmsContext NO_CONTEXT = new KmsContext(Map.of());

  private final Kms kms;
  private final LoadingCache<KeyOperation, KmsGuard> guards;
  private final Set<KmsGuard> open = ConcurrentHashMap.newKeySet();

  /// @throws IllegalArgumentException where a setting is out of bounds
  public GuardedKms(Kms kms, KmsGuardConfig config, MeterRegistry registry) {
    this.kms = kms;
    for (KmsOperation operation : KmsOperation.values()) {
      registry.gauge(
          Metrics.KMS_BREAKERS_OPEN,
          Tags.of(Metrics.OPERATION, operation.tag()),
          open,
          guards -> count(guards, operation));
    }
    KmsGuard.Shed shed = new KmsGuard.Shed(registry);
    this.guards =
        Caffeine.newBuilder()
            .maximumSize(config.max())
            .executor(Runnable::run)
            .<KeyOperation, KmsGuard>removalListener(
                (guarded, guard, cause) -> {
                  if (guard != null) {
                    open.remove(guard);
                  }
                })
            .build(guarded -> new KmsGuard(guarded, config, open, shed));
  }

  private static long count(Collection<KmsGuard> open, KmsOperation operation) {
    return open.stream().filter(guard -> guard.guarded().operation() == operation).count();
  }

  /// What KMS is not asked for the time being, or by one call that tries: the root keys and classes
  /// of calls whose circuit breaker is not closed. One that nobody asks for any more stays listed.
  public List<KeyOperation> notAsked() {
    return open.stream().map(KmsGuard::guarded).toList();
  }

  @Override
  public Uni<GeneratedKeyPair> generateKeyPair(KmsKey key, KeyPairSpec spec, KmsContext context) {
    return guard(key, context, KmsOperation.GENERATE_KEY_PAIR)
        .run(() -> kms.generateKeyPair(key, spec, context));
  }

  @Override
  public Uni<EncryptedPrivateKey> encryptPrivateKey(
      KmsKey key, SecretBytes privateKey, KmsContext context) {
    return guard(key, context, KmsOperation.ENCRYPT)
        .run(() -> kms.encryptPrivateKey(key, privateKey, context));
  }

  @Override
  public Uni<DecryptedPrivateKey> decryptPrivateKey(
      KmsKey key, byte[] encryptedPrivateKey, KmsContext context) {
    return guard(key, context, KmsOperation.DECRYPT)
        .run(() -> kms.decryptPrivateKey(key, encryptedPrivateKey, context));
  }

  @Override
  public Uni<Void> checkDecrypt(KmsKey key, byte[] encryptedPrivateKey, KmsContext context) {
    return guard(key, context, KmsOperation.DECRYPT)
        .run(() -> kms.checkDecrypt(key, encryptedPrivateKey, context));
  }

  @Override
  public Uni<KmsKeyDescription> describe(KmsKey key) {
    return guard(key, NO_CONTEXT, KmsOperation.DESCRIBE_KEY).run(() -> kms.describe(key));
  }

  @Override
  public Uni<Void> assumeRole(AssumedRole role) {
    return kms.assumeRole(role);
  }

  @Override
  public Uni<String> ownPrincipal() {
    return kms.ownPrincipal();
  }

  private KmsGuard guard(KmsKey key, KmsContext context, KmsOperation operation) {
    return guards.get(new KeyOperation(new KeyUse(key, context), operation));
  }
}
