package dev.keybroker.audit;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/// Authenticates dropped ranges by HMAC-SHA-256 under the audit trail's MAC key. Without the MAC,
/// an attacker could hide the removal of any record by adding a row. Thread-safe.
///
/// The encoding starts with a label that no record's encoding starts with, so neither can be used
/// as the other although both use one key. `src/docs/audit.md` specifies the encoding.
public final class DropSeal {
  private static final String ALGORITHM = "HmacSHA256";
  private static final byte[] LABEL = "keybroker/audit dropped 1".getBytes(UTF_8);

  private final byte @Nullable [] macKey;
  private final @Nullable String keyId;

  private DropSeal(byte @Nullable [] macKey, @Nullable String keyId) {
    this.macKey = macKey;
    this.keyId = keyId;
  }

  /// Creates an instance with or without a key.
  ///
  /// @param macKey if null, nothing is authenticated
  public static DropSeal of(byte @Nullable [] macKey) {
    return new DropSeal(macKey == null ? null : macKey.clone(), RecordHash.of(macKey).keyId());
  }

  /// An id of the MAC key that does not reveal it; null if there is no key.
  public @Nullable String keyId() {
    return keyId;
  }

  /// Returns the MAC of a range; null if there is no key.
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

  /// Whether a MAC is valid for a range under this key.
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
