package dev.keybroker.crypto;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/// The bytes of a wrapped DEK, format version 1, and where their regions lie.
///
/// ```
/// offset 0       1 byte   version = 0x01
/// offset 1       1 byte   encapsulation
/// offset 2      16 bytes  KEK id (UUID, big-endian)
/// offset 18      n bytes  encapsulated secret, n as the KEK's spec says
/// then          16 bytes  salt
/// then       dek+16 bytes AES-256-GCM ciphertext and tag
/// ```
///
/// The positions of the regions after the KEK id depend on the KEK's spec, so their accessors take
/// it as an argument. Nothing here is authentic before the DEK has opened.
public final class WrappedDek {

  static final byte VERSION = 1;
  private static final int ENCAPSULATION_OFFSET = 1;
  private static final int KEK_ID_OFFSET = 2;
  static final int HEADER_SIZE = 18;
  static final int SALT_SIZE = 16;
  static final int TAG_SIZE = 16;

  /// The smallest DEK in bytes.
  public static final int MIN_DEK_SIZE = 16;

  /// The largest DEK in bytes.
  public static final int MAX_DEK_SIZE = 64;

  private final byte[] bytes;
  private final Encapsulation encapsulation;
  private final UUID kekId;

  private WrappedDek(byte[] bytes, Encapsulation encapsulation, UUID kekId) {
    this.bytes = bytes;
    this.encapsulation = encapsulation;
    this.kekId = kekId;
  }

  /// Reads the header. Keeps the array, which must not change afterwards.
  ///
  /// @throws NotAuthenticException if the bytes are not a wrapped DEK of this version, for whatever
  ///     reason
  public static WrappedDek parse(byte[] bytes) throws NotAuthenticException {
    if (bytes.length < HEADER_SIZE || bytes[0] != VERSION) {
      throw new NotAuthenticException();
    }
    Encapsulation encapsulation = Encapsulation.ofId(bytes[ENCAPSULATION_OFFSET]);
    if (encapsulation == null) {
      throw new NotAuthenticException();
    }
    return new WrappedDek(bytes, encapsulation, kekId(ByteBuffer.wrap(bytes)));
  }

  /// The KEK that the remaining bytes name, whether or not they are a wrapped DEK; null if they are
  /// too short to name one.
  public static @Nullable UUID namedKek(ByteBuffer bytes) {
    return bytes.remaining() < HEADER_SIZE ? null : kekId(bytes.slice());
  }

  /// The encapsulation that these bytes name, whether or not they are a wrapped DEK; null if this
  /// version does not know it.
  public static @Nullable Encapsulation namedEncapsulation(byte[] bytes) {
    return bytes.length < KEK_ID_OFFSET ? null : Encapsulation.ofId(bytes[ENCAPSULATION_OFFSET]);
  }

  private static UUID kekId(ByteBuffer bytes) {
    return new UUID(bytes.getLong(KEK_ID_OFFSET), bytes.getLong(KEK_ID_OFFSET + Long.BYTES));
  }

  /// An array of exactly the right size with everything before the ciphertext in place.
  static byte[] assemble(
      UUID kekId, KeyPairSpec spec, byte[] encapsulated, byte[] salt, int dekSize) {
    int ciphertext = HEADER_SIZE + encapsulated.length + SALT_SIZE;
    byte[] bytes = new byte[ciphertext + dekSize + TAG_SIZE];
    ByteBuffer.wrap(bytes)
        .put(VERSION)
        .put(spec.encapsulation().id())
        .putLong(kekId.getMostSignificantBits())
        .putLong(kekId.getLeastSignificantBits())
        .put(encapsulated)
        .put(salt);
    return bytes;
  }

  public byte version() {
    return bytes[0];
  }

  public Encapsulation encapsulation() {
    return encapsulation;
  }

  /// The KEK that the bytes name; look it up and compare it with the keystore before anything else.
  public UUID kekId() {
    return kekId;
  }

  /// A copy of the encapsulated secret.
  ///
  /// @throws NotAuthenticException if the encapsulation or the total length does not match the spec
  public byte[] encapsulated(KeyPairSpec spec) throws NotAuthenticException {
    return Arrays.copyOfRange(bytes, HEADER_SIZE, saltOffset(spec));
  }

  /// The offset of the salt, in bytes that have the right length for the spec.
  int saltOffset(KeyPairSpec spec) throws NotAuthenticException {
    int saltOffset = HEADER_SIZE + spec.encapsulatedSize();
    int dekSize = bytes.length - saltOffset - SALT_SIZE - TAG_SIZE;
    if (encapsulation != spec.encapsulation() || dekSize < MIN_DEK_SIZE || dekSize > MAX_DEK_SIZE) {
      throw new NotAuthenticException();
    }
    return saltOffset;
  }

  /// The bytes themselves; must not be modified.
  byte[] bytes() {
    return bytes;
  }

  @Override
  public String toString() {
    return "WrappedDek[" + encapsulation + " " + kekId + "]";
  }
}
