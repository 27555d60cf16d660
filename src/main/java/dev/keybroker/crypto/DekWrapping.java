package dev.keybroker.crypto;

import java.security.SecureRandom;
import java.util.UUID;

/// Wraps and unwraps DEKs: the entry point of this package.
///
/// Thread-safe. `wrap` and `unwrap` do everything for one DEK. Their two halves are available
/// separately for callers that keep an encapsulated secret for many DEKs of one KEK. The caller
/// owns every [SecretBytes] that it passes or receives. Keys must come from a [KeyCodec] of the
/// same [CryptoProvider].
public final class DekWrapping {

  private final Encapsulator encapsulator;
  private final DekCipher cipher;
  private final DekSealing sealing;
  private final SecureRandom random;

  public DekWrapping(CryptoProvider provider, SecureRandom random) {
    this.encapsulator = new Encapsulator(provider, random);
    this.cipher = new DekCipher(provider);
    this.sealing = new DekSealing(provider, random);
    this.random = random;
  }

  /// Generates a random DEK. The caller closes it.
  ///
  /// @param size 16 to 64 bytes
  public SecretBytes newDek(int size) {
    return SecretBytes.random(size, random);
  }

  /// Encapsulates a secret: the asymmetric half alone.
  public Encapsulator encapsulator() {
    return encapsulator;
  }

  /// Wraps a DEK of 16 to 64 bytes under a KEK, with its own encapsulated secret.
  ///
  /// @throws IllegalArgumentException if the DEK has another size
  public byte[] wrap(UUID kekId, WrappingKey key, SecretBytes dek, EncryptionContext context) {
    try (EncapsulatedSecret secret = encapsulator.encapsulate(key)) {
      return seal(kekId, key.spec(), secret, dek, context);
    }
  }

  /// Wraps a DEK of 16 to 64 bytes under an encapsulated secret of the KEK, with a fresh salt: the
  /// symmetric half alone. The salt is the message's own even if the random state repeats: see
  /// [DekCipher#hedgeSalt].
  ///
  /// @throws IllegalArgumentException if the DEK has another size
  /// @throws IllegalStateException if the secret or the DEK is closed; no bytes are produced from a
  ///     closed one
  public byte[] seal(
      UUID kekId,
      KeyPairSpec spec,
      EncapsulatedSecret secret,
      SecretBytes dek,
      EncryptionContext context) {
    byte[] randomness = new byte[WrappedDek.SALT_SIZE];
    random.nextBytes(randomness);
    byte[] wrapped = assembled(kekId, spec, secret, randomness, dek);
    int saltOffset = WrappedDek.HEADER_SIZE + spec.encapsulatedSize();
    cipher.hedgeSalt(secret.z(), wrapped, saltOffset, dek, context);
    cipher.seal(secret.z(), wrapped, saltOffset, dek, context);
    return wrapped;
  }

  /// Wraps with a given salt: deterministic, for test vectors. A salt must never be used twice.
  byte[] seal(
      UUID kekId,
      KeyPairSpec spec,
      EncapsulatedSecret secret,
      byte[] salt,
      SecretBytes dek,
      EncryptionContext context) {
    byte[] wrapped = assembled(kekId, spec, secret, salt, dek);
    int saltOffset = WrappedDek.HEADER_SIZE + spec.encapsulatedSize();
    cipher.seal(secret.z(), wrapped, saltOffset, dek, context);
    return wrapped;
  }

  private static byte[] assembled(
      UUID kekId, KeyPairSpec spec, EncapsulatedSecret secret, byte[] salt, SecretBytes dek) {
    if (dek.size() < WrappedDek.MIN_DEK_SIZE || dek.size() > WrappedDek.MAX_DEK_SIZE) {
      throw new IllegalArgumentException("a DEK has 16 to 64 bytes");
    }
    if (secret.encapsulated().length != spec.encapsulatedSize()) {
      throw new IllegalArgumentException("the encapsulated secret is of another spec");
    }
    return WrappedDek.assemble(kekId, spec, secret.encapsulated(), salt, dek.size());
  }

  /// Seals a DEK to a recipient's key: see [DekSealing]. The ephemeral key is the message's own
  /// even if the random state repeats: see [HedgedRandom].
  ///
  /// @param aad what the recipient must know to open it
  /// @return the encapsulated key, the ciphertext and its tag
  /// @throws IllegalStateException if the DEK is closed
  public byte[] sealTo(RecipientKey recipient, SecretBytes dek, byte[] aad) {
    return sealing.seal(recipient, dek, aad);
  }

  /// Unwraps a DEK with the KEK that the caller found by the wrapped DEK's own KEK id.
  ///
  /// @param kekId the id of the key given; a wrapped DEK that names another is refused
  /// @throws NotAuthenticException if the wrapped DEK was not made for this KEK and context
  /// @throws IllegalStateException if the key is closed
  public SecretBytes unwrap(
      UUID kekId, UnwrappingKey key, WrappedDek wrapped, EncryptionContext context)
      throws NotAuthenticException {
    if (!wrapped.kekId().equals(kekId)) {
      throw new NotAuthenticException();
    }
    byte[] encapsulated = wrapped.encapsulated(key.spec());
    try (SecretBytes z = encapsulator.decapsulate(key, encapsulated)) {
      return open(key.spec(), z, wrapped, context);
    }
  }

  /// Like [#unwrap(UUID, UnwrappingKey, WrappedDek, EncryptionContext)], from the bytes.
  public SecretBytes unwrap(
      UUID kekId, UnwrappingKey key, byte[] wrapped, EncryptionContext context)
      throws NotAuthenticException {
    return unwrap(kekId, key, WrappedDek.parse(wrapped), context);
  }

  /// Unwraps a DEK with the secret of its encapsulation: the symmetric half alone.
  ///
  /// @throws NotAuthenticException if the wrapped DEK was not made with this secret and context
  /// @throws IllegalStateException if the secret is closed
  public SecretBytes open(
      KeyPairSpec spec, SecretBytes z, WrappedDek wrapped, EncryptionContext context)
      throws NotAuthenticException {
    return cipher.open(z, wrapped.bytes(), wrapped.saltOffset(spec), context);
  }
}
