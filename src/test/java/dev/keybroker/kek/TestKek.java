package dev.keybroker.kek;

import com.github.benmanes.caffeine.cache.Ticker;
import dev.keybroker.crypto.CryptoProvider;
import dev.keybroker.crypto.DekWrapping;
import dev.keybroker.crypto.EncryptionContext;
import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.NotAuthenticException;
import dev.keybroker.crypto.SecretBytes;
import dev.keybroker.crypto.UnwrappingKey;
import dev.keybroker.crypto.WrappingKey;
import dev.keybroker.kms.CallGuard;
import dev.keybroker.kms.FakeKms;
import dev.keybroker.kms.GeneratedKeyPair;
import dev.keybroker.kms.InstrumentedKms;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.KeyUseObserver;
import dev.keybroker.kms.Kms;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsContext;
import dev.keybroker.kms.KmsKey;
import dev.keybroker.kms.KmsRequestCounts;
import dev.keybroker.telemetry.Spans;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.UUID;

/// A KEK with its public key, and a DEK wrapped under it to try private keys with.
///
/// @param dek what `wrapped` holds
@SuppressWarnings("ArrayRecordComponent") // never compared
record TestKek(Kek kek, WrappingKey publicKey, SecretBytes dek, byte[] wrapped) {
  static final CryptoProvider PROVIDER = CryptoProvider.detect();
  static final KeyCodec CODEC = new KeyCodec(PROVIDER);
  static final KeystoreName KEYSTORE = new KeystoreName("acme", "calls");

  private static final SecureRandom RANDOM = new SecureRandom();
  private static final DekWrapping WRAPPING = new DekWrapping(PROVIDER, RANDOM);
  private static final KmsKey ROOT_KEY =
      new KmsKey(KmsArn.parse("arn:aws:kms:eu-central-1:111122223333:key/k-1"), null);

  static TestKek of(FakeKms kms, Duration lifetime) {
    KmsContext context =
        new KmsContext(Map.of("keybroker:tenant", "acme", "keybroker:keystore", "calls"));
    GeneratedKeyPair pair =
        kms.generateKeyPair(new KeyUse(ROOT_KEY, context), KeyPairSpec.ECC_NIST_P256)
            .await()
            .indefinitely();
    UUID id = UUID.randomUUID();
    WrappingKey publicKey = CODEC.parsePublic(KeyPairSpec.ECC_NIST_P256, pair.publicKey());
    SecretBytes dek = SecretBytes.random(32, RANDOM);
    Kek kek =
        new Kek(
            new KekName(KEYSTORE, id),
            KekState.ACTIVE,
            KeyPairSpec.ECC_NIST_P256,
            new KeyUse(new KmsKey(pair.keyArn(), null), context),
            pair.encryptedPrivateKey(),
            lifetime,
            Instant.parse("2026-03-01T12:00:00Z"));
    return new TestKek(
        kek, publicKey, dek, WRAPPING.wrap(id, publicKey, dek, EncryptionContext.empty()));
  }

  /// Its root key, as its keystore uses it.
  KeyUse use() {
    return kek.rootKey();
  }

  /// The same KEK as its record says after the keystore's setting was changed.
  Kek withLifetime(Duration lifetime) {
    return new Kek(
        kek.name(),
        kek.state(),
        kek.spec(),
        kek.rootKey(),
        kek.encryptedPrivateKey(),
        lifetime,
        kek.readTime());
  }

  /// Whether the private key opens the wrapped DEK. Fails with [IllegalStateException] where the
  /// key is wiped.
  boolean opensWith(UnwrappingKey key) {
    try (SecretBytes opened =
        WRAPPING.unwrap(kek.name().id(), key, wrapped, EncryptionContext.empty())) {
      return opened.equals(dek);
    } catch (NotAuthenticException e) {
      return false;
    }
  }

  /// As production calls KMS, without guards.
  static Kms reporting(Kms kms, KeyUseObserver observer, Ticker ticker) {
    return new InstrumentedKms(
        kms,
        CallGuard.NONE,
        observer,
        ticker,
        new SimpleMeterRegistry(),
        Spans.off(),
        new KmsRequestCounts(InstantSource.system()));
  }
}
