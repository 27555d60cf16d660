package dev.keybroker.crypto;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Two copies of one machine draw the same random bytes: no two different messages are encrypted
/// under one key and nonce all the same.
@ParameterizedClass
@MethodSource("dev.keybroker.crypto.TestKeks#providers")
class RepeatedRandomnessTest {
  private static final UUID KEK = UUID.fromString("00000000-0000-4000-8000-000000000001");
  private static final KeyPairSpec SPEC = KeyPairSpec.ECC_NIST_P256;
  private static final EncryptionContext CONTEXT = EncryptionContext.of(Map.of("recording", "1"));

  private final CryptoProvider provider;
  private final DekWrapping wrapping;

  RepeatedRandomnessTest(CryptoProvider provider) {
    this.provider = provider;
    wrapping = new DekWrapping(provider, new Stuck());
  }

  /// Draws the same bytes for ever.
  private static final class Stuck extends SecureRandom {
    private static final long serialVersionUID = 1L;

    @Override
    public void nextBytes(byte[] bytes) {
      java.util.Arrays.fill(bytes, (byte) 7);
    }
  }

  private static SecretBytes secret(int value, int size) {
    byte[] bytes = new byte[size];
    bytes[0] = (byte) value;
    return SecretBytes.adopt(bytes);
  }

  private static EncapsulatedSecret encapsulated(int value) {
    byte[] bytes = new byte[SPEC.encapsulatedSize()];
    bytes[1] = (byte) value;
    return new EncapsulatedSecret(bytes, secret(1, DekCipher.Z_SIZE));
  }

  private byte[] seal(UUID kek, EncapsulatedSecret secret, SecretBytes dek, EncryptionContext in) {
    return wrapping.seal(kek, SPEC, secret, dek, in);
  }

  private static ByteBuffer salt(byte[] wrapped) {
    return ByteBuffer.wrap(
        wrapped, WrappedDek.HEADER_SIZE + SPEC.encapsulatedSize(), WrappedDek.SALT_SIZE);
  }

  @Test
  void salts_ofOneSecretAndOneRandomState_differWhereAnythingDiffers() {
    UUID otherKek = UUID.fromString("00000000-0000-4000-8000-000000000002");
    EncryptionContext otherContext = EncryptionContext.of(Map.of("recording", "2"));
    Set<ByteBuffer> salts = new HashSet<>();
    salts.add(salt(seal(KEK, encapsulated(1), secret(1, 32), CONTEXT)));
    salts.add(salt(seal(KEK, encapsulated(1), secret(2, 32), CONTEXT)));
    salts.add(salt(seal(KEK, encapsulated(1), secret(1, 33), CONTEXT)));
    salts.add(salt(seal(KEK, encapsulated(1), secret(1, 32), otherContext)));
    salts.add(salt(seal(KEK, encapsulated(2), secret(1, 32), CONTEXT)));
    salts.add(salt(seal(otherKek, encapsulated(1), secret(1, 32), CONTEXT)));

    assertEquals(6, salts.size());
  }

  /// The second copy of the machine is another thread, which has ciphers of its own: one of the
  /// JDK's refuses the same key and nonce twice in a row.
  @Test
  void sameMessage_isACopyOfTheFirst() throws Exception {
    byte[] copy =
        CompletableFuture.supplyAsync(
                () -> seal(KEK, encapsulated(1), secret(1, 32), CONTEXT),
                task -> new Thread(task).start())
            .get();
    assertArrayEquals(seal(KEK, encapsulated(1), secret(1, 32), CONTEXT), copy);
  }

  /// The encapsulated key is the public half of the ephemeral key.
  private static ByteBuffer ephemeral(byte[] sealed, RecipientKey recipient) {
    return ByteBuffer.wrap(sealed, 0, recipient.encoded().length);
  }

  @ParameterizedTest
  @MethodSource("dev.keybroker.crypto.DekSealingTest#recipients")
  void ephemeralKeys_ofOneRandomState_differWhereAnythingDiffers(
      RecipientKey recipient, RecipientKey other) {
    byte[] aad = {1};
    Set<ByteBuffer> keys = new HashSet<>();
    keys.add(ephemeral(wrapping.sealTo(recipient, secret(1, 32), aad), recipient));
    keys.add(ephemeral(wrapping.sealTo(recipient, secret(2, 32), aad), recipient));
    keys.add(ephemeral(wrapping.sealTo(recipient, secret(1, 33), aad), recipient));
    keys.add(ephemeral(wrapping.sealTo(recipient, secret(1, 32), new byte[] {2}), recipient));
    keys.add(ephemeral(wrapping.sealTo(other, secret(1, 32), aad), recipient));

    assertEquals(5, keys.size());
    assertArrayEquals(
        wrapping.sealTo(recipient, secret(1, 32), aad),
        wrapping.sealTo(recipient, secret(1, 32), aad));
  }

  @Test
  void salts_withFreshRandomness_differForTheSameMessage() {
    DekWrapping fresh = new DekWrapping(provider, new SecureRandom());
    Set<ByteBuffer> salts = new HashSet<>();
    for (int i = 0; i < 1_000; i++) {
      salts.add(salt(fresh.seal(KEK, SPEC, encapsulated(1), secret(1, 32), CONTEXT)));
    }
    assertEquals(1_000, salts.size());
  }

  @Test
  void salt_isNotTheRandomBytesThemselves_andTheDekOpens() throws Exception {
    byte[] wrapped = seal(KEK, encapsulated(1), secret(9, 32), CONTEXT);
    byte[] stuck = new byte[WrappedDek.SALT_SIZE];
    java.util.Arrays.fill(stuck, (byte) 7);
    assertFalse(salt(wrapped).equals(ByteBuffer.wrap(stuck)));
    try (SecretBytes dek =
        wrapping.open(SPEC, secret(1, DekCipher.Z_SIZE), WrappedDek.parse(wrapped), CONTEXT)) {
      assertEquals(secret(9, 32), dek);
    }
  }
}
