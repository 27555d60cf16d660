package dev.keybroker.keystore;

import dev.keybroker.kms.Hints;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.Kms;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.PolicyPrincipal;
import io.smallrye.mutiny.Uni;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/// Explains what to fix after a failed KMS call. Thread-safe.
public final class Diagnosis {
  private final Kms kms;
  private final Optional<String> configuredPrincipal;
  private final InstantSource clock;
  private final AtomicReference<@Nullable String> ownPrincipal = new AtomicReference<>();

  /// @param principalArn the broker's own principal, if AWS reports it incompletely
  public Diagnosis(Kms kms, Optional<String> principalArn, InstantSource clock) {
    this.kms = kms;
    this.configuredPrincipal = principalArn;
    this.clock = clock;
  }

  /// AWS reports a principal of the broker other than the one that the setting names.
  public static final class WrongPrincipal extends RuntimeException {
    WrongPrincipal(String configured, String reported) {
      super(
          "keybroker.aws.principal-arn is "
              + configured
              + ", but AWS knows the broker as "
              + reported
              + ": correct the setting or the broker's credentials");
    }
  }

  /// Returns the ARN of the broker's own principal, which AWS is asked for once. Fails with
  /// [KmsFailure], or with [WrongPrincipal].
  public Uni<String> ownPrincipal() {
    String known = ownPrincipal.get();
    return known != null
        ? Uni.createFrom().item(known)
        : kms.ownPrincipal().map(this::checked).invoke(ownPrincipal::set);
  }

  private String checked(String reported) {
    String configured = configuredPrincipal.orElse(reported);
    if (!PolicyPrincipal.isSame(configured, reported)) {
      throw new WrongPrincipal(configured, reported);
    }
    return configured;
  }

  /// Returns the failure as the keystore's administrator reads it. Never fails.
  public Uni<RootKeyError> of(KmsFailure failure, KeyUse use) {
    return of(failure, use, false);
  }

  /// Like [#of(KmsFailure, KeyUse)].
  ///
  /// @param keyIsThere whether AWS has just described the key, so that the hint need not question
  ///     its existence
  Uni<RootKeyError> of(KmsFailure failure, KeyUse use, boolean keyIsThere) {
    return ownPrincipal()
        .onFailure()
        .recoverWithNull()
        .map(
            principal ->
                new RootKeyError(
                    failure.code(),
                    failure.action(),
                    failure.detail(),
                    Hints.of(failure, use, principal, keyIsThere).text(),
                    failure.requestId(),
                    clock.instant()));
  }
}
