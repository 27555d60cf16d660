package dev.keybroker.client;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.interfaces.ECPublicKey;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import javax.crypto.spec.SecretKeySpec;

/**
 * Wraps DEKs under public KEKs in the format of {@code src/docs/wrapped-dek.md}, without the
 * broker.
 *
 * <p>An encapsulated secret serves the DEKs of one KEK for a bounded time and number, as in the
 * broker. Each DEK has its own salt, and by it its own key and nonce. Thread-safe.
 */
final class OfflineWrapping implements AutoCloseable {
  private static final byte[] V1 = "keybroker/v1".getBytes(US_ASCII);
  private static final byte[] V1_DEK = "keybroker/v1 dek".getBytes(US_ASCII);
  private static final byte[] V1_SALT = "keybroker/v1 salt".getBytes(US_ASCII);
  private static final int EXPORT_ONLY = 0xffff;
  private static final int SALT_SIZE = 16;
  private static final int Z_SIZE = 32;
  private static final int MAX_DEKS = 1 << 20;

  private final Duration lifetime;
  private final Clock clock;
  private final ScheduledExecutorService background;
  private final SecureRandom random;
  private final Map<String, Session> sessions = new ConcurrentHashMap<>();

  /**
   * @param lifetime how long an encapsulated secret is used; zero if each DEK has its own
   * @param background wipes the secrets at their end
   */
  OfflineWrapping(
      Duration lifetime, Clock clock, ScheduledExecutorService background, SecureRandom random) {
    this.lifetime = lifetime;
    this.clock = clock;
    this.background = background;
    this.random = random;
  }

  /**
   * An encapsulated secret in use. It ends by the wall clock or by its wiping, whichever is first.
   */
  private static final class Session {
    /** What stands before the salts. */
    private final byte[] start;

    private final byte[] z;
    private final Instant end;
    private int left = MAX_DEKS;

    Session(byte[] start, byte[] z, Instant end) {
      this.start = start;
      this.z = z;
      this.end = end;
    }

    synchronized boolean isOpen(Instant now) {
      return left > 0 && now.isBefore(end);
    }

    /** Returns a copy of z for one DEK, which the caller overwrites, or null after the end. */
    synchronized byte[] take(Instant now) {
      if (!isOpen(now)) {
        return null;
      }
      left--;
      return z.clone();
    }

    synchronized void wipe() {
      left = 0;
      Arrays.fill(z, (byte) 0);
    }
  }

  private record Encapsulated(byte[] bytes, byte[] z) {}

  byte[] wrap(PublicKek kek, Dek dek, Map<String, String> context) {
    byte[] encoded = Pairs.CONTEXT.encode(context);
    try {
      if (lifetime.isZero()) {
        Session own = encapsulate(kek, Instant.MAX);
        return seal(own.start, own.z, dek, encoded);
      }
      Session session = sessions.get(kek.name());
      byte[] z = session == null ? null : session.take(clock.instant());
      while (z == null) {
        session = sessions.compute(kek.name(), (name, known) -> current(kek, known));
        z = session.take(clock.instant());
      }
      return seal(session.start, z, dek, encoded);
    } catch (GeneralSecurityException e) {
      throw unusable(kek, e);
    }
  }

  private static IllegalArgumentException unusable(PublicKek kek, GeneralSecurityException e) {
    return new IllegalArgumentException("the KEK " + kek.name() + " is not usable", e);
  }

  /** The session that another thread has started meanwhile, or a new one. */
  private Session current(PublicKek kek, Session known) {
    Instant now = clock.instant();
    if (known != null) {
      if (known.isOpen(now)) {
        return known;
      }
      known.wipe();
    }
    try {
      Session session = encapsulate(kek, now.plus(lifetime));
      try {
        background.schedule(() -> end(kek, session), lifetime.toNanos(), TimeUnit.NANOSECONDS);
      } catch (RejectedExecutionException e) {
        session.wipe();
        throw new IllegalStateException("the client is closed", e);
      }
      return session;
    } catch (GeneralSecurityException e) {
      throw unusable(kek, e);
    }
  }

  private void end(PublicKek kek, Session session) {
    session.wipe();
    sessions.remove(kek.name(), session);
  }

  /** Wipes all secrets. */
  @Override
  public void close() {
    sessions.values().forEach(Session::wipe);
  }

  private Session encapsulate(PublicKek kek, Instant end) throws GeneralSecurityException {
    Encapsulated secret = kek.spec().isRsa() ? encapsulateRsa(kek) : encapsulateHpke(kek);
    UUID id = UUID.fromString(kek.name().substring(kek.name().lastIndexOf('/') + 1));
    byte[] start =
        ByteBuffer.allocate(18 + secret.bytes.length)
            .put((byte) 1)
            .put((byte) (kek.spec().isRsa() ? 1 : 2))
            .putLong(id.getMostSignificantBits())
            .putLong(id.getLeastSignificantBits())
            .put(secret.bytes)
            .array();
    return new Session(start, secret.z, end);
  }

  /** Overwrites z. */
  private byte[] seal(byte[] start, byte[] z, Dek dek, byte[] context)
      throws GeneralSecurityException {
    byte[] plaintext = Hpke.EMPTY;
    byte[] okm = Hpke.EMPTY;
    try {
      plaintext = dek.toByteArray();
      byte[] salt = salt(start, z, plaintext, context);
      okm = Hpke.expand("HmacSHA256", z, Hpke.concat(V1_DEK, salt), 44);
      Cipher gcm = Cipher.getInstance("AES/GCM/NoPadding");
      gcm.init(
          Cipher.ENCRYPT_MODE,
          new SecretKeySpec(okm, 0, 32, "AES"),
          new GCMParameterSpec(128, okm, 32, 12));
      gcm.updateAAD(Hpke.concat(V1, start, context));
      return Hpke.concat(start, salt, gcm.doFinal(plaintext));
    } finally {
      Arrays.fill(plaintext, (byte) 0);
      Arrays.fill(z, (byte) 0);
      Arrays.fill(okm, (byte) 0);
    }
  }

  /**
   * Random bytes, hashed under z with all that is encrypted or authenticated. If two copies of a
   * machine draw the same bytes, different messages still have different salts.
   */
  private byte[] salt(byte[] start, byte[] z, byte[] dek, byte[] context)
      throws GeneralSecurityException {
    byte[] sizes = {(byte) dek.length, (byte) (start.length >>> 8), (byte) start.length};
    byte[] input = Hpke.concat(V1_SALT, sizes, dek, start, random(SALT_SIZE), context);
    try {
      return Arrays.copyOf(Hpke.hmac("HmacSHA256", z, input), SALT_SIZE);
    } finally {
      Arrays.fill(input, (byte) 0);
    }
  }

  private byte[] random(int size) {
    byte[] bytes = new byte[size];
    random.nextBytes(bytes);
    return bytes;
  }

  private Encapsulated encapsulateRsa(PublicKek kek) throws GeneralSecurityException {
    PublicKey key =
        KeyFactory.getInstance("RSA").generatePublic(new X509EncodedKeySpec(kek.spki()));
    byte[] z = random(Z_SIZE);
    Cipher oaep = Cipher.getInstance("RSA/ECB/OAEPPadding");
    // By default the JDK takes MGF1 with SHA-1.
    oaep.init(
        Cipher.ENCRYPT_MODE,
        key,
        new OAEPParameterSpec(
            "SHA-256", "MGF1", MGF1ParameterSpec.SHA256, PSource.PSpecified.DEFAULT));
    return new Encapsulated(oaep.doFinal(z), z);
  }

  /** RFC 9180, base mode, export-only. */
  private static Encapsulated encapsulateHpke(PublicKek kek) throws GeneralSecurityException {
    Hpke hpke = new Hpke(kek.spec() == KeyPairSpec.ECC_NIST_P256, EXPORT_ONLY);
    PublicKey key = KeyFactory.getInstance("EC").generatePublic(new X509EncodedKeySpec(kek.spki()));
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(((ECPublicKey) key).getParams());
    KeyPair ephemeral = generator.generateKeyPair();
    byte[] enc = hpke.point(ephemeral.getPublic());
    return new Encapsulated(
        enc,
        hpke.schedule(ephemeral.getPrivate(), key, enc, hpke.point(key), V1)
            .export(V1_DEK, Z_SIZE));
  }
}
