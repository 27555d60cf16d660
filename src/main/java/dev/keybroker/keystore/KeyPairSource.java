package dev.keybroker.keystore;

import dev.keybroker.crypto.InvalidKekException;
import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.KeyPairs;
import dev.keybroker.crypto.WrappingKey;
import dev.keybroker.kek.KekOrigin;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.Kms;
import dev.keybroker.kms.KmsAction;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsFailure;
import dev.keybroker.kms.QuotaExceeded;
import dev.keybroker.kms.QuotaGate;
import dev.keybroker.kms.Urgency;
import io.smallrye.mutiny.Uni;
import jakarta.inject.Singleton;

/// Makes key pairs whose private half is encrypted under a KMS key. KMS makes them, or the broker
/// does if the KMS key is in a custom key store, for which KMS makes none. Thread-safe.
@Singleton
public final class KeyPairSource {
  private static final String GENERATE = KmsAction.GENERATE_KEY_PAIR.action();

  private final Kms kms;
  private final QuotaGate gate;
  private final KeyCodec codec;
  private final KeyPairs keyPairs;
  private final KeyPairLane lane;

  /// @param gate the gate that every key pair passes, whatever it is for
  public KeyPairSource(
      Kms kms, QuotaGate gate, KeyCodec codec, KeyPairs keyPairs, KeyPairLane lane) {
    this.kms = kms;
    this.gate = gate;
    this.codec = codec;
    this.keyPairs = keyPairs;
    this.lane = lane;
  }

  /// A key pair with its public half parsed.
  ///
  /// @param encryptedPrivateKey PKCS#8 DER under the KMS key
  /// @param keyArn the key ARN that KMS reported
  @SuppressWarnings("ArrayRecordComponent") // carried, never compared
  record Pair(KekOrigin origin, WrappingKey publicKey, byte[] encryptedPrivateKey, KmsArn keyArn) {}

  /// Makes a key pair. Fails with [KmsFailure], or [KeystoreFailure.KeyPairsOverloaded].
  Uni<Pair> pair(KeyUse use, KeyPairSpec spec, String tenant, Urgency urgency) {
    return gate.keyPair(use.key(), spec, tenant, urgency)
        .onFailure(QuotaExceeded.class)
        .transform(
            full -> new KeystoreFailure.KeyPairsOverloaded(((QuotaExceeded) full).retryAfter()))
        .chain(() -> kms.generateKeyPair(use, spec))
        .map(
            pair ->
                new Pair(
                    KekOrigin.KMS_GENERATED,
                    publicKey(spec, pair.publicKey()),
                    pair.encryptedPrivateKey(),
                    pair.keyArn()))
        .onFailure(KeyPairSource::isUnusable)
        .recoverWithUni(
            refusal ->
                kms.describe(use)
                    .onFailure(KeyPairSource::isDenied)
                    .transform(denied -> refusal)
                    .chain(
                        description ->
                            description.inCustomKeyStore()
                                ? madeHere(use, spec)
                                : Uni.createFrom().failure(refusal)));
  }

  /// Makes a key pair in the broker. KMS encrypts the private key, which is wiped whatever the
  /// outcome.
  private Uni<Pair> madeHere(KeyUse use, KeyPairSpec spec) {
    return lane.run(() -> keyPairs.generate(spec))
        .chain(
            pair ->
                kms.encryptPrivateKey(use, pair.pkcs8())
                    .map(
                        encrypted ->
                            new Pair(
                                KekOrigin.BROKER_GENERATED,
                                publicKey(spec, pair.subjectPublicKeyInfo()),
                                encrypted.ciphertext(),
                                encrypted.keyArn()))
                    .onTermination()
                    .invoke(pair::close));
  }

  private static boolean isUnusable(Throwable failure) {
    return failure instanceof KmsFailure kms && kms.kind() == KmsFailure.Kind.KEY_UNUSABLE;
  }

  private static boolean isDenied(Throwable failure) {
    return failure instanceof KmsFailure kms && kms.kind() == KmsFailure.Kind.ACCESS_DENIED;
  }

  private WrappingKey publicKey(KeyPairSpec spec, byte[] subjectPublicKeyInfo) {
    try {
      return codec.parsePublic(spec, subjectPublicKeyInfo);
    } catch (InvalidKekException e) {
      throw new KmsFailure(
          KmsFailure.Kind.UNREACHABLE,
          GENERATE,
          "MalformedResponse",
          "the public key is not of the spec that was asked for",
          null);
    }
  }
}
