import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.interfaces.ECPublicKey;
import java.security.spec.MGF1ParameterSpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.TreeMap;
import java.util.UUID;
import javax.crypto.Cipher;
import javax.crypto.KeyAgreement;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.OAEPParameterSpec;
import javax.crypto.spec.PSource;
import javax.crypto.spec.SecretKeySpec;

/**
 * Wraps a DEK offline, from what GetPublicKek answered. Java 17 or newer, nothing but the JDK.
 *
 * <p>java WrapOffline.java SPEC KEK PUBLIC_KEY_FILE [KEY=VALUE...] &lt; dek.hex
 */
public class WrapOffline {

  static final SecureRandom RANDOM = new SecureRandom();
  static final byte[] V1 = "keybroker/v1".getBytes(US_ASCII);
  static final byte[] V1_DEK = "keybroker/v1 dek".getBytes(US_ASCII);

  public static void main(String[] args) throws Exception {
    if (args.length < 3) {
      fail("usage: WrapOffline.java SPEC KEK PUBLIC_KEY_FILE [KEY=VALUE...] < dek.hex");
    }
    TreeMap<byte[], byte[]> context = readContext(Arrays.copyOfRange(args, 3, args.length));
    String spec = args[0];
    UUID kekId = UUID.fromString(args[1].substring(args[1].lastIndexOf('/') + 1));
    byte[] spki = readPublicKey(Path.of(args[2]));
    byte[] dek = HexFormat.of().parseHex(new String(System.in.readAllBytes(), US_ASCII).strip());
    if (dek.length < 16 || dek.length > 64) {
      throw new IllegalArgumentException("a DEK has 16 to 64 bytes");
    }
    byte[] wrapped = wrap(spec, kekId, spki, dek, context);
    System.out.println(Base64.getEncoder().encodeToString(wrapped));
  }

  /// The encryption context. Messages do not quote a pair: its value may be confidential.
  static TreeMap<byte[], byte[]> readContext(String[] pairs) {
    // Sorted by key in unsigned UTF-8 byte order, which is not the order of String.compareTo.
    TreeMap<byte[], byte[]> context = new TreeMap<>(Arrays::compareUnsigned);
    for (int i = 0; i < pairs.length; i++) {
      String number = "pair " + (i + 1) + " of " + pairs.length;
      int equals = pairs[i].indexOf('=');
      if (equals < 0) {
        fail(number + " has no '=': give KEY=VALUE");
      }
      if (equals == 0) {
        fail(number + " has no key");
      }
      byte[] key = pairs[i].substring(0, equals).getBytes(UTF_8);
      if (context.put(key, pairs[i].substring(equals + 1).getBytes(UTF_8)) != null) {
        fail(number + " has the same key as one before it");
      }
    }
    return context;
  }

  static void fail(String message) {
    System.err.println(message);
    System.exit(1);
  }

  static byte[] wrap(
      String spec, UUID kekId, byte[] spki, byte[] dek, TreeMap<byte[], byte[]> context)
      throws Exception {
    boolean rsa = spec.startsWith("RSA_");
    Encapsulated secret = rsa ? encapsulateRsa(spki) : encapsulateHpke(spec, spki);

    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeByte(1);
    out.writeByte(rsa ? 1 : 2);
    out.writeLong(kekId.getMostSignificantBits());
    out.writeLong(kekId.getLeastSignificantBits());
    out.write(secret.bytes());
    byte[] header = bytes.toByteArray();

    byte[] salt = random(16);
    byte[] okm = expand("HmacSHA256", secret.z(), concat(V1_DEK, salt), 44);
    Cipher gcm = Cipher.getInstance("AES/GCM/NoPadding");
    gcm.init(
        Cipher.ENCRYPT_MODE,
        new SecretKeySpec(okm, 0, 32, "AES"),
        new GCMParameterSpec(128, okm, 32, 12));
    gcm.updateAAD(V1);
    gcm.updateAAD(header);
    gcm.updateAAD(encode(context));
    out.write(salt);
    out.write(gcm.doFinal(dek));
    return bytes.toByteArray();
  }

  record Encapsulated(byte[] bytes, byte[] z) {}

  static Encapsulated encapsulateRsa(byte[] spki) throws Exception {
    PublicKey kek = KeyFactory.getInstance("RSA").generatePublic(new X509EncodedKeySpec(spki));
    byte[] z = random(32);
    Cipher oaep = Cipher.getInstance("RSA/ECB/OAEPPadding");
    // The parameters are a must: by default the JDK takes MGF1 with SHA-1.
    oaep.init(
        Cipher.ENCRYPT_MODE,
        kek,
        new OAEPParameterSpec(
            "SHA-256", "MGF1", MGF1ParameterSpec.SHA256, PSource.PSpecified.DEFAULT));
    return new Encapsulated(oaep.doFinal(z), z);
  }

  /** RFC 9180, base mode, export-only. */
  static Encapsulated encapsulateHpke(String spec, byte[] spki) throws Exception {
    boolean p256 = spec.equals("ECC_NIST_P256");
    String hmac = p256 ? "HmacSHA256" : "HmacSHA384";
    int size = p256 ? 32 : 48; // Of a coordinate, and of the hash.
    byte[] kemId = {0, (byte) (p256 ? 0x10 : 0x11)};
    byte[] kdfId = {0, (byte) (p256 ? 1 : 2)};
    byte[] exportOnly = {(byte) 0xff, (byte) 0xff};
    byte[] kem = concat("KEM".getBytes(US_ASCII), kemId);
    byte[] suite = concat("HPKE".getBytes(US_ASCII), kemId, kdfId, exportOnly);

    PublicKey kek = KeyFactory.getInstance("EC").generatePublic(new X509EncodedKeySpec(spki));
    KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
    generator.initialize(((ECPublicKey) kek).getParams());
    KeyPair ephemeral = generator.generateKeyPair();
    KeyAgreement ecdh = KeyAgreement.getInstance("ECDH");
    ecdh.init(ephemeral.getPrivate());
    ecdh.doPhase(kek, true);
    byte[] dh = ecdh.generateSecret();
    byte[] enc = point(ephemeral.getPublic(), size);

    byte[] eaePrk = labeledExtract(hmac, kem, new byte[0], "eae_prk", dh);
    byte[] kemContext = concat(enc, point(kek, size));
    byte[] shared = labeledExpand(hmac, kem, eaePrk, "shared_secret", kemContext, size);

    byte[] pskIdHash = labeledExtract(hmac, suite, new byte[0], "psk_id_hash", new byte[0]);
    byte[] infoHash = labeledExtract(hmac, suite, new byte[0], "info_hash", V1);
    byte[] scheduleContext = concat(new byte[] {0}, pskIdHash, infoHash);
    byte[] secret = labeledExtract(hmac, suite, shared, "secret", new byte[0]);
    byte[] exporter = labeledExpand(hmac, suite, secret, "exp", scheduleContext, size);
    return new Encapsulated(enc, labeledExpand(hmac, suite, exporter, "sec", V1_DEK, 32));
  }

  /** An uncompressed point ends the encoding of a public key. */
  static byte[] point(PublicKey key, int size) {
    byte[] spki = key.getEncoded();
    return Arrays.copyOfRange(spki, spki.length - 1 - 2 * size, spki.length);
  }

  static byte[] labeledExtract(String hmac, byte[] suite, byte[] salt, String label, byte[] ikm)
      throws Exception {
    byte[] labeled = concat("HPKE-v1".getBytes(US_ASCII), suite, label.getBytes(US_ASCII), ikm);
    return hmac(hmac, salt, labeled); // HKDF-Extract, RFC 5869.
  }

  static byte[] labeledExpand(
      String hmac, byte[] suite, byte[] prk, String label, byte[] info, int length)
      throws Exception {
    byte[] size = {(byte) (length >>> 8), (byte) length};
    byte[] labeled =
        concat(size, "HPKE-v1".getBytes(US_ASCII), suite, label.getBytes(US_ASCII), info);
    return expand(hmac, prk, labeled, length);
  }

  /** HKDF-Expand, RFC 5869. */
  static byte[] expand(String hmac, byte[] prk, byte[] info, int length) throws Exception {
    byte[] okm = new byte[0];
    byte[] block = new byte[0];
    for (byte i = 1; okm.length < length; i++) {
      block = hmac(hmac, prk, concat(block, info, new byte[] {i}));
      okm = concat(okm, block);
    }
    return Arrays.copyOf(okm, length);
  }

  static byte[] hmac(String algorithm, byte[] key, byte[] message) throws Exception {
    Mac mac = Mac.getInstance(algorithm);
    // An empty key is the same as one of zeros, and SecretKeySpec takes no empty one.
    mac.init(new SecretKeySpec(key.length == 0 ? new byte[1] : key, algorithm));
    return mac.doFinal(message);
  }

  static byte[] encode(TreeMap<byte[], byte[]> context) throws Exception {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    out.writeInt(context.size());
    for (var pair : context.entrySet()) {
      out.writeInt(pair.getKey().length);
      out.write(pair.getKey());
      out.writeInt(pair.getValue().length);
      out.write(pair.getValue());
    }
    return bytes.toByteArray();
  }

  /** PEM, or the base64 of the DER as it stands in the answer's JSON. */
  static byte[] readPublicKey(Path file) throws Exception {
    String text = Files.readString(file).replaceAll("-----[A-Z ]+-----|\\s", "");
    return Base64.getDecoder().decode(text);
  }

  static byte[] random(int size) {
    byte[] bytes = new byte[size];
    RANDOM.nextBytes(bytes);
    return bytes;
  }

  static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }
}
