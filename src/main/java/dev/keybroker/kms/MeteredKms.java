package dev.keybroker.kms;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.telemetry.Metrics;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.smallrye.mutiny.Uni;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/// Counts and times the calls of a [Kms], by operation and outcome.
public final class MeteredKms implements Kms {
  private final Kms kms;
  private final MeterRegistry registry;

  public MeteredKms(Kms kms, MeterRegistry registry) {
    this.kms = kms;
    this.registry = registry;
  }

  @Override
  public Uni<GeneratedKeyPair> generateKeyPair(KmsKey key, KeyPairSpec spec, KmsContext context) {
    return timed(KmsOperation.GENERATE_KEY_PAIR.tag(), kms.generateKeyPair(key, spec, context));
  }

  @Override
  public Uni<EncryptedPrivateKey> encryptPrivateKey(
      KmsKey key, SecretBytes privateKey, KmsContext context) {
    return timed(KmsOperation.ENCRYPT.tag(), kms.encryptPrivateKey(key, privateKey, context));
  }

  @Override
  public Uni<DecryptedPrivateKey> decryptPrivateKey(
      KmsKey key, byte[] encryptedPrivateKey, KmsContext context) {
    return timed(
        KmsOperation.DECRYPT.tag(), kms.decryptPrivateKey(key, encryptedPrivateKey, context));
  }

  @Override
  public Uni<Void> checkDecrypt(KmsKey key, byte[] encryptedPrivateKey, KmsContext context) {
    return timed("check_decrypt", kms.checkDecrypt(key, encryptedPrivateKey, context));
  }

  @Override
  public Uni<KmsKeyDescription> describe(KmsKey key) {
    return timed(KmsOperation.DESCRIBE_KEY.tag(), kms.describe(key));
  }

  @Override
  public Uni<Void> assumeRole(AssumedRole role) {
    return timed("assume_role", kms.assumeRole(role));
  }

  @Override
  public Uni<String> ownPrincipal() {
    return timed("get_caller_identity", kms.ownPrincipal());
  }

  private <T> Uni<T> timed(String operation, Uni<T> call) {
    return Uni.createFrom()
        .deferred(
            () -> {
              long start = System.nanoTime();
              return call.onItemOrFailure()
                  .invoke(
                      (item, failure) ->
                          Timer.builder(Metrics.KMS_CALLS)
                              .tag(Metrics.OPERATION, operation)
                              .tag(Metrics.OUTCOME, outcome(failure))
                              .register(registry)
                              .record(System.nanoTime() - start, TimeUnit.NANOSECONDS));
            });
  }

  private static String outcome(@Nullable Throwable failure) {
    return switch (failure) {
      case null -> "ok";
      case KmsFailure known -> known.kind().name().toLowerCase(Locale.ROOT);
      default -> "failed";
    };
  }
}
