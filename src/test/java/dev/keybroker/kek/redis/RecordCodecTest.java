package dev.keybroker.kek.redis;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import dev.keybroker.crypto.CryptoProvider;
import dev.keybroker.crypto.InvalidKekException;
import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.KeyPairs;
import dev.keybroker.crypto.PlaintextKeyPair;
import dev.keybroker.kek.ActiveKek;
import dev.keybroker.kek.Kek;
import dev.keybroker.kek.KekName;
import dev.keybroker.kek.KekOrigin;
import dev.keybroker.kek.KekProvenance;
import dev.keybroker.kek.KekState;
import dev.keybroker.kek.KeystoreName;
import dev.keybroker.kms.AssumedRole;
import dev.keybroker.kms.KeyUse;
import dev.keybroker.kms.KmsArn;
import dev.keybroker.kms.KmsContext;
import dev.keybroker.kms.KmsKey;
import java.io.IOException;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RecordCodecTest {
  private static final Instant READ = Instant.parse("2026-03-01T12:00:00.123456789Z");
  private static final KekName NAME =
      new KekName(
          new KeystoreName("acme", "calls"),
          UUID.fromString("0b9fd2a8-5e0c-4a59-9d5c-8f1c6d0f7a11"));

  private final CryptoProvider provider = CryptoProvider.detect();
  private final KeyCodec keys = new KeyCodec(provider);
  private final RecordCodec codec = new RecordCodec(keys);

  private static final AssumedRole ROLE =
      new AssumedRole("arn:aws:iam::444455556666:role/broker", "external-id");

  private ActiveKek active(KeyPairSpec spec) {
    return active(spec, ROLE, true);
  }

  private ActiveKek active(KeyPairSpec spec, @Nullable AssumedRole role, boolean failClosed) {
    try (PlaintextKeyPair pair = new KeyPairs(provider, new SecureRandom()).generate(spec)) {
      return new ActiveKek(
          NAME,
          keys.parsePublic(spec, pair.subjectPublicKeyInfo()),
          new KeyUse(
              new KmsKey(KmsArn.parse("arn:aws:kms:eu-central-1:111122223333:key/k-1"), role),
              new KmsContext(Map.of("keybroker:tenant", "acme", "keybroker:keystore", "calls"))),
          failClosed,
          READ.minusSeconds(9),
          READ,
          true);
    }
  }

  private static Kek kek(
      KekState state, @Nullable AssumedRole role, byte @Nullable [] encryptedPrivateKey) {
    return new Kek(
        NAME,
        state,
        KeyPairSpec.RSA_3072,
        new KeyUse(
            new KmsKey(KmsArn.parse("arn:aws:kms:eu-central-1:111122223333:key/k-1"), role),
            new KmsContext(Map.of("keybroker:tenant", "acme", "keybroker:keystore", "calls"))),
        encryptedPrivateKey,
        Duration.ofSeconds(60),
        READ);
  }

  @ParameterizedTest
  @EnumSource
  void activeKek_encodedAndDecoded_isTheSame(KeyPairSpec spec) throws IOException {
    ActiveKek kek = active(spec);

    assertEquals(kek, codec.decodeActive(codec.encode(kek)));
  }

  @Test
  void activeKek_withoutRoleAndNotFailingClosed_isTheSame() throws IOException {
    ActiveKek kek = active(KeyPairSpec.ECC_NIST_P256, null, false);

    assertEquals(kek, codec.decodeActive(codec.encode(kek)));
  }

  @ParameterizedTest
  @EnumSource
  void kek_encodedAndDecoded_isTheSame(KekState state) throws IOException {
    Kek kek = kek(state, ROLE, new byte[] {1, 2, 3});

    Kek decoded = codec.decodeKek(codec.encode(kek));

    assertTrue(decoded.cached());
    assertEquals(kek.name(), decoded.name());
    assertEquals(kek.state(), decoded.state());
    assertEquals(kek.spec(), decoded.spec());
    assertEquals(kek.rootKey(), decoded.rootKey());
    assertArrayEquals(kek.encryptedPrivateKey(), decoded.encryptedPrivateKey());
    assertEquals(kek.privateKekLifetime(), decoded.privateKekLifetime());
    assertEquals(kek.readTime(), decoded.readTime());
  }

  @Test
  void kek_withProvenance_isTheSame() throws IOException {
    Kek plain = kek(KekState.ACTIVE, ROLE, new byte[] {1, 2, 3});
    for (Instant activeTime : Arrays.asList(READ.minusSeconds(3), null)) {
      KekProvenance provenance =
          new KekProvenance(
              KekOrigin.BROKER_GENERATED, new byte[] {4, 5}, READ.minusSeconds(9), activeTime);
      byte[] encoded = codec.encode(with(plain, provenance));

      KekProvenance decoded = codec.decodeKek(encoded).provenance();

      assertEquals(provenance.origin(), decoded.origin());
      assertArrayEquals(provenance.publicKey(), decoded.publicKey());
      assertEquals(provenance.createTime(), decoded.createTime());
      assertEquals(activeTime, decoded.activeTime());
      int plainSize = codec.encode(plain).length;
      for (int length = plainSize + 1; length < encoded.length; length++) {
        byte[] cut = Arrays.copyOf(encoded, length);
        assertRefused(() -> codec.decodeKek(cut));
      }
    }
  }

  @Test
  void keyByGrant_isTheSame() throws IOException {
    KmsKey key =
        new KmsKey(KmsArn.parse("arn:aws:kms:eu-central-1:111122223333:key/k-1"), null, "g-1");
    ActiveKek wrapping = active(KeyPairSpec.ECC_NIST_P256, null, false);
    KeyUse use = new KeyUse(key, wrapping.rootKey().context());
    ActiveKek active =
        new ActiveKek(
            NAME, wrapping.key(), use, false, wrapping.createTime(), wrapping.readTime(), true);
    Kek kek = new Kek(NAME, KekState.ACTIVE, KeyPairSpec.RSA_3072, use, null, Duration.ZERO, READ);

    assertEquals(active, codec.decodeActive(codec.encode(active)));
    assertEquals(use, codec.decodeKek(codec.encode(kek)).rootKey());
  }

  private static Kek with(Kek kek, KekProvenance provenance) {
    return new Kek(
        kek.name(),
        kek.state(),
        kek.spec(),
        kek.rootKey(),
        kek.encryptedPrivateKey(),
        kek.privateKekLifetime(),
        kek.readTime(),
        provenance);
  }

  @Test
  void kek_whoseDestructionIsScheduled_keepsItsTime() throws IOException {
    Kek other = kek(KekState.DESTROY_SCHEDULED, ROLE, new byte[] {1, 2, 3});
    Kek kek =
        new Kek(
            other.name(),
            other.state(),
            other.spec(),
            other.rootKey(),
            other.encryptedPrivateKey(),
            other.privateKekLifetime(),
            other.readTime(),
            new KekProvenance(
                KekOrigin.BROKER_GENERATED, new byte[] {4, 5}, READ.minusSeconds(9), null),
            READ.plusSeconds(7));

    byte[] encoded = codec.encode(kek);
    assertEquals(READ.plusSeconds(7), codec.decodeKek(encoded).destroyTime());
    assertNull(codec.decodeKek(codec.encode(other)).destroyTime());
    for (int missing = 1; missing < Long.BYTES + Integer.BYTES; missing++) {
      byte[] cut = Arrays.copyOf(encoded, encoded.length - missing);
      assertRefused(() -> codec.decodeKek(cut));
    }
  }

  @Test
  void kek_withoutRoleAndPrivateKey_isTheSame() throws IOException {
    Kek decoded = codec.decodeKek(codec.encode(kek(KekState.DESTROYED, null, null)));

    assertNull(decoded.rootKey().key().role());
    assertNull(decoded.encryptedPrivateKey());
  }

  @Test
  void encoding_truncatedAnywhere_isRefused() {
    byte[] active = codec.encode(active(KeyPairSpec.ECC_NIST_P256));
    for (int length = 0; length < active.length; length++) {
      byte[] cut = Arrays.copyOf(active, length);
      assertRefused(() -> codec.decodeActive(cut));
    }
    byte[] kek = codec.encode(kek(KekState.ACTIVE, null, new byte[] {1, 2, 3}));
    for (int length = 0; length < kek.length; length++) {
      byte[] cut = Arrays.copyOf(kek, length);
      assertRefused(() -> codec.decodeKek(cut));
    }
  }

  @Test
  void encoding_withTrailingBytes_isRefused() {
    byte[] active = codec.encode(active(KeyPairSpec.ECC_NIST_P256));
    byte[] kek = codec.encode(kek(KekState.ACTIVE, null, null));

    assertThrows(
        IOException.class, () -> codec.decodeActive(Arrays.copyOf(active, active.length + 1)));
    assertThrows(IOException.class, () -> codec.decodeKek(Arrays.copyOf(kek, kek.length + 1)));
  }

  @Test
  void encoding_withBytesChangedAtRandom_decodesOrIsRefused() {
    byte[] active = codec.encode(active(KeyPairSpec.ECC_NIST_P384));
    byte[] kek = codec.encode(kek(KekState.ACTIVE, null, new byte[] {1, 2, 3}));
    Random random = new Random(1);
    for (int i = 0; i < 5_000; i++) {
      decodeOrRefuse(() -> codec.decodeActive(changed(active, random)));
      decodeOrRefuse(() -> codec.decodeKek(changed(kek, random)));
    }
  }

  @Test
  void garbage_isRefused() {
    Random random = new Random(2);
    for (int i = 0; i < 1_000; i++) {
      byte[] garbage = new byte[random.nextInt(300)];
      random.nextBytes(garbage);
      assertRefused(() -> codec.decodeActive(garbage));
      assertRefused(() -> codec.decodeKek(garbage));
    }
  }

  private static byte[] changed(byte[] bytes, Random random) {
    byte[] changed = bytes.clone();
    for (int i = random.nextInt(8); i >= 0; i--) {
      changed[random.nextInt(changed.length)] = (byte) random.nextInt();
    }
    return changed;
  }

  private interface Decoding {
    Object run() throws IOException;
  }

  private static void assertRefused(Decoding decoding) {
    if (decodeOrRefuse(decoding)) {
      fail("decoded");
    }
  }

  /// Whether it decodes; any other exception than those of the contract fails the test.
  private static boolean decodeOrRefuse(Decoding decoding) {
    try {
      decoding.run();
      return true;
    } catch (IOException | IllegalArgumentException | InvalidKekException e) {
      return false;
    }
  }
}
