package dev.keybroker.audit;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.keybroker.crypto.MacKey;
import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.UUID;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/// Computes the hash of a record: SHA-256, or HMAC-SHA-256 with a key, over a canonical encoding of
/// all its fields, version 1. Not thread-safe.
///
/// The encoding has every field in a fixed order with its length, and length -1 for an absent one,
/// so no two records share an encoding. `src/docs/audit.md` specifies it.
public final class RecordHash {
  /// The size of a hash, in bytes.
  public static final int SIZE = 32;

  private static final byte VERSION = 1;
  private static final int ABSENT = -1;
  private static final String MAC_ALGORITHM = "HmacSHA256";
  private static final byte[] KEY_ID_LABEL = "keybroker/audit key id".getBytes(UTF_8);

  private final @Nullable MessageDigest digest;
  private final @Nullable Mac mac;
  private final @Nullable String keyId;
  private ByteBuffer buffer = ByteBuffer.allocate(1024);

  private RecordHash(@Nullable MessageDigest digest, @Nullable Mac mac, @Nullable String keyId) {
    this.digest = digest;
    this.mac = mac;
    this.keyId = keyId;
  }

  /// Creates an instance with or without a key.
  ///
  /// @param macKey if null, SHA-256 without a key
  public static RecordHash of(byte @Nullable [] macKey) {
    try {
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      if (macKey == null) {
        return new RecordHash(sha256, null, null);
      }
      if (macKey.length < MacKey.MIN_SIZE) {
        throw new IllegalArgumentException("the MAC key is shorter than " + MacKey.MIN_SIZE);
      }
      Mac mac = Mac.getInstance(MAC_ALGORITHM);
      mac.init(new SecretKeySpec(macKey, MAC_ALGORITHM));
      sha256.update(KEY_ID_LABEL);
      byte[] id = Arrays.copyOf(sha256.digest(macKey), 8);
      return new RecordHash(null, mac, HexFormat.of().formatHex(id));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /// An id of the MAC key that does not reveal it; null if there is no key.
  public @Nullable String keyId() {
    return keyId;
  }

  /// Returns the event as the next record after a head.
  public ChainedRecord next(UUID chain, ChainHead head, AuditEvent event) {
    long sequence = head.sequence() + 1;
    return new ChainedRecord(
        chain, sequence, head.hash(), event, hash(chain, sequence, head.hash(), event));
  }

  /// Whether a record's hash matches its content.
  public boolean isOf(ChainedRecord record) {
    try {
      return MessageDigest.isEqual(
          record.hash(),
          hash(record.chain(), record.sequence(), record.previousHash(), record.event()));
    } catch (ArithmeticException e) {
      // PostgreSQL can hold times that cannot be expressed in microseconds since 1970. A broker
      // never writes one.
      return false;
    }
  }

  private byte[] hash(UUID chain, long sequence, byte[] previousHash, AuditEvent event) {
    buffer.clear();
    put(VERSION);
    putLong(chain.getMostSignificantBits());
    putLong(chain.getLeastSignificantBits());
    putLong(sequence);
    putBytes(previousHash);
    putLong(ChronoUnit.MICROS.between(Instant.EPOCH, event.time()));
    putText(event.action());
    AuditEvent.Actor actor = event.actor();
    putText(actor == null ? null : actor.kind());
    putText(actor == null ? null : actor.subject());
    putText(event.tenant());
    putText(event.keystore());
    AuditEvent.Detail detail = event.detail();
    putText(detail.kek() == null ? null : detail.kek().toString());
    putText(detail.destination());
    putBytes(detail.contextDigest());
    putPairs(detail.contextValues());
    putText(event.peer());
    putText(event.traceId());
    putText(detail.kmsRequestId());
    putText(event.outcome().name());
    putText(event.reason());
    putLong(event.refersTo());
    buffer.flip();
    if (mac != null) {
      mac.update(buffer);
      return mac.doFinal();
    }
    if (digest == null) {
      throw new IllegalStateException();
    }
    digest.update(buffer);
    return digest.digest();
  }

  private void put(byte value) {
    reserve(1);
    buffer.put(value);
  }

  private void putLong(long value) {
    reserve(Long.BYTES);
    buffer.putLong(value);
  }

  private void putText(@Nullable String text) {
    putBytes(text == null ? null : text.getBytes(UTF_8));
  }

  private void putBytes(byte @Nullable [] bytes) {
    if (bytes == null) {
      reserve(Integer.BYTES);
      buffer.putInt(ABSENT);
      return;
    }
    reserve(Integer.BYTES + bytes.length);
    buffer.putInt(bytes.length).put(bytes);
  }

  /// Sorted by key in unsigned order of UTF-8, independent of the map's order.
  private void putPairs(Map<String, String> pairs) {
    reserve(Integer.BYTES);
    buffer.putInt(pairs.size());
    if (pairs.isEmpty()) {
      return;
    }
    pairs.entrySet().stream()
        .sorted(
            (a, b) ->
                Arrays.compareUnsigned(a.getKey().getBytes(UTF_8), b.getKey().getBytes(UTF_8)))
        .forEach(
            pair -> {
              putText(pair.getKey());
              putText(pair.getValue());
            });
  }

  private void reserve(int size) {
    if (buffer.remaining() < size) {
      ByteBuffer larger =
          ByteBuffer.allocate(Math.max(buffer.capacity() * 2, buffer.position() + size));
      buffer = larger.put(buffer.flip());
    }
  }
}
