package dev.keybroker.client;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.ByteArrayOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Wrapped DEKs under the RSA keys of the wrapped DEK's vectors, opened by hand. Those under EC keys
 * are opened by the broker in {@link BrokerTest}, like these.
 */
class OfflineWrappingTest {
  private static final HexFormat HEX = HexFormat.of();
  private static final Duration LIFETIME = Duration.ofSeconds(60);
  private static final Map<String, String> CONTEXT = Map.of("recording", "r-1", "agent", "Ada");

  static Stream<JsonObject> rsaKeys() throws Exception {
    Map<String, JsonObject> bySpec = new HashMap<>();
    String file = Files.readString(Path.of("../../test/resources/wrapped-dek-vectors.json"));
    for (JsonElement vector :
        JsonParser.parseString(file).getAsJsonObject().getAsJsonArray("vectors")) {
      bySpec.put(Vectors.text(vector.getAsJsonObject(), "spec"), vector.getAsJsonObject());
    }
    return bySpec.values().stream().filter(it -> Vectors.text(it, "spec").startsWith("RSA"));
  }

  private final SettableClock clock = new SettableClock();
  private final Wiper wiper = new Wiper();

  @AfterEach
  void stop() {
    wiper.shutdownNow();
  }

  /** Keeps the work for later in the hands of the test. */
  private static final class Wiper extends ScheduledThreadPoolExecutor {
    private final List<Runnable> later = new ArrayList<>();
    private Duration delay;

    Wiper() {
      super(1);
    }

    @Override
    public ScheduledFuture<?> schedule(Runnable work, long time, TimeUnit unit) {
      later.add(work);
      delay = Duration.ofNanos(unit.toNanos(time));
      return null;
    }
  }

  private static final class SettableClock extends Clock {
    private Instant now = Instant.EPOCH;

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      throw new UnsupportedOperationException();
    }
  }

  private OfflineWrapping wrapping(Duration lifetime) {
    return new OfflineWrapping(lifetime, clock, wiper, new SecureRandom());
  }

  private static PublicKek kek(JsonObject vector, String id) {
    return new PublicKek(
        "tenants/acme/keystores/calls/keks/" + id,
        KeyPairSpec.valueOf(Vectors.text(vector, "spec")),
        HEX.parseHex(Vectors.text(vector, "public_key")),
        Instant.EPOCH,
        Instant.EPOCH);
  }

  private static PrivateKey key(JsonObject vector) throws Exception {
    return KeyFactory.getInstance("RSA")
        .generatePrivate(
            new PKCS8EncodedKeySpec(HEX.parseHex(Vectors.text(vector, "private_key"))));
  }

  @ParameterizedTest
  @MethodSource("rsaKeys")
  void wrappedDek_opensUnderItsContextAlone(JsonObject vector) throws Exception {
    String id = Vectors.text(vector, "kek_id");
    for (Duration lifetime : List.of(Duration.ZERO, LIFETIME)) {
      OfflineWrapping wrapping = wrapping(lifetime);
      for (int i = 0; i < 2; i++) {
        Dek dek = Dek.random();
        byte[] wrapped = wrapping.wrap(kek(vector, id), dek, CONTEXT);

        assertArrayEquals(dek.toByteArray(), opened(key(vector), wrapped, CONTEXT));
        assertThrows(AEADBadTagException.class, () -> opened(key(vector), wrapped, Map.of()));
        assertEquals(
            UUID.fromString(id),
            RecordingHeader.builder("tenants/acme/keystores/calls", wrapped)
                .build(dek)
                .kekId()
                .orElseThrow());
      }
    }
  }

  /** What stands before the salt: version, encapsulation, KEK id and encapsulated secret. */
  private static String start(byte[] wrapped) {
    return HEX.formatHex(wrapped, 0, wrapped.length - 32 - 16 - 16);
  }

  private static String salt(byte[] wrapped) {
    int offset = wrapped.length - 32 - 16 - 16;
    return HEX.formatHex(wrapped, offset, offset + 16);
  }

  @Test
  void session_servesOneKekUntilItsEnd_withASaltForEachDek() throws Exception {
    JsonObject vector = rsaKeys().findFirst().orElseThrow();
    PublicKek kek = kek(vector, new UUID(1, 2).toString());
    Dek dek = Dek.random();
    OfflineWrapping wrapping = wrapping(LIFETIME);
    byte[] first = wrapping.wrap(kek, dek, CONTEXT);
    clock.now = Instant.EPOCH.plus(LIFETIME).minusMillis(1);
    byte[] second = wrapping.wrap(kek, dek, CONTEXT);
    assertEquals(start(first), start(second));
    assertNotEquals(salt(first), salt(second));

    PublicKek successor = kek(vector, new UUID(3, 4).toString());
    assertNotEquals(
        start(first).substring(36), start(wrapping.wrap(successor, dek, CONTEXT)).substring(36));

    clock.now = Instant.EPOCH.plus(LIFETIME);
    byte[] third = wrapping.wrap(kek, dek, CONTEXT);
    assertNotEquals(start(first), start(third));
    assertArrayEquals(dek.toByteArray(), opened(key(vector), third, CONTEXT));
  }

  /** The clock may be set back: the executor's does not go by it. */
  @Test
  void session_isWipedAtItsEnd_whateverTheClockSays() throws Exception {
    JsonObject vector = rsaKeys().findFirst().orElseThrow();
    PublicKek kek = kek(vector, new UUID(1, 2).toString());
    OfflineWrapping wrapping = wrapping(LIFETIME);
    byte[] first = wrapping.wrap(kek, Dek.random(), CONTEXT);
    assertEquals(LIFETIME, wiper.delay);
    wiper.later.forEach(Runnable::run);

    Dek dek = Dek.random();
    byte[] second = wrapping.wrap(kek, dek, CONTEXT);
    assertNotEquals(start(first), start(second));
    assertArrayEquals(dek.toByteArray(), opened(key(vector), second, CONTEXT));
  }

  @Test
  void noSession_eachDekHasItsOwnEncapsulatedSecret() throws Exception {
    JsonObject vector = rsaKeys().findFirst().orElseThrow();
    PublicKek kek = kek(vector, new UUID(1, 2).toString());
    OfflineWrapping wrapping = wrapping(Duration.ZERO);
    assertNotEquals(
        start(wrapping.wrap(kek, Dek.random(), CONTEXT)),
        start(wrapping.wrap(kek, Dek.random(), CONTEXT)));
    assertEquals(List.of(), wiper.later);
  }

  /**
   * A repeated random state: a salt belongs to the DEK, the context and the encapsulated secret.
   */
  @Test
  void repeatedRandomBytes_giveNoTwoMessagesOneSalt() throws Exception {
    PublicKek kek = kek(rsaKeys().findFirst().orElseThrow(), new UUID(1, 2).toString());
    SecureRandom repeating =
        new SecureRandom() {
          @Override
          public void nextBytes(byte[] bytes) {
            Arrays.fill(bytes, (byte) 7);
          }
        };
    OfflineWrapping wrapping = new OfflineWrapping(LIFETIME, clock, wiper, repeating);
    Dek dek = Dek.random();
    byte[] wrapped = wrapping.wrap(kek, dek, CONTEXT);
    assertArrayEquals(wrapped, wrapping.wrap(kek, dek, CONTEXT));
    assertNotEquals(salt(wrapped), salt(wrapping.wrap(kek, Dek.random(), CONTEXT)));
    assertNotEquals(salt(wrapped), salt(wrapping.wrap(kek, dek, Map.of())));
  }

  @Test
  void closed_refusesToStartASession() throws Exception {
    PublicKek kek = kek(rsaKeys().findFirst().orElseThrow(), new UUID(1, 2).toString());
    ScheduledThreadPoolExecutor ended = new ScheduledThreadPoolExecutor(1);
    try (OfflineWrapping wrapping =
        new OfflineWrapping(LIFETIME, clock, ended, new SecureRandom())) {
      wrapping.wrap(kek, Dek.random(), CONTEXT);
      ended.shutdownNow();
      wrapping.close();
      assertThrows(IllegalStateException.class, () -> wrapping.wrap(kek, Dek.random(), CONTEXT));
    }
  }

  private static byte[] opened(PrivateKey key, byte[] wrapped, Map<String, String> context)
      throws Exception {
    int saltOffset = wrapped.length - 32 - 16 - 16;
    Cipher oaep = Cipher.getInstance("RSA/ECB/OAEPPadding");
    oaep.init(
        Cipher.DECRYPT_MODE,
        key,
        new OAEPParameterSpec(
            "SHA-256", "MGF1", MGF1ParameterSpec.SHA256, PSource.PSpecified.DEFAULT));
    byte[] z = oaep.doFinal(wrapped, 18, saltOffset - 18);
    ByteArrayOutputStream info = new ByteArrayOutputStream();
    info.writeBytes("keybroker/v1 dek".getBytes(US_ASCII));
    info.write(wrapped, saltOffset, 16);
    byte[] okm = expand(z, info.toByteArray());
    Cipher gcm = Cipher.getInstance("AES/GCM/NoPadding");
    gcm.init(
        Cipher.DECRYPT_MODE,
        new SecretKeySpec(okm, 0, 32, "AES"),
        new GCMParameterSpec(128, okm, 32, 12));
    gcm.updateAAD("keybroker/v1".getBytes(US_ASCII));
    gcm.updateAAD(wrapped, 0, saltOffset);
    gcm.updateAAD(Pairs.CONTEXT.encode(context));
    return gcm.doFinal(wrapped, saltOffset + 16, wrapped.length - saltOffset - 16);
  }

  /** HKDF-Expand of 44 bytes. */
  private static byte[] expand(byte[] prk, byte[] info) throws Exception {
    javax.crypto.Mac mac = javax.crypto.Mac.getInstance("HmacSHA256");
    mac.init(new SecretKeySpec(prk, "HmacSHA256"));
    mac.update(info);
    byte[] first = mac.doFinal(new byte[] {1});
    mac.update(first);
    mac.update(info);
    byte[] second = mac.doFinal(new byte[] {2});
    byte[] okm = Arrays.copyOf(first, 44);
    System.arraycopy(second, 0, okm, 32, 12);
    return okm;
  }
}
