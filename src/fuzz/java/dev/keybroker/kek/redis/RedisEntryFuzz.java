package dev.keybroker.kek.redis;

import static dev.keybroker.fuzz.Property.holds;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.keybroker.crypto.CryptoProvider;
import dev.keybroker.crypto.Encapsulation;
import dev.keybroker.crypto.InvalidKekException;
import dev.keybroker.crypto.KeyCodec;
import dev.keybroker.crypto.KeyPairSpec;
import dev.keybroker.crypto.KeyPairs;
import dev.keybroker.crypto.PlaintextKeyPair;
import dev.keybroker.fuzz.Seeds;
import dev.keybroker.kek.ActiveKek;
import dev.keybroker.kek.Kek;
import dev.keybroker.kek.KekName;
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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/// An entry is taken only as it was sealed and under the Redis key that it was sealed for; any
/// other is a miss. Content, even where its MAC were right, decodes to a record that encodes to the
/// same one, or fails in one of the three ways that the tier takes for a forged entry.
public final class RedisEntryFuzz {
  private static final CryptoProvider PROVIDER = CryptoProvider.detect();
  private static final RecordCodec CODEC = new RecordCodec(new KeyCodec(PROVIDER));
  private static final KeystoreName KEYSTORE = new KeystoreName("acme", "calls");
  private static final KekName KEK =
      new KekName(KEYSTORE, UUID.fromString("0b9fd2a8-5e0c-4a59-9d5c-8f1c6d0f7a11"));
  private static final KmsContext CONTEXT =
      new KmsContext(Map.of("keybroker:tenant", "acme", "keybroker:keystore", "calls"));
  private static final Instant TIME = Instant.parse("2026-03-01T12:00:00.123456789Z");
  private static final List<byte[]> REDIS_KEYS =
      List.of(
          ("keybroker:active:" + KEYSTORE).getBytes(UTF_8),
          ("keybroker:kek:" + KEK.id()).getBytes(UTF_8));

  /// A MAC key that the input does not know.
  private static final EntryMac MAC = new EntryMac(List.of(new SecureRandom().generateSeed(32)));

  /// What was sealed, for the Redis key at the same place.
  private static final List<List<byte[]>> SEALED = List.of(new ArrayList<>(), new ArrayList<>());

  private RedisEntryFuzz() {}

  public static void fuzzerInitialize() {
    KeyCodec keys = new KeyCodec(PROVIDER);
    for (KeyPairSpec spec : KeyPairSpec.values()) {
      try (PlaintextKeyPair pair = new KeyPairs(PROVIDER, new SecureRandom()).generate(spec)) {
        boolean ec = spec.encapsulation() == Encapsulation.HPKE;
        ActiveKek kek =
            new ActiveKek(
                KEK,
                keys.parsePublic(spec, pair.subjectPublicKeyInfo()),
                new KeyUse(rootKey(ec), CONTEXT),
                ec,
                TIME,
                TIME);
        seed(0, "active-" + spec, CODEC.encode(kek));
      }
    }
    for (KekState state : KekState.values()) {
      Kek kek =
          new Kek(
              KEK,
              state,
              KeyPairSpec.RSA_3072,
              new KeyUse(rootKey(state == KekState.ACTIVE), CONTEXT),
              state == KekState.DESTROYED ? null : new byte[] {1, 2, 3},
              Duration.ofSeconds(60),
              TIME);
      seed(1, "kek-" + state, CODEC.encode(kek));
    }
  }

  private static KmsKey rootKey(boolean withRole) {
    return new KmsKey(
        KmsArn.parse("arn:aws:kms:eu-central-1:111122223333:key/k-1"),
        withRole ? new AssumedRole("arn:aws:iam::111122223333:role/broker", "f00d") : null);
  }

  private static void seed(int place, String name, byte[] content) {
    byte[] entry = MAC.seal(REDIS_KEYS.get(place), content);
    SEALED.get(place).add(entry);
    Seeds.add(name, content);
    Seeds.add("entry-" + name, entry);
  }

  public static void fuzzerTestOneInput(byte[] input) {
    for (int place = 0; place < REDIS_KEYS.size(); place++) {
      boolean genuine = SEALED.get(place).stream().anyMatch(e -> Arrays.equals(e, input));
      byte[] content = MAC.open(REDIS_KEYS.get(place), input);
      holds((content != null) == genuine, "the MAC holds for another entry or Redis key");
    }
    active(input);
    kek(input);
  }

  private static void active(byte[] content) {
    try {
      byte[] encoded = CODEC.encode(CODEC.decodeActive(content));
      holds(Arrays.equals(encoded, CODEC.encode(CODEC.decodeActive(encoded))), "encodes otherwise");
    } catch (IOException | IllegalArgumentException | InvalidKekException e) {
      // A miss.
    }
  }

  private static void kek(byte[] content) {
    try {
      byte[] encoded = CODEC.encode(CODEC.decodeKek(content));
      holds(Arrays.equals(encoded, CODEC.encode(CODEC.decodeKek(encoded))), "encodes otherwise");
    } catch (IOException | IllegalArgumentException | InvalidKekException e) {
      // A miss.
    }
  }
}
