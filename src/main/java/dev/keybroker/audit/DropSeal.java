package dev.keybroker.audit;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/// Authenticates dropped ranges by HMAC-SHA-256 under the audit trail's MAC key: without it, a row
/// that says so would hide any record that somebody removed. Thread-safe.
///
/// The encoding begins with a label, which no record's encoding does, so neither stands for the
/// other under the one key. `src/docs/audit.md` writes it down for others.
public final class DropSeal {
  private static final String ALGORITHM = "HmacSHA256";
  private static final byte[] LABEL = "keybroker/audit dropped 1".getBytes(UTF_8);

  private final byte @Nullable [] macKey;
  private final @Nullable String keyId;

  private DropSeal(byte @Nullable [] macKey, @Nullable String keyId) {
    this.macKey = macKey;
    this.keyId = keyId;
  }

  /// Under a key, or without one.
  ///
  /// @param macKey null: nothing is authenticated
  public static DropSeal of(byte @Nullable [] macKey) {
    return new DropSeal(macKey == null ? null : macKey.clone(), RecordHash.of(macKey).keyId());
  }

  /// Names the MAC key without telling it; null where there is none.
  public @Nullable String keyId() {
    return keyId;
  }

  /// The MAC of a range; null where there is no key.
  public byte @Nullable [] mac(DroppedRange range) {
    if (macKey == null) {
      return null;
    }
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(new SecretKeySpec(macKey, ALGORITHM));
      return mac.doFinal(encoded(range));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /// Whether a MAC is that of a range under this key.
  public boolean isOf(DroppedRange range, byte[] seal) {
    byte[] genuine = mac(range);
    return genuine != null && MessageDigest.isEqual(genuine, seal);
  }

  private static byte[] encoded(DroppedRange range) {
    byte[] previousHash = range.previousHash();
    byte[] hash = range.hash();
    return ByteBuffer.allocate(
            LABEL.length + 5 * Long.BYTES + 2 * Integer.BYTES + previousHash.length + hash.length)
        .put(LABEL)
        .putLong(range.chain().getMostSignificantBits())
        .putLong(range.chain().getLeastSignificantBits())
        .putLong(range.first())
        .putLong(range.last())
        .putInt(previousHash.length)
        .put(previousHash)
        .putInt(hash.length)
        .put(hash)
        .putLong(range.day().toEpochDay())
        .array();
  }
}
