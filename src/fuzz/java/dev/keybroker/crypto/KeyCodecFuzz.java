package dev.keybroker.crypto;

import static dev.keybroker.fuzz.Property.holds;

import dev.keybroker.fuzz.Seeds;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;

/// A key that the codec takes is a key of the spec, in the one encoding that names it: what is
/// wrapped under it has the size that the spec says, and a private key opens what its own public
/// key wrapped. Whatever else is an [InvalidKekException].
public final class KeyCodecFuzz {
  private static final CryptoProvider PROVIDER = CryptoProvider.detect();
  private static final KeyCodec CODEC = new KeyCodec(PROVIDER);
  private static final DekWrapping WRAPPING = new DekWrapping(PROVIDER, new SecureRandom());
  private static final UUID KEK = new UUID(1, 2);
  private static final byte[] DEK = new byte[32];

  private KeyCodecFuzz() {}

  public static void fuzzerInitialize() {
    List<Vector> vectors = Vector.all();
    for (int i = 0; i < vectors.size(); i++) {
      Seeds.add("public-" + i, vectors.get(i).publicKey());
      Seeds.add("private-" + i, vectors.get(i).privateKey());
    }
  }

  public static void fuzzerTestOneInput(byte[] input) {
    for (KeyPairSpec spec : KeyPairSpec.values()) {
      publicKey(spec, input);
      privateKey(spec, input);
    }
  }

  private static void publicKey(KeyPairSpec spec, byte[] input) {
    WrappingKey key;
    try {
      key = CODEC.parsePublic(spec, input);
    } catch (InvalidKekException e) {
      return;
    }
    holds(key.spec() == spec, "a key of another spec");
    holds(Arrays.equals(input, key.subjectPublicKeyInfo()), "not the encoding that was given");
    byte[] wrapped = WRAPPING.wrap(KEK, key, SecretBytes.copyOf(DEK), EncryptionContext.empty());
    holds(wrapped.length == 18 + spec.encapsulatedSize() + 16 + 32 + 16, "wraps to another size");
  }

  private static void privateKey(KeyPairSpec spec, byte[] input) {
    UnwrappingKey key;
    try {
      key = CODEC.parsePrivate(spec, SecretBytes.copyOf(input));
    } catch (InvalidKekException e) {
      return;
    }
    try (key) {
      byte[] wrapped =
          WRAPPING.wrap(KEK, key.publicKey(), SecretBytes.copyOf(DEK), EncryptionContext.empty());
      try (SecretBytes dek = WRAPPING.unwrap(KEK, key, wrapped, EncryptionContext.empty())) {
        holds(Arrays.equals(DEK, dek.toByteArray()), "opened to another DEK");
      } catch (NotAuthenticException e) {
        throw new AssertionError("a private key that does not open what its public key wraps", e);
      }
    }
  }
}
