package dev.keybroker.kms;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.kms.KmsRequestCounts.Count;
import dev.keybroker.telemetry.Metrics;
import dev.keybroker.telemetry.Spans;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.smallrye.mutiny.Uni;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Traces, guards, observes, counts and meters the calls of a [Kms], in this order from the
/// outside.
///
/// Calls are observed inside the guard: a refusal by the guard is not an answer from KMS, and a
/// call that its caller gave up still gets an answer. An answer counts for the key that the caller
/// named, even if a replica gave it. Answers that say nothing about the key are not reported: the
/// refusal of a ciphertext that does not belong to the key, the refusal to make key pairs under
/// this kind of key, every DescribeKey, every ReEncrypt, whose failure may be about either of two
/// keys, and the failure of a call that named an alias.
public final class InstrumentedKms implements Kms {
  private final Kms kms;
  private final CallGuard guards;
  private final KeyUseObserver observer;
  private final Ticker ticker;
  private final MeterRegistry registry;
  private final Spans spans;
  private final KmsRequestCounts requests;

  /// @param guards the guards that each use of a key passes; calls of STS and for grants have the
  ///     adapter's bounds
  /// @param observer receives KMS's answers for its keys
  public InstrumentedKms(
      Kms kms,
      CallGuard guards,
      KeyUseObserver observer,
      Ticker ticker,
      MeterRegistry registry,
      Spans spans,
      KmsRequestCounts requests) {
    this.kms = kms;
    this.guards = guards;
    this.observer = observer;
    this.ticker = ticker;
    this.registry = registry;
    this.spans = spans;
    this.requests = requests;
  }

  @Override
  public Uni<GeneratedKeyPair> generateKeyPair(KeyUse use, KeyPairSpec spec) {
    return run(
        KmsAction.GENERATE_KEY_PAIR,
        Count.one(spec),
        use,
        kms.generateKeyPair(use, spec),
        GeneratedKeyPair::keyArn);
  }

  @Override
  public Uni<EncryptedPrivateKey> encryptPrivateKey(KeyUse use, SecretBytes privateKey) {
    return run(
        KmsAction.ENCRYPT,
        use,
        kms.encryptPrivateKey(use, privateKey),
        EncryptedPrivateKey::keyArn);
  }

  @Override
  public Uni<DecryptedPrivateKey> decryptPrivateKey(KeyUse use, byte[] encryptedPrivateKey) {
    return run(
        KmsAction.DECRYPT,
        use,
        kms.decryptPrivateKey(use, encryptedPrivateKey),
        decrypted -> use.key().arn());
  }

  @Override
  public Uni<Void> checkDecrypt(KeyUse use, byte[] encryptedPrivateKey) {
    return run(
        KmsAction.CHECK_DECRYPT,
        use,
        kms.checkDecrypt(use, encryptedPrivateKey),
        admitted -> use.key().arn());
  }

  @Override
  public Uni<EncryptedPrivateKey> reEncryptPrivateKey(
      KeyUse from, byte[] encryptedPrivateKey, KeyUse to) {
    return run(
        KmsAction.RE_ENCRYPT,
        to,
        kms.reEncryptPrivateKey(from, encryptedPrivateKey, to),
        EncryptedPrivateKey::keyArn);
  }

  @Override
  public Uni<KmsKeyDescription> describe(KeyUse use) {
    return run(KmsAction.DESCRIBE_KEY, use, kms.describe(use), KmsKeyDescription::keyArn);
  }

  @Override
  public Uni<CreatedGrant> createGrant(
      KeyUse use, String name, String grantee, List<String> operations) {
    return unguarded(KmsAction.CREATE_GRANT, kms.createGrant(use, name, grantee, operations));
  }

  @Override
  public Uni<Void> retireGrant(KmsKey key) {
    return unguarded(KmsAction.RETIRE_GRANT, kms.retireGrant(key));
  }

  @Override
  public Uni<Void> assumeRole(AssumedRole role) {
    return unguarded(KmsAction.ASSUME_ROLE, kms.assumeRole(role));
  }

  @Override
  public Uni<String> ownPrincipal() {
    return unguarded(KmsAction.GET_CALLER_IDENTITY, kms.ownPrincipal());
  }

  private <T> Uni<T> unguarded(KmsAction action, Uni<T> call) {
    return traced(action, metered(action, call));
  }

  /// @param answering returns the key that an answer names, in case the call named an alias
  private <T> Uni<T> run(KmsAction action, KeyUse use, Uni<T> call, Function<T, KmsArn> answering) {
    return run(action, Count.ONE, use, call, answering);
  }

  private <T> Uni<T> run(
      KmsAction action, Count request, KeyUse use, Uni<T> call, Function<T, KmsArn> answering) {
    Uni<T> counted = counted(request, use, metered(action, call), answering);
    Uni<T> observed = observed(action, use, counted, answering);
    return traced(action, guards.run(new KeyOperation(use, action.health()), () -> observed));
  }

  private <T> Uni<T> traced(KmsAction action, Uni<T> call) {
    return spans.around(Spans.KMS + "." + action.tag(), call);
  }

  private <T> Uni<T> counted(
      Count request, KeyUse use, Uni<T> call, Function<T, KmsArn> answering) {
    KmsArn named = use.key().arn();
    return call.onItemOrFailure()
        .invoke(
            (answer, failure) ->
                requests.made(
                    failure == null && named.isAlias() ? answering.apply(answer) : named,
                    use.context(),
                    request));
  }

  private <T> Uni<T> observed(
      KmsAction action, KeyUse use, Uni<T> call, Function<T, KmsArn> answering) {
    if (action == KmsAction.DESCRIBE_KEY || action == KmsAction.RE_ENCRYPT) {
      return call;
    }
    KmsKey key = use.key();
    return Uni.createFrom()
        .deferred(
            () -> {
              long started = ticker.read();
              return call.invoke(
                      answer ->
                          observer.ended(
                              key.arn().isAlias() ? use.of(answering.apply(answer)) : use,
                              action.health(),
                              started,
                              null))
                  .onFailure(KmsFailure.class)
                  .invoke(
                      trouble -> {
                        KmsFailure failure = (KmsFailure) trouble;
                        if (!key.arn().isAlias() && isAboutTheKey(action, failure)) {
                          observer.ended(use, action.health(), started, failure);
                        }
                      });
            });
  }

  /// Every answer to a dry run is about the key, because the dry run uses the ciphertext that
  /// matters.
  private static boolean isAboutTheKey(KmsAction action, KmsFailure failure) {
    return action == KmsAction.CHECK_DECRYPT
        || switch (failure.kind()) {
          case CIPHERTEXT_REFUSED, KEY_UNUSABLE -> false;
          default -> true;
        };
  }

  private <T> Uni<T> metered(KmsAction action, Uni<T> call) {
    return Uni.createFrom()
        .deferred(
            () -> {
              long start = System.nanoTime();
              return call.onItemOrFailure()
                  .invoke(
                      (item, failure) ->
                          Timer.builder(Metrics.KMS_CALLS)
                              .tag(Metrics.OPERATION, action.tag())
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
