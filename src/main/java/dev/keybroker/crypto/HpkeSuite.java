package dev.keybroker.crypto;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.Function;

/// An RFC 9180 suite with a DHKEM: its identifiers, its labelled HKDF and its base-mode key
/// schedule.
///
/// One suite serves one `info`. What depends only on the suite and on it is computed once.
/// Thread-safe and immutable.
final class HpkeSuite {

  /// The AEAD identifier of a suite that only exports secrets (section 7.3).
  static final int EXPORT_ONLY = 0xFFFF;

  static final int AES_256_GCM = 0x0002;

  /// Size in bytes of a nonce of AES-GCM (`Nn`).
  static final int NONCE_SIZE = 12;

  private static final byte[] VERSION = "HPKE-v1".getBytes(US_ASCII);
  private static final byte[] EMPTY = {};
  private static final byte MODE_BASE = 0;

  private final Function<ThreadPrimitives, Hkdf> hash;
  private final byte[] suiteId;
  private final byte[] keyScheduleContext;
  private final byte[] eaePrkLabel;
  private final byte[] sharedSecretLabel;
  private final byte[] secretIkm;
  private final byte[] exporterInfo;

  private HpkeSuite(
      int kemId,
      int kdfId,
      int aeadId,
      byte[] info,
      Function<ThreadPrimitives, Hkdf> hash,
      ThreadPrimitives primitives) {
    this.hash = hash;
    byte[] kemSuiteId = ByteBuffer.allocate(5).put(ascii("KEM")).putShort((short) kemId).array();
    this.suiteId =
        ByteBuffer.allocate(10)
            .put(ascii("HPKE"))
            .putShort((short) kemId)
            .putShort((short) kdfId)
            .putShort((short) aeadId)
            .array();
    Hkdf hkdf = hash.apply(primitives);
    byte[] pskIdHash = hkdf.extract(EMPTY, labeledIkm(suiteId, "psk_id_hash", EMPTY));
    byte[] infoHash = hkdf.extract(EMPTY, labeledIkm(suiteId, "info_hash", info));
    this.keyScheduleContext = concat(new byte[] {MODE_BASE}, pskIdHash, infoHash);
    this.eaePrkLabel = labeledIkm(kemSuiteId, "eae_prk", EMPTY);
    this.sharedSecretLabel = labeledInfo(kemSuiteId, "shared_secret", EMPTY, hkdf.hashSize());
    this.secretIkm = labeledIkm(suiteId, "secret", EMPTY);
    this.exporterInfo = labeledInfo(suiteId, "exp", keyScheduleContext, hkdf.hashSize());
  }

  /// The suite of a curve: DHKEM(P-256, HKDF-SHA256) + HKDF-SHA256, or DHKEM(P-384, HKDF-SHA384) +
  /// HKDF-SHA384.
  static HpkeSuite of(EcCurve curve, int aeadId, byte[] info, ThreadPrimitives primitives) {
    return switch (curve) {
      case P256 ->
          new HpkeSuite(0x0010, 0x0001, aeadId, info, ThreadPrimitives::hkdfSha256, primitives);
      case P384 ->
          new HpkeSuite(0x0011, 0x0002, aeadId, info, ThreadPrimitives::hkdfSha384, primitives);
    };
  }

  /// DHKEM(X25519, HKDF-SHA256) + HKDF-SHA256.
  static HpkeSuite x25519(int aeadId, byte[] info, ThreadPrimitives primitives) {
    return new HpkeSuite(0x0020, 0x0001, aeadId, info, ThreadPrimitives::hkdfSha256, primitives);
  }

  /// ExtractAndExpand of section 4.1: the KEM's shared secret from a Diffie-Hellman value, which it
  /// wipes.
  byte[] sharedSecret(
      byte[] dh, byte[] encapsulated, byte[] recipient, ThreadPrimitives primitives) {
    Hkdf hkdf = hash.apply(primitives);
    byte[] ikm = concat(eaePrkLabel, dh);
    byte[] info = concat(sharedSecretLabel, encapsulated, recipient);
    try {
      return hkdf.extractAndExpand(EMPTY, ikm, info, hkdf.hashSize());
    } finally {
      Arrays.fill(dh, (byte) 0);
      Arrays.fill(ikm, (byte) 0);
    }
  }

  /// KeySchedule of section 5.1 as far as an export needs it: the exporter secret from a shared
  /// secret, which it wipes.
  byte[] exporterSecret(byte[] sharedSecret, ThreadPrimitives primitives) {
    Hkdf hkdf = hash.apply(primitives);
    try {
      return hkdf.extractAndExpand(sharedSecret, secretIkm, exporterInfo, hkdf.hashSize());
    } finally {
      Arrays.fill(sharedSecret, (byte) 0);
    }
  }

  /// KeySchedule of section 5.1 as far as one message needs it: the key and, after it, the base
  /// nonce, from a shared secret, which it wipes.
  byte[] keyAndNonce(byte[] sharedSecret, int keySize, ThreadPrimitives primitives) {
    Hkdf hkdf = hash.apply(primitives);
    byte[] secret = EMPTY;
    byte[] key = EMPTY;
    byte[] nonce = EMPTY;
    try {
      secret = hkdf.extract(sharedSecret, secretIkm);
      key = labeledExpand(hkdf, secret, "key", keyScheduleContext, keySize);
      nonce = labeledExpand(hkdf, secret, "base_nonce", keyScheduleContext, NONCE_SIZE);
      return concat(key, nonce);
    } finally {
      Arrays.fill(sharedSecret, (byte) 0);
      Arrays.fill(secret, (byte) 0);
      Arrays.fill(key, (byte) 0);
      Arrays.fill(nonce, (byte) 0);
    }
  }

  /// Context.Export of section 5.3, from an exporter secret, which it wipes.
  byte[] export(
      byte[] exporterSecret, byte[] exporterContext, int length, ThreadPrimitives primitives) {
    try {
      return labeledExpand(hash.apply(primitives), exporterSecret, "sec", exporterContext, length);
    } finally {
      Arrays.fill(exporterSecret, (byte) 0);
    }
  }

  private byte[] labeledExpand(Hkdf hkdf, byte[] prk, String label, byte[] info, int length) {
    return hkdf.expand(prk, labeledInfo(suiteId, label, info, length), length);
  }

  /// The input of LabeledExtract of section 4.
  private static byte[] labeledIkm(byte[] suiteId, String label, byte[] ikm) {
    return concat(VERSION, suiteId, ascii(label), ikm);
  }

  /// The info of LabeledExpand of section 4.
  private static byte[] labeledInfo(byte[] suiteId, String label, byte[] info, int length) {
    byte[] size = {(byte) (length >>> 8), (byte) length};
    return concat(size, VERSION, suiteId, ascii(label), info);
  }

  private static byte[] ascii(String label) {
    return label.getBytes(US_ASCII);
  }

  private static byte[] concat(byte[]... parts) {
    int size = 0;
    for (byte[] part : parts) {
      size += part.length;
    }
    byte[] all = new byte[size];
    int offset = 0;
    for (byte[] part : parts) {
      System.arraycopy(part, 0, all, offset, part.length);
      offset += part.length;
    }
    return all;
  }
}
