package dev.keybroker.keystore;

import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KekOrigin;
import dev.keybroker.kek.KekState;
import dev.keybroker.kms.KmsArn;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/// A KEK as its keystore's administrator sees it: no key material.
///
/// @param origin null while generation is pending
/// @param rootKeyArn the key ARN that KMS reported; while generation is pending, the ARN that the
///     keystore names, which may be an alias
/// @param publicKeyFingerprint SHA-256 of the SubjectPublicKeyInfo, 64 lower-case hex digits; null
///     while generation is pending
/// @param createTime when its generation started
/// @param activeTime when it became ACTIVE
/// @param retireTime when it stopped being ACTIVE
/// @param destroyTime when its private key will be or was erased; null if no destruction is
///     scheduled
public record KekDetails(
    KekName name,
    KekState state,
    KeyPairSpec spec,
    @Nullable KekOrigin origin,
    KmsArn rootKeyArn,
    @Nullable String publicKeyFingerprint,
    Instant createTime,
    @Nullable Instant activeTime,
    @Nullable Instant retireTime,
    @Nullable Instant destroyTime) {
  /// Returns this KEK in another state.
  public KekDetails state(KekState newState, @Nullable Instant newDestroyTime) {
    return new KekDetails(
        name,
        newState,
        spec,
        origin,
        rootKeyArn,
        publicKeyFingerprint,
        createTime,
        activeTime,
        retireTime,
        newDestroyTime);
  }
}
